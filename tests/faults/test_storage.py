"""Storage that is full, for reading only, or returns other bytes than it was given."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.backends.signals import connection_created

from billing.models import Hold
from projects.runs import folders
from projects.runs.models import Run, Status
from tests.faults.conftest import carried_out
from tests.faults.invariants import assert_consistent
from tests.faults.keep import keep
from tests.faults.syscalls import failing, may_mount
from training.checkpoints import MANIFEST, RESUME, STATE, Store

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEEP = [sys.executable, "-S", HERE / "keep.py"]
CALLS = {"write": "ENOSPC", "fsync": "EIO", "rename,renameat,renameat2": "EIO"}
Trainer = Callable[[str], None]


def broken(folder: Path, calls: str, how: str, nth: int) -> int:
    """The status of a process that lays down a state there, and whose nth call fails."""
    command = failing([*KEEP, folder], calls=calls, how=how, nth=nth)
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, check=False).returncode


@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("killed", [False, True], ids=["fails", "kills"])
def test_any_call_may_fail_while_a_state_is_laid_down(
    tmp_path: Path, calls: str, killed: bool
) -> None:
    """From the first call of its kind on, further and further, until none is left: some state is always whole."""
    how = "signal=SIGKILL" if killed else f"error={CALLS[calls]}"
    status, nth, known = -1, 0, 1
    while status != 0:
        nth += 1
        keep(folder := tmp_path / str(nth))
        status = broken(folder, calls, how, nth)
        assert status in (0, -signal.SIGKILL if killed else 3)
        found, faults = Store(folder).newest()
        assert found
        assert not faults
        assert known <= found.state["step"] <= 2
        known = found.state["step"]
        assert killed or not list(folder.glob(".*.part"))
        assert keep(folder) == known + 1  # and the next one takes its place
        assert not list(folder.glob(".*.part"))
    assert known == 2
    assert nth > 1


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("break_it", [cut, flip, Path.unlink], ids=["cut", "changed", "missing"])
@pytest.mark.parametrize("file", ["weights", STATE, MANIFEST])
def test_the_newest_state_is_broken(
    queued: Run, trainer: Trainer, break_it: Callable[[Path], None], file: str
) -> None:
    """The run goes on from the one before, and says so."""
    states = interrupted(queued, trainer)
    break_it(states[-1] / file)
    run = carried_out(queued)
    assert run.status == Status.SUCCEEDED
    assert run.events.filter(kind="note", data__code="train.checkpoint_broken").exists()
    assert run.events.get(kind="resumed").data["step"] == 3
    assert_consistent()


def test_all_states_are_gone(queued: Run, trainer: Trainer) -> None:
    """It begins again, and says so."""
    shutil.rmtree(interrupted(queued, trainer)[0].parents[1])
    run = carried_out(queued)
    assert run.status == Status.SUCCEEDED
    assert run.events.filter(kind="note", data__code="train.checkpoints_lost").exists()
    assert_consistent()


def interrupted(run: Run, trainer: Trainer) -> list[Path]:
    """Killed when there were two states: the folders of these. What is started from now on does its work."""
    trainer("dying:7")
    assert carried_out(run).status == Status.QUEUED
    trainer("slow:8")
    states = sorted((folders.of_attempt(run) / RESUME / "seed-0").iterdir())
    assert len(states) == 2
    return states


@pytest.mark.skipif(not may_mount(), reason="this system lets nobody mount (unshare -Urm)")
@pytest.mark.parametrize(("options", "code"), [("ro", "run.storage"), ("size=8k", "disk.full")])
def test_the_folder_of_a_run_takes_nothing(
    queued: Run, trainer: Trainer, options: str, code: str
) -> None:
    trainer(f"mounted:{options}")
    run = carried_out(queued)
    assert (run.status, run.problem["code"]) == (Status.FAILED, code)
    assert_consistent()


@contextmanager
def full_database() -> Iterator[None]:
    """It has all the pages that it will get. Connections come and go."""

    def limit(sender: Any, connection: Any, **more: Any) -> None:
        connection.cursor().execute(f"PRAGMA max_page_count = {pages}")

    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what was deleted before leaves no room
        cursor.execute("PRAGMA page_count")
        [pages] = cursor.fetchone()
    limit(None, connection)
    connection_created.connect(limit)
    yield
    connection_created.disconnect(limit)
    connection.close()


def started(start: Callable[..., Run]) -> Iterator[Run]:
    """As many as there is room for."""
    with suppress(DatabaseError):
        for _run in range(100):
            yield start()
        pytest.fail("there is always room for one more")


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_the_database_has_no_room(start: Callable[..., Run]) -> None:
    """Nothing half is left of what was to be written, and everything works again when there is room."""
    with full_database():
        made = len(list(started(start)))
    assert Run.objects.count() == Hold.objects.count() == made
    assert start().number == made + 1
    assert_consistent(ended=False)
