"""A real queue cluster: it carries out what waits, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

MANAGE = [sys.executable, str(Path(settings.ROOT) / "manage.py")]
PATIENCE = 60  # seconds, for a busy machine


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    given = {**os.environ, "ATTUNE_HOME": str(tmp_path)}
    given.pop("ATTUNE_DATABASE_URL", None)
    subprocess.run([*MANAGE, "migrate", "-v0"], env=given, check=True)
    return given


def carried_out(home: Path) -> set[str]:
    with closing(sqlite3.connect(home / "attune.sqlite3", timeout=20)) as database:
        rows = database.execute("SELECT func FROM django_q_task WHERE success")
        return {row[0] for row in rows}


def test_it_works(tmp_path: Path, environment: dict[str, str]) -> None:
    cluster = subprocess.Popen(
        [*MANAGE, "work"], env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + PATIENCE
        while carried_out(tmp_path) != set(settings.SCHEDULES) and time.monotonic() < until:
            time.sleep(0.1)
        assert carried_out(tmp_path) == set(settings.SCHEDULES)
        assert (tmp_path / "queue" / "attune.beat").exists()
        cluster.send_signal(signal.SIGTERM)
        assert cluster.wait(PATIENCE) == 0
        assert not (tmp_path / "queue" / "attune.beat").exists()
    finally:
        if cluster.poll() is None:
            os.killpg(cluster.pid, signal.SIGKILL)
            cluster.wait()
