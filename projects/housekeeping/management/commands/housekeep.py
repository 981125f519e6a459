"""`manage.py housekeep [--dry-run]`: removes what nothing refers to, and says what is missing."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from projects.housekeeping import keeping
from projects.housekeeping.finding import lost
from web.templatetags.attune import filesize


class Command(BaseCommand):
    help = (
        "Removes files and holds that nothing refers to and models that are older than the plan keeps them, and names "
        "files that are missing. The site does the same by itself a few times a day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        done = "Would remove" if dry_run else "Removed"
        old = list(keeping.expired())
        for artifact in old:
            self.stdout.write(f"{done}: model {artifact.zip_path} (older than the plan keeps it)")
        if not dry_run:
            keeping.expire()
            keeping.store()
        found = keeping.clean(dry_run=dry_run)
        for orphan in found:
            self.stdout.write(f"{done}: {orphan.kind} {orphan.name}")
        missing = list(lost())
        for one in missing:
            self.stderr.write(f"Missing: {one.kind} {one.name}")
        size = sum(orphan.size for orphan in found) + sum(artifact.size for artifact in old)
        self.stdout.write(
            f"{len(found) + len(old)} to remove, {filesize(size)}; {len(missing)} missing."
            if dry_run
            else f"{len(found) + len(old)} removed, {filesize(size)}; {len(missing)} missing."
        )
