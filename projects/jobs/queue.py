"""Puts a task into the queue: a name and an id, nothing else."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django_q.tasks import async_task


def enqueue(task: str, key: UUID | str | int, *, cluster: str | None = None) -> None:
    """Queues `task(key)` once the current transaction is committed.

    `task` is the dotted name of a function in a tasks module. `cluster` is a name of settings.QUEUE_CLUSTERS; None is
    the first. Should queueing fail after the commit, the error is logged and the sweep queues it again.
    """
    transaction.on_commit(partial(async_task, task, str(key), cluster=cluster), robust=True)
