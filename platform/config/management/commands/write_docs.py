"""`manage.py write_docs`: brings the generated parts of docs/ up to date."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.docs import pages


class Command(BaseCommand):
    help = "Writes the parts of docs/ that are generated from code."

    def handle(self, *args: Any, **options: Any) -> None:
        for path, text in pages(settings.ROOT / "docs").items():
            path.write_text(text, encoding="utf-8")
            self.stdout.write(str(path.relative_to(settings.ROOT)))
