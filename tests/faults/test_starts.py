"""Many hands at once: the same click twice, two claims, the last place in the plan."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django_q.models import OrmQ

from accounts.models import User, Workspace
from billing.models import Hold, Plan
from projects.jobs import queue
from projects.runs import lifecycle, services, sweeping, worker
from projects.runs.models import Run, Status
from tests.faults.conftest import carried_out
from tests.faults.invariants import assert_consistent
from training.problems import Problem

HANDS = 8


def at_once(act: Callable[[], Any], hands: int = HANDS) -> list[Any]:
    """What each of the threads got, or the problem that it met."""
    barrier, got = threading.Barrier(hands), []

    def hand() -> None:
        barrier.wait()
        try:
            got.append(act())
        except Problem as problem:
            got.append(problem.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=hand) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == hands
    return got


def test_one_of_many_claims_wins(bare: Any, project: Any) -> None:
    for _round in range(5):
        run = bare()
        Hold.objects.create(workspace=project.workspace, run_id=run.pk, project_id=project.pk)
        assert sorted(at_once(lambda run=run: lifecycle.claim(run.pk) or 0)) == [0] * 7 + [1]
    assert_consistent(ended=False)


def test_a_click_that_comes_many_times_starts_one_run(start: Callable[..., Run]) -> None:
    runs = at_once(lambda: start(start_key="the same click").pk)
    assert len(set(runs)) == 1
    assert Run.objects.count() == OrmQ.objects.filter(key=OrmQ.objects.first().key).count() == 1
    assert_consistent(ended=False)


def test_the_last_place_is_given_once(start: Callable[..., Run], workspace: Workspace) -> None:
    Plan.objects.update(max_concurrent_runs=1)
    assert len(set(at_once(lambda: start().pk))) == HANDS
    assert Run.objects.filter(status=Status.QUEUED).count() == 1
    assert Run.objects.filter(status=Status.WAITING).count() == HANDS - 1
    assert Hold.objects.filter(released_at=None).count() == 1
    assert_consistent(ended=False)


def test_the_queue_does_not_take_it(
    start: Callable[..., Run], trainer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is there and the entry is not: the sweep makes up for it."""

    def refuse(*given: Any, **more: Any) -> None:
        raise OSError("the queue is away")

    with monkeypatch.context() as broken:
        broken.setattr(queue, "async_task", refuse)
        run = start()
    assert not OrmQ.objects.exists()
    monkeypatch.setattr(sweeping, "FORGOTTEN", sweeping.FORGOTTEN * 0)
    sweeping.kick()
    assert OrmQ.objects.get().task["args"] == (str(run.pk),)
    trainer("good")
    carried_out(run)
    assert_consistent()


def test_the_run_is_gone_when_its_turn_comes(queued: Run, alice: User) -> None:
    pk = queued.pk
    Hold.objects.filter(run_id=pk).delete()
    queued.delete()
    worker.execute(pk)
    assert_consistent()


def test_a_person_stops_it_before_its_turn(queued: Run, alice: User, trainer: Any) -> None:
    services.request_stop(run=queued, user=alice)
    trainer("good")
    assert carried_out(queued).attempt == 0
    assert_consistent()
