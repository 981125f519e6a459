"""Runs that nobody carries out any more are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from billing.models import Hold
from projects.runs import lifecycle, services, sweeping
from projects.runs.models import Run, Status

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(seconds=61)


def lost(run: Run, times: int) -> Run:
    """As the watch gives it up (see test_watch)."""
    for _time in range(times):
        attempt = lifecycle.claim(run.pk)
        assert attempt
        services.lose(run.pk, attempt=attempt)
    run.refresh_from_db()
    return run


def test_a_lost_run_is_given_to_the_queue_again(
    queued: Run, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert lost(queued, 1).status == Status.QUEUED
    assert OrmQ.objects.get().task["args"] == (str(queued.pk),)
    assert lifecycle.claim(queued.pk) == 2


def test_a_run_that_is_lost_three_times_fails_and_gives_its_place_back(queued: Run) -> None:
    run = lost(queued, 3)
    assert (run.status, run.problem["code"]) == (Status.FAILED, "run.lost")
    assert run.problem["incident"]
    assert Hold.objects.get(run_id=run.pk).released_at is not None


def test_given_back_at_a_shutdown_does_not_count_as_lost(queued: Run) -> None:
    for attempt in (1, 2, 3, 4):
        lifecycle.claim(queued.pk)
        services.requeue(queued.pk, attempt=attempt, reason="shutdown")
    assert lost(queued, 1).status == Status.QUEUED


def test_a_lost_run_that_was_to_stop_is_cancelled(queued: Run, alice: Any) -> None:
    lifecycle.claim(queued.pk)
    services.request_stop(run=queued, user=alice)
    services.lose(queued.pk, attempt=1)
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED
    assert Hold.objects.get(run_id=queued.pk).released_at is not None


def test_a_run_ahead_for_hardware_that_is_no_more_goes_where_there_is_some(
    bare: Callable[..., Run],
) -> None:
    run, going = bare(cluster="train-gpu"), bare(Status.RUNNING, cluster="train-gpu", attempt=1)
    assert sweeping.reroute() == 1
    run.refresh_from_db()
    going.refresh_from_db()
    assert (run.cluster, going.cluster) == ("train-cpu", "train-gpu")


def test_what_is_carried_out_is_no_turn_for_what_waits(
    bare: Callable[..., Run], django_capture_on_commit_callbacks: Any
) -> None:
    first, second = bare(), bare()
    Run.objects.update(created_at=timezone.now() - LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        assert sweeping.kick() == 2
    lifecycle.claim(first.pk)
    taken, left = OrmQ.objects.order_by("pk")
    OrmQ.objects.filter(pk=taken.pk).update(lock=timezone.now() + LONG_AGO)
    left.delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert sweeping.kick() == 1
    assert OrmQ.objects.last().task["args"] == (str(second.pk),)  # type: ignore[union-attr]


def test_a_queued_run_that_the_queue_lost_is_queued_again(
    bare: Callable[..., Run], django_capture_on_commit_callbacks: Any
) -> None:
    run = bare()
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - LONG_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        assert sweeping.kick() == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert sweeping.kick() == 0  # it knows it now
    assert OrmQ.objects.filter(key="train-cpu").count() == 1


def test_a_queued_run_that_was_just_made_is_left_to_its_own_commit(queued: Run) -> None:
    assert sweeping.kick() == 0
