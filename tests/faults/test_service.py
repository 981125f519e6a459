"""The service itself: a wrong setting, a log that takes nothing, a change of the tables under it, a restored backup."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, models

from projects.runs.models import Run, Status
from tests.faults.cluster import Cluster, until
from tests.faults.invariants import assert_consistent
from tests.faults.test_cluster import ended, now, running

ROOT = Path(__file__).parents[2]
Start = Callable[..., Cluster]
sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'")
WRONG = {
    "ATTUNE_RUN_SLOTS": "two",
    "ATTUNE_GPU_SLOTS": "0",
    "ATTUNE_HTTPS": "perhaps",
    "ATTUNE_HOME": "/dev/null/attune",
    "ATTUNE_DATABASE_URL": "attune",
    "ATTUNE_EMAIL_URL": "mail.example.org",
    "ATTUNE_EMAIL_VERIFICATION": "always",
    "ATTUNE_TIME_ZONE": "Mars/Olympus",
    "ATTUNE_LANGUAGE": "Latin",
    "ATTUNE_LOG_LEVEL": "loud",
}


def up(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--no-worker", "--port", "0"]
    return subprocess.run(
        command,
        env={**os.environ, "ATTUNE_HOME": str(tmp_path / "site"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_stops_the_start_with_one_line(name: str, tmp_path: Path) -> None:
    done = up(tmp_path, **{name: WRONG[name]})
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert f"{name}: expected" in line
    assert "found" in line


def test_a_database_that_does_not_answer_stops_the_start(tmp_path: Path) -> None:
    """The password is in no message."""
    done = up(tmp_path, ATTUNE_DATABASE_URL="postgres://attune:hunter2@127.0.0.1:1/attune")
    assert done.returncode != 0
    [line] = done.stderr.splitlines()
    assert "ATTUNE_DATABASE_URL: expected" in line
    assert "hunter2" not in done.stdout + done.stderr


def test_a_log_that_takes_nothing(queued: Run, start_cluster: Start) -> None:
    """As with a full disk: every write to it fails."""
    start_cluster(log=Path("/dev/full"))
    ended(queued)
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()


def test_its_tables_change_under_a_run(queued: Run, start_cluster: Start) -> None:
    """A newer version may only add: the older worker finishes what it has begun."""
    start_cluster()
    running(queued)
    added = models.CharField(max_length=10, db_default="none")
    added.set_attributes_from_name("of_the_next_version")
    with connection.schema_editor() as editor:
        editor.add_field(Run, added)
    try:
        ended(queued)
        assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 1)
        assert_consistent()
    finally:
        with connection.schema_editor() as editor:
            editor.execute(f"ALTER TABLE {Run._meta.db_table} DROP COLUMN of_the_next_version")


@sqlite_only
def test_a_backup_made_during_a_run_is_restored(
    queued: Run, start_cluster: Start, home: Path, tmp_path: Path
) -> None:
    """As docs/operators.md says it is made: the database first, then the files. The run goes on from there."""
    cluster = start_cluster()
    until(lambda: queued.events.filter(kind="checkpoint").exists(), "a first checkpoint")
    backup = tmp_path / "backup"
    backup.mkdir()
    _copy(Path(connection.settings_dict["NAME"]), backup / "attune.sqlite3")
    for name in ("uploads", "versions", "runs"):
        shutil.copytree(home / name, backup / name)
    ended(queued)
    cluster.kill()
    _empty_machine(home)
    _copy(backup / "attune.sqlite3", Path(connection.settings_dict["NAME"]))
    for name in ("uploads", "versions", "runs"):
        shutil.copytree(backup / name, home / name)
    begin = time.monotonic()
    start_cluster()
    assert now(queued).status == Status.RUNNING
    ended(queued)
    assert time.monotonic() - begin < 60
    assert (now(queued).status, queued.attempt) == (Status.SUCCEEDED, 2)
    assert queued.events.filter(kind="resumed").exists()
    assert_consistent()


def _copy(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
    old.close()
    new.close()


def _empty_machine(home: Path) -> None:
    connection.close()
    for name in ("uploads", "versions", "runs"):
        shutil.rmtree(home / name)
    assert not Path(settings.RUNS_DIR).exists()
