"""Puts a task into the queue: a name and an id, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task


def enqueue(task: str, key: UUID | str | int, *, cluster: str | None = None) -> None:
    """Queues `task(key)` once the current transaction is committed.

    `task` is the dotted name of a function in a tasks module. `cluster` is a name of settings.QUEUE_CLUSTERS; None is
    the first. Should queueing fail after the commit, the error is logged and the sweep queues it again.
    """
    # No partial: Django logs the name of what failed, a partial has none, and so the error would get through.
    transaction.on_commit(lambda: async_task(task, str(key), cluster=cluster), robust=True)


def queued(task: str, *, cluster: str) -> set[str]:
    """The keys with which `task` waits or runs in the cluster's queue; what cannot be read is none."""
    return set(_keys(task, OrmQ.objects.filter(key=cluster)))


def due(task: str, *, cluster: str) -> list[str]:
    """The keys with which `task` waits in the cluster's queue and is not carried out."""
    return list(_keys(task, OrmQ.objects.filter(key=cluster, lock__lte=timezone.now())))


def _keys(task: str, entries: QuerySet[OrmQ]) -> Iterator[str]:
    for entry in entries.iterator():
        package = entry.task
        if package.get("func") == task and package.get("args"):
            yield str(package["args"][0])


def ensure_schedules(**kwargs: Any) -> None:
    """Makes the rows by which each of settings.SCHEDULES is called once a minute."""
    for task in settings.SCHEDULES:
        given = {"func": task, "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1}
        Schedule.objects.update_or_create(name=task, defaults=given)
    Schedule.objects.exclude(name__in=settings.SCHEDULES).filter(
        name__startswith="projects."
    ).delete()


def run_schedules_now() -> None:
    """At a start: what was left behind by the last end is taken up without waiting for the minute."""
    for task in settings.SCHEDULES:
        async_task(task)
