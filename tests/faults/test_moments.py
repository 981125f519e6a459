"""Something happens in exactly the moment in which a worker is most easily hurt; failpoints are these moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from projects.jobs import hardware
from projects.runs import services, worker
from projects.runs.models import Run, Status
from tests.faults.conftest import carried_out
from tests.faults.invariants import assert_consistent

Trainer = Callable[[str], None]
At = Callable[[str, Callable[[], Any]], list[str]]
BEFORE_THE_END = ("run.claimed", "run.fitted", "run.ending")
MOMENTS = (*BEFORE_THE_END, "run.ended")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """`at("run.fitted", act)`: acts when the worker first comes there, and notes it in the list."""

    def put(moment: str, act: Callable[[], Any]) -> list[str]:
        passed: list[str] = []

        def failpoint(name: str) -> None:
            if name == moment and not passed:
                passed.append(name)
                act()

        monkeypatch.setattr(worker, "failpoint", failpoint)
        return passed

    return put


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_person_stops_it(queued: Run, trainer: Trainer, at: At, alice: User, moment: str) -> None:
    trainer("good")
    passed = at(moment, lambda: services.request_stop(run=queued, user=alice))
    run = carried_out(queued)
    assert passed
    assert run.status in (Status.CANCELLED, Status.SUCCEEDED)
    assert run.status == Status.SUCCEEDED or moment != "run.ended"
    assert_consistent()


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_is_delivered_a_second_time(queued: Run, trainer: Trainer, at: At, moment: str) -> None:
    trainer("good")
    passed = at(moment, lambda: worker.execute(queued.pk))
    run = carried_out(queued)
    assert passed
    assert (run.status, run.attempt) == (Status.SUCCEEDED, 1)
    assert_consistent()


@pytest.mark.parametrize("moment", BEFORE_THE_END)
def test_it_was_taken_for_lost(queued: Run, trainer: Trainer, at: At, moment: str) -> None:
    """The worker that was only slow writes nothing over what the next one does."""
    trainer("good")
    passed = at(moment, lambda: services.lose(queued.pk, attempt=1))
    assert carried_out(queued).status == Status.QUEUED
    assert passed
    assert_consistent(ended=False)
    run = carried_out(queued)
    assert (run.status, run.attempt) == (Status.SUCCEEDED, 2)
    assert_consistent()


@pytest.mark.parametrize("moment", BEFORE_THE_END)
def test_another_worker_has_finished_it_meanwhile(
    queued: Run, trainer: Trainer, at: At, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer("good")
    monkeypatch.setattr(hardware, "slots", lambda cluster: 2)

    def lose_and_finish() -> None:
        services.lose(queued.pk, attempt=1)
        worker.execute(queued.pk)

    passed = at(moment, lose_and_finish)
    run = carried_out(queued)
    assert passed
    assert (run.status, run.attempt) == (Status.SUCCEEDED, 2)
    assert_consistent()


ERRORS = [OSError(28, "No space left on device"), MemoryError()]


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", ERRORS, ids=["disk", "memory"])
@pytest.mark.parametrize("moment", ["run.fitted", "run.ending", "run.ended"])
def test_the_worker_itself_meets_an_error(
    queued: Run, trainer: Trainer, at: At, moment: str, error: Exception
) -> None:
    """After the end is written, nothing takes it back."""
    trainer("good")
    passed = at(moment, failing(error))
    run = carried_out(queued)
    assert passed
    written = moment == "run.ended"
    assert run.status == (Status.SUCCEEDED if written else Status.FAILED)
    assert_consistent(tidied=not written)


def test_the_worker_meets_an_error_before_it_has_looked_at_the_run(
    queued: Run, trainer: Trainer, at: At
) -> None:
    """As if it had died there: the run is lost, and found again."""
    trainer("good")
    at("run.claimed", failing(MemoryError()))
    with pytest.raises(MemoryError):
        worker.execute(queued.pk)
    assert_consistent(ended=False)
    services.lose(queued.pk, attempt=1)
    assert carried_out(queued).status == Status.SUCCEEDED
    assert_consistent()
