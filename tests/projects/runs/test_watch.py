"""The watch: a lost run is found within seconds, and nothing is taken for lost that is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.runs import lifecycle, services
from projects.runs.models import Run, Status
from projects.runs.recorder import Recorder
from projects.runs.sweeping import GAP, SILENT, Watch

pytestmark = pytest.mark.django_db


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(clock)


def wait(watch: Watch, clock: Clock, seconds: float) -> int:
    lost = 0
    until = clock.now + seconds
    while clock.now < until:
        clock.now += 1
        lost += watch.look()
    return lost


def test_a_run_without_a_sign_goes_back_into_the_queue(
    queued: Run, watch: Watch, clock: Clock
) -> None:
    lifecycle.claim(queued.pk)
    assert wait(watch, clock, SILENT) == 0
    assert wait(watch, clock, 2) == 1
    queued.refresh_from_db()
    assert (queued.status, queued.losses) == (Status.QUEUED, 1)


def test_a_run_with_signs_is_left_alone(queued: Run, watch: Watch, clock: Clock) -> None:
    attempt = lifecycle.claim(queued.pk)
    assert attempt
    keeper = Recorder(queued.pk, attempt)
    for _sign in range(5):
        assert wait(watch, clock, SILENT - 3) == 0
        keeper.flush(now=True)


def test_what_another_attempt_does_is_a_sign(queued: Run, watch: Watch, clock: Clock) -> None:
    lifecycle.claim(queued.pk)
    wait(watch, clock, SILENT - 3)
    services.requeue(queued.pk, attempt=1, reason="shutdown")
    lifecycle.claim(queued.pk)
    assert wait(watch, clock, SILENT - 3) == 0


def test_a_clock_of_the_machine_that_jumps_is_no_loss(
    queued: Run, watch: Watch, clock: Clock
) -> None:
    lifecycle.claim(queued.pk)
    wait(watch, clock, 2)
    for jump in (timedelta(hours=1), timedelta(hours=-1)):
        Run.objects.filter(pk=queued.pk).update(heartbeat_at=timezone.now() + jump)
        assert wait(watch, clock, SILENT - 3) == 0


def test_a_watch_that_was_blind_begins_anew(queued: Run, watch: Watch, clock: Clock) -> None:
    lifecycle.claim(queued.pk)
    wait(watch, clock, 2)
    clock.now += SILENT + GAP  # the machine slept, or the database was away
    assert wait(watch, clock, SILENT - 1) == 0


def test_while_the_database_takes_no_writes_nobody_is_lost(
    queued: Run, watch: Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lifecycle.claim(queued.pk)
    monkeypatch.setattr(watch, "_writes", lambda: False)
    assert wait(watch, clock, SILENT + 2) == 0
    monkeypatch.undo()
    assert wait(watch, clock, SILENT - 2) == 0


def test_what_was_to_stop_is_stopped(
    queued: Run, watch: Watch, clock: Clock, alice: object
) -> None:
    lifecycle.claim(queued.pk)
    services.request_stop(run=queued, user=alice)  # type: ignore[arg-type]
    assert wait(watch, clock, SILENT + 2) == 1
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED


def test_three_losses_without_progress_are_the_end(queued: Run, watch: Watch, clock: Clock) -> None:
    for _time in range(services.LOSSES):
        lifecycle.claim(queued.pk)
        wait(watch, clock, SILENT + 2)
    queued.refresh_from_db()
    assert (queued.status, queued.problem["code"]) == (Status.FAILED, "run.lost")


def test_progress_makes_up_for_losses(queued: Run, watch: Watch, clock: Clock) -> None:
    for _time in range(2 * services.LOSSES):
        attempt = lifecycle.claim(queued.pk)
        assert attempt
        keeper = Recorder(queued.pk, attempt)
        keeper.note({"event": "checkpoint"})
        keeper.flush(now=True)
        wait(watch, clock, SILENT + 2)
    queued.refresh_from_db()
    assert (queued.status, queued.losses) == (Status.QUEUED, 1)
