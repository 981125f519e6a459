"""What has to be there before the site can start. Each step does nothing where nothing has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from training import catalogue
from training.problems import Problem
from web import css

# Folders of packages whose pages are not shown here: half of all that would be compressed.
UNUSED = ["redoc", "rest_framework"]


def prepare() -> Iterator[str]:
    """Yields what the operator should know."""
    css.compile()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    collect_static()
    try:
        catalogue.locate(catalogue.DEFAULT, settings.BASES_DIR)
    except Problem as problem:
        yield f"There is no base model to train from: {problem}"


def collect_static() -> None:
    """Compressing takes seconds, so it is done only when a file has changed."""
    stamp = Path(settings.STATIC_ROOT) / ".fingerprint"
    fingerprint = _fingerprint()
    if stamp.is_file() and stamp.read_text() == fingerprint:
        return
    call_command(
        "collectstatic", interactive=False, clear=True, verbosity=0, ignore_patterns=UNUSED
    )
    stamp.write_text(fingerprint)


def _fingerprint() -> str:
    total = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            total.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return total.hexdigest()
