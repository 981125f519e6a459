"""The queue's broker: leases, no prefetch, and noticing that nobody takes what is handed out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.backends.signals import connection_created
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.signing import SignedPackage

from projects.jobs import broker
from projects.jobs.broker import LEASE, LeaseBroker

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> LeaseBroker:
    monkeypatch.setattr(broker, "sleep", lambda _seconds: None)
    monkeypatch.setattr(Conf, "WORKERS", 2)
    monkeypatch.setattr(broker.health, "beat", lambda _cluster: None)
    return LeaseBroker("train")


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    seen: list[bool] = []
    monkeypatch.setattr(broker, "_restart", lambda: seen.append(True))
    return seen


def put(count: int, queue: LeaseBroker) -> list[int]:
    tasks = [{"id": str(number), "func": "f", "args": ()} for number in range(count)]
    return [queue.enqueue(SignedPackage.dumps(task)) for task in tasks]


def taken(queue: LeaseBroker) -> list[int]:
    return [pk for pk, _payload in queue.dequeue() or []]


def expire(pk: int) -> None:
    """As if the lease had run out, whoever holds it."""
    row = OrmQ.objects.get(pk=pk)
    OrmQ.objects.filter(pk=pk).update(lock=row.lock - 2 * LEASE)


def pass_time(queue: LeaseBroker) -> None:
    """What was handed out a while ago and never renewed."""
    for pk in queue._given:
        expire(pk)
        queue._given[pk] = OrmQ.objects.get(pk=pk).lock


def test_first_in_first_out(queue: LeaseBroker) -> None:
    first, second = put(2, queue)
    assert taken(queue) + taken(queue) == [first, second]


def test_nothing_is_fetched_while_every_worker_is_busy(queue: LeaseBroker) -> None:
    put(3, queue)
    assert len(taken(queue) + taken(queue) + taken(queue)) == 2


def test_a_worker_that_is_done_gets_the_next(queue: LeaseBroker) -> None:
    first, _second, third = put(3, queue)
    taken(queue)
    taken(queue)
    queue.acknowledge(first)
    assert taken(queue) == [third]


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_holds_nothing_up(
    queue: LeaseBroker, restarts: list[bool], monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """What was queued before, and what was handed out and never taken, is handed out."""
    first, second = put(2, queue)
    assert taken(queue) == [first]
    now = timezone.now
    monkeypatch.setattr(broker.timezone, "now", lambda: now() + jump)
    assert sorted(taken(queue) + taken(queue)) == [first, second]
    assert not restarts


def test_what_one_cluster_has_no_other_gets(queue: LeaseBroker) -> None:
    put(1, queue)
    assert taken(queue)
    assert taken(LeaseBroker("train")) == []


def test_another_queue_is_not_touched(queue: LeaseBroker) -> None:
    put(1, queue)
    assert taken(LeaseBroker("attune")) == []


def test_a_renewed_task_is_not_given_out_again(queue: LeaseBroker) -> None:
    [pk] = put(1, queue)
    taken(queue)
    pass_time(queue)
    broker.renew(pk)
    assert taken(LeaseBroker("train")) == []


def test_a_task_whose_worker_died_comes_back_and_is_no_strike(
    queue: LeaseBroker, restarts: list[bool]
) -> None:
    [pk] = put(1, queue)
    for _time in range(4):
        assert taken(queue) == [pk]
        broker.renew(pk)  # a worker took it …
        taken(queue)
        expire(pk)  # … and died
    assert not restarts


def test_a_task_that_ends_every_worker_is_taken_out(queue: LeaseBroker) -> None:
    [poison] = put(1, queue)
    for _time in range(broker.BEGINNINGS):
        assert taken(queue) == [poison]
        broker.count(poison)  # a worker began it …
        taken(queue)
        expire(poison)  # … and died
    assert taken(queue) == []
    assert not OrmQ.objects.exists()


def test_what_nobody_can_read_is_taken_out_and_stops_nothing(queue: LeaseBroker) -> None:
    queue.enqueue("signed with another key")
    [good] = put(1, queue)
    assert taken(queue) == []
    assert taken(queue) == [good]


def test_tasks_that_nobody_takes_restart_the_cluster(
    queue: LeaseBroker, restarts: list[bool]
) -> None:
    put(1, queue)
    for _time in range(broker.STRIKES):
        taken(queue)
        pass_time(queue)
        assert not restarts
    taken(queue)
    assert restarts


def test_one_task_that_is_taken_late_is_no_reason_to_restart(
    queue: LeaseBroker, restarts: list[bool]
) -> None:
    [pk] = put(1, queue)
    taken(queue)
    pass_time(queue)
    taken(queue)
    broker.renew(pk)
    taken(queue)
    queue.acknowledge(pk)
    put(1, queue)
    taken(queue)
    pass_time(queue)
    taken(queue)
    assert not restarts


def test_the_signals_of_the_worker_hold_the_lease(queue: LeaseBroker) -> None:
    [pk] = put(1, queue)
    taken(queue)
    before = OrmQ.objects.get(pk=pk).lock
    task: dict[str, Any] = {"ack_id": pk}
    pre_execute.send(sender="test", func=None, task=task)
    try:
        assert OrmQ.objects.get(pk=pk).lock > before
        assert broker._current["renewer"].is_alive()
    finally:
        renewer = broker._current["renewer"]
        post_execute_in_worker.send(sender="test", func=None, task=task)
        renewer.join(5)
    assert not renewer.is_alive()
    assert not broker._current
    assert OrmQ.objects.get().task[broker.BEGUN] == 1


def test_a_lease_outlives_three_missed_renewals() -> None:
    assert timedelta(seconds=3 * broker.RENEW) < LEASE
    assert timezone.now() + LEASE > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_looks_share_a_connection_until_it_is_cut(queue: LeaseBroker) -> None:
    opened: list[Any] = []

    def seen(sender: Any, **kwargs: Any) -> None:
        opened.append(sender)

    taken(queue)
    connection_created.connect(seen)
    try:
        taken(queue)
        assert not opened
        connections[Conf.ORM].connection.close()
        assert taken(queue) == []
        assert len(opened) == 1
    finally:
        connection_created.disconnect(seen)
