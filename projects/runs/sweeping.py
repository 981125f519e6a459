"""Finds runs that nobody carries out any more, once a minute and when the queue starts."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from projects.jobs.queue import enqueue, queued
from projects.runs import planning, services
from projects.runs.lifecycle import HELD
from projects.runs.models import Run, RunEvent, Status
from web.errors import incident

log = logging.getLogger(__name__)
UNHEARD = timedelta(seconds=60)  # a worker gives a sign at least every five
FORGOTTEN = timedelta(seconds=20)  # in the queue's table, an entry appears with the commit
ATTEMPTS = 3  # of a run whose worker is lost


def sweep() -> None:
    reap()
    kick()


def reap() -> int:
    """Runs without a sign of life: given to the queue again, or ended. Returns how many."""
    since = timezone.now() - UNHEARD
    lost = Run.objects.filter(status__in=HELD, heartbeat_at__lt=since)
    return sum(_reap(run, since) for run in lost.only("pk", "status", "attempt"))


def _reap(run: Run, since: datetime) -> bool:
    here: dict[str, Any] = {"attempt": run.attempt, "unheard_since": since, "reason": "lost"}
    log.warning("Run %s gave no sign of life in attempt %s", run.pk, run.attempt)
    if run.status == Status.STOPPING:
        return services.end(run.pk, Status.CANCELLED, **here)
    if _times_lost(run) + 1 < ATTEMPTS:
        return services.requeue(run.pk, **here)
    number = incident(RuntimeError(f"run {run.pk} lost its worker {ATTEMPTS} times"))
    problem = {"code": "run.lost", "values": {"attempts": ATTEMPTS}, "incident": number}
    return services.end(run.pk, Status.FAILED, problem=problem, **here)


def _times_lost(run: Run) -> int:
    return RunEvent.objects.filter(run=run, kind="status", data__reason="lost").count()


def kick() -> int:
    """Queued runs that the queue does not know (any more) are queued again. Returns how many."""
    old = timezone.now() - FORGOTTEN
    waiting = Run.objects.filter(created_at__lt=old, status=Status.QUEUED)
    runs = {str(run.pk): planning.cluster(run.spec) for run in waiting.only("pk", "spec")}
    known = {name: queued(services.EXECUTE, cluster=name) for name in set(runs.values())}
    missing = {run_id: name for run_id, name in runs.items() if run_id not in known[name]}
    for run_id, name in missing.items():
        enqueue(services.EXECUTE, run_id, cluster=name)
    return len(missing)
