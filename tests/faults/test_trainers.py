"""A trainer dies, lies, falls silent or leaves something behind: the run ends, and its end is true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connections

from accounts.models import User
from projects.runs import faults, guarding, services
from projects.runs.models import Run, Status
from tests.faults.cluster import PATIENCE
from tests.faults.conftest import carried_out
from tests.faults.invariants import assert_consistent
from training.events import STAGES

Trainer = Callable[[str], None]
OURS = {"incident"}


@pytest.mark.parametrize("how", ["good", "father"])
def test_one_that_does_its_work(queued: Run, trainer: Trainer, how: str) -> None:
    trainer(how)
    assert carried_out(queued).status == Status.SUCCEEDED
    assert_consistent()


@pytest.mark.parametrize("how", ["crash", "quiet", "babbling", "torn"])
def test_one_that_fails_for_a_reason_of_ours(queued: Run, trainer: Trainer, how: str) -> None:
    trainer(how)
    run = carried_out(queued)
    assert (run.status, set(run.problem)) == (Status.FAILED, OURS)
    assert_consistent()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("wrong", "base.broken"),
        ("different", "artifact.mismatch"),
        ("diverging", "train.diverged"),
    ],
)
def test_one_that_tells_of_a_problem(queued: Run, trainer: Trainer, how: str, code: str) -> None:
    trainer(how)
    run = carried_out(queued)
    assert (run.status, run.problem["code"]) == (Status.FAILED, code)
    assert_consistent()


def test_one_that_is_killed_once(queued: Run, trainer: Trainer) -> None:
    trainer("killed")
    assert carried_out(queued).status == Status.QUEUED
    assert_consistent(ended=False)
    trainer("good")
    assert carried_out(queued).status == Status.SUCCEEDED
    assert_consistent()


def test_one_that_is_killed_whenever_it_comes_so_far(queued: Run, trainer: Trainer) -> None:
    trainer("killed")
    while (run := carried_out(queued)).status == Status.QUEUED:
        assert_consistent(ended=False)
    assert (run.attempt, run.problem["code"]) == (services.LOSSES, "run.killed")
    assert_consistent()


def test_one_that_is_killed_for_its_memory(
    queued: Run, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more with fewer rows at once, and then it is said that the memory does not suffice."""
    monkeypatch.setattr(faults, "starved", lambda run: True)
    trainer("killed")
    assert carried_out(queued).status == Status.QUEUED
    run = carried_out(queued)
    assert (run.status, run.problem["code"]) == (Status.FAILED, "run.memory")
    assert_consistent()


def test_one_that_was_told_to_stop_by_somebody_else_is_carried_out_again(
    queued: Run, trainer: Trainer
) -> None:
    trainer("stopped")
    assert carried_out(queued).status == Status.QUEUED
    assert_consistent(ended=False)
    trainer("good")
    assert carried_out(queued).status == Status.SUCCEEDED
    assert_consistent()


def test_one_that_says_nothing_more(
    queued: Run, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is deaf as well."""
    monkeypatch.setattr(guarding, "SILENT", 1.0)
    trainer("silent")
    run = carried_out(queued)
    assert run.status in (Status.FAILED, Status.QUEUED)
    assert_consistent(ended=False)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "searching"])
def test_it_is_stopped_in_every_stage_within_two_seconds(
    queued: Run, trainer: Trainer, alice: User, stage: str
) -> None:
    trainer(f"staying:{stage}")
    asked = _stop_when(queued, stage, alice)
    assert carried_out(queued).status == Status.CANCELLED
    assert time.monotonic() - asked[0] < 2 * PATIENCE / 60
    assert_consistent()


def test_one_that_is_deaf_is_killed(
    queued: Run, trainer: Trainer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarding, "GRACE", 0.5)
    trainer("deaf")
    _stop_when(queued, "training", alice)
    assert carried_out(queued).status == Status.CANCELLED
    assert_consistent()


def _stop_when(run: Run, stage: str, user: User) -> list[float]:
    """A person stops it when the page says that it has come to the stage; the list gets the time of it."""
    asked: list[float] = []

    def look() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and not Run.objects.filter(pk=run.pk, stage=stage).exists():
            time.sleep(0.05)
        services.request_stop(run=Run.objects.get(pk=run.pk), user=user)
        asked.append(time.monotonic())
        connections.close_all()

    threading.Thread(target=look, daemon=True).start()
    return asked
