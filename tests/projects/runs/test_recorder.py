"""Events are written in batches, by the attempt that holds the run only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError

from projects.runs import recorder
from projects.runs.models import Run, RunEvent, Status
from projects.runs.recorder import Recorder

pytestmark = pytest.mark.django_db
STEP = {"event": "step", "step": 1, "epoch": 0.1, "loss": 1.0, "progress": 0.2, "seconds_left": 9.0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Clock:
        now = 100.0

    monkeypatch.setattr(recorder.time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.fixture
def running(bare: Callable[..., Run]) -> Run:
    return bare(Status.RUNNING, attempt=1)


def written(run: Run) -> int:
    return RunEvent.objects.filter(run=run).count()


def test_it_commits_at_most_once_a_second(
    running: Run, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, append = [], recorder.append

    def counted(run_id: Any, items: Any) -> None:
        sizes.append(len(items))
        append(run_id, items)

    monkeypatch.setattr(recorder, "append", counted)
    keeper = Recorder(running.pk, 1)
    for _step in range(80):  # five seconds of sixteen steps each
        clock.now += 1 / 16
        keeper.note(STEP)
        keeper.flush()
    assert sizes == [1, *[16] * 4]  # the first word at once
    assert written(running) == 65


def test_it_gives_a_sign_of_life_when_nothing_is_said(running: Run, clock: Any) -> None:
    keeper = Recorder(running.pk, 1)
    clock.now += recorder.BEAT
    assert keeper.flush()
    running.refresh_from_db()
    assert running.heartbeat_at is not None
    assert recorder.BEAT < 5


def test_progress_and_stage_stand_in_the_run(running: Run) -> None:
    keeper = Recorder(running.pk, 1)
    keeper.note({"event": "stage", "name": "training", "progress": 0.1, "seconds_left": None})
    keeper.note(STEP)
    keeper.flush(now=True)
    running.refresh_from_db()
    assert (running.stage, running.progress, running.seconds_left) == ("training", 0.2, 9.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_cannot_hold_is_null(running: Run, value: float) -> None:
    keeper = Recorder(running.pk, 1)
    keeper.note({**STEP, "loss": value, "metrics": {"a": [value]}})
    keeper.flush(now=True)
    data = RunEvent.objects.get().data
    assert (data["loss"], data["metrics"]) == (None, {"a": [None]})


def test_texts_that_no_database_takes_are_mended(running: Run) -> None:
    keeper = Recorder(running.pk, 1)
    keeper.note({"event": "note", "code": "x", "values": {"a\x00": "b\x00\ud800"}})
    keeper.flush(now=True)
    assert RunEvent.objects.get().data["values"] == {"a\ufffd": "b\ufffd?"}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.CANCELLED, Status.FAILED])
def test_nothing_is_written_to_a_run_that_is_not_held(running: Run, status: str) -> None:
    Run.objects.filter(pk=running.pk).update(status=status)
    keeper = Recorder(running.pk, 1)
    keeper.note(STEP)
    assert not keeper.flush(now=True)
    assert written(running) == 0


def test_nothing_is_written_for_an_older_attempt(running: Run) -> None:
    Run.objects.filter(pk=running.pk).update(attempt=2)
    keeper = Recorder(running.pk, 1)
    keeper.note(STEP)
    assert not keeper.flush(now=True)
    assert written(running) == 0


def test_what_could_not_be_written_waits(running: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = Recorder(running.pk, 1)
    keeper.note(STEP)
    append = recorder.append

    def away(*given: Any) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(recorder, "append", away)
    monkeypatch.setattr(recorder.connection, "close", lambda: None)
    assert keeper.flush(now=True)
    monkeypatch.setattr(recorder, "append", append)
    keeper.flush(now=True)
    assert written(running) == 1


def test_numbers_go_on_over_attempts(running: Run) -> None:
    for attempt in (1, 2):
        Run.objects.filter(pk=running.pk).update(attempt=attempt)
        keeper = Recorder(running.pk, attempt)
        keeper.note(STEP)
        keeper.flush(now=True)
    assert list(RunEvent.objects.values_list("seq", "attempt")) == [(1, 1), (2, 2)]
