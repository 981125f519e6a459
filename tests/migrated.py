"""The tables that all migrations make, made once and kept: every process of tests begins with a copy of them.

Migrating takes ten seconds of processor time. The file lies in pytest's cache, named by what the migrations say.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import django
import pytest
from django.apps import apps


def _name() -> str:
    """Of the tables: another one as soon as a migration, an app, Django or SQLite is another."""
    total = hashlib.sha256(f"{django.VERSION} {sqlite3.sqlite_version}".encode())
    for app in sorted(apps.get_app_configs(), key=lambda one: one.label):
        total.update(app.label.encode())
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()[:32]


class Tables:
    def __init__(self, config: pytest.Config) -> None:
        cache = getattr(config, "cache", None)  # None: pytest shall keep nothing
        self._kept = cache.mkdir("migrated") / f"{_name()}.sqlite3" if cache else None
        self._turn = ExitStack()

    def copied(self, database: Path) -> bool:
        """Whether they are there now. If not, they are to be made and kept; whoever asks meanwhile waits for it."""
        if not self._kept:
            return False
        lock = self._turn.enter_context(self._kept.with_suffix(".lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not self._kept.is_file():
            return False
        shutil.copyfile(self._kept, database)
        self._turn.close()
        return True

    def lend(self, database: Path) -> None:
        """A copy for a site of its own, if they are there; if not, it migrates for itself."""
        if self._kept and self._kept.is_file():
            database.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._kept, database)

    def keep(self, database: Path) -> None:
        if not self._kept:
            return
        part = self._kept.with_suffix(".part")
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (str(part),))
        for old in self._kept.parent.glob("*.sqlite3"):
            old.unlink()
        part.replace(self._kept)
        self._turn.close()
