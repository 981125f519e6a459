"""The queue's broker: a lease that is renewed while a task runs, no prefetch, and an end to tasks that kill workers.

Stock django-q2 locks a task for `retry` seconds when it is *fetched*: a long task is given out twice, a lost one comes
back only after `retry`, and one box fetches what another could run. Here the lease is short, is renewed by the worker
that runs the task, and nothing is fetched while every worker is busy.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from django.db import DatabaseError, connections
from django.db.models import Q
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from projects.jobs import health

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=10)
RENEW = LEASE.total_seconds() / 4
STRIKES = 2  # tasks in a row that were handed out and that no worker took
BEGINNINGS = 4  # times that a worker may begin one task: it kills each, or it would have ended
BEGUN = "begun"  # in a task, how often
FAR = 6 * LEASE  # no lease ends so late: the clock was set back since it was written


def free() -> Q:
    """Of entries whose lease has run out. One that a clock which was set back makes hours long has, too."""
    now = timezone.now()
    return Q(lock__lte=now) | Q(lock__gt=now + FAR)


def over(lock: datetime) -> bool:
    """The same of one lease."""
    now = timezone.now()
    return lock <= now or lock > now + FAR


class LeaseBroker(ORM):
    """`_given` maps the ids of tasks handed out here to the lease they were given with."""

    def __init__(self, list_key: str | None = None) -> None:
        super().__init__(list_key)
        self._given: dict[int, datetime] = {}
        self._strikes = 0

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self._given, self._strikes = {}, 0

    def dequeue(self) -> list[tuple[int, str]] | None:
        health.beat(self.list_key)
        self._look_after_given()
        task = self._look() if len(self._given) < Conf.WORKERS else None
        if task is None:
            sleep(Conf.POLL)
            return None
        if not deliverable(task):
            return None
        lease = timezone.now() + LEASE
        mine = self.get_connection().filter(pk=task.pk, lock=task.lock).update(lock=lease)
        if not mine:  # another cluster was quicker
            return None
        self._given[task.pk] = lease
        return [(task.pk, task.payload)]

    def _look(self) -> OrmQ | None:
        """On the connection of the look before: to open another took most of the time of a queue with nothing to do."""
        try:
            return self._next()
        except DatabaseError:  # it was cut
            connections[Conf.ORM].close()
            return self._next()

    def _next(self) -> OrmQ | None:
        due = OrmQ.objects.using(Conf.ORM).filter(free(), key=self.list_key)
        return due.order_by("pk").first()

    def _look_after_given(self) -> None:
        """Forgets what has ended or was lost, and notices when nobody takes what is handed out."""
        if not self._given:
            return
        held = self.get_connection().filter(pk__in=self._given)
        locks = dict(held.values_list("pk", "lock"))
        for pk, lease in list(self._given.items()):
            self._look_at(pk, lease, locks.get(pk))
        if self._strikes >= STRIKES:
            _restart()

    def _look_at(self, pk: int, lease: datetime, lock: datetime | None) -> None:
        if lock != lease:  # done and gone, or renewed: a worker took it
            self._strikes = 0
        if lock is None:
            del self._given[pk]
        elif over(lock):
            del self._given[pk]
            # A worker that took the task and died had renewed the lease first: that is no strike.
            self._strikes += lock == lease


def _restart() -> None:
    """Ends this cluster, to be started afresh by its supervisor.

    A worker that is killed while it waits for a task takes the lock of django-q's in-memory queue with it: all
    processes live, nothing runs any more, and SIGTERM does not end it either.
    """
    log.critical("No worker takes tasks although one is free: restarting this queue cluster")
    os.killpg(os.getpgid(0), signal.SIGKILL)


def deliverable(entry: OrmQ) -> bool:
    """Takes out of the queue what nobody can read, and what has ended every worker that began it.

    What such a task was for stays as it is: the sweep of its kind finds it, and counts for itself.
    """
    try:
        begun = int(SignedPackage.loads(entry.payload).get(BEGUN, 0))
    except Exception:  # signed with another key, or pickled by code that is no more
        log.exception("The queue entry %s cannot be read and is taken out", entry.pk)
    else:
        if begun < BEGINNINGS:
            return True
        log.error("The queue entry %s ended %s workers and is taken out", entry.pk, begun)
    OrmQ.objects.using(Conf.ORM).filter(pk=entry.pk, lock=entry.lock).delete()
    return False


def count(pk: int) -> None:
    """Writes into the entry that a worker begins it: whoever dies before its end leaves that behind."""
    entry = OrmQ.objects.using(Conf.ORM).filter(pk=pk).first()
    if entry is None:
        return
    package = SignedPackage.loads(entry.payload)
    package[BEGUN] = int(package.get(BEGUN, 0)) + 1
    rows = OrmQ.objects.using(Conf.ORM).filter(pk=pk)
    rows.update(payload=SignedPackage.dumps(package), lock=timezone.now() + LEASE)


def renew(pk: int) -> None:
    """Failure is survived: the lease outlives three missed renewals, and what is delivered twice runs once."""
    try:
        OrmQ.objects.using(Conf.ORM).filter(pk=pk).update(lock=timezone.now() + LEASE)
    except DatabaseError:
        log.warning("The lease of queue entry %s was not renewed", pk, exc_info=True)
        connections[Conf.ORM].close()


class Renewer(threading.Thread):
    """Keeps one task's lease alive in the worker that runs it."""

    def __init__(self, pk: int) -> None:
        super().__init__(name=f"lease-{pk}", daemon=True)
        self._pk = pk
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(RENEW):
            renew(self._pk)
        connections.close_all()

    def end(self) -> None:
        self._ended.set()


_current: dict[str, Renewer] = {}  # of this worker process, which runs one task at a time


def begin_lease(sender: Any, task: dict[str, Any], **kwargs: Any) -> None:
    """Renews at once: that tells the pusher that a worker has the task."""
    if task.get("sync") or not task.get("ack_id"):
        return
    try:
        count(task["ack_id"])
    except DatabaseError:
        connections[Conf.ORM].close()
        renew(task["ack_id"])
    _current["renewer"] = Renewer(task["ack_id"])
    _current["renewer"].start()


def end_lease(sender: Any, **kwargs: Any) -> None:
    renewer = _current.pop("renewer", None)
    if renewer:
        renewer.end()
