"""Finds runs that nobody carries out any more, or that nobody has let in: at once by a watch, and once a minute."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Workspace
from projects.jobs import hardware
from projects.jobs.health import CPU, DRAFT, GPU
from projects.jobs.queue import due, enqueue
from projects.runs import services
from projects.runs.lifecycle import AHEAD, HELD
from projects.runs.models import Run, Status

log = logging.getLogger(__name__)
SILENT = (
    15.0  # seconds without a sign of life, by the watch's own clock; a worker gives one every three
)
SLOW = 1.0  # seconds for the database to take a write, beyond which workers could not write either
GAP = 5.0  # seconds without a look, after which nothing can be said about what came before
FORGOTTEN = timedelta(seconds=20)  # in the queue's table, an entry appears with the commit


def sweep() -> None:
    reroute()
    kick()
    for workspace in Workspace.objects.filter(projects__runs__status=Status.WAITING).distinct():
        services.admit(workspace)


def reroute() -> int:
    """Runs ahead for hardware that is no more go where there is some. Returns how many."""
    ahead = Run.objects.filter(status__in=AHEAD).exclude(cluster__in=settings.QUEUE_CLUSTERS)
    return ahead.update(cluster=hardware.cluster())


def _lose(pk: UUID, attempt: int, unheard: Q) -> bool:
    log.warning("Run %s gave no sign of life in attempt %s", pk, attempt)
    return services.lose(pk, attempt=attempt, where=unheard)


@dataclass
class Watch:
    """Looks at the signs of life of all runs and tells a lost one within SILENT seconds.

    A sign is a value that changes. How long it has not is measured with a clock of this process that nobody sets, so
    that neither a clock that jumps nor machines whose clocks differ make a run look lost. Nor does a database that was
    away, or a machine that slept: the watch was blind as well, and begins anew. Two watches are harmless.
    """

    clock: Callable[[], float] = time.monotonic
    _looked: float = 0.0
    _seen: dict[UUID, tuple[tuple[int, datetime | None], float]] = field(default_factory=dict)

    def look(self) -> int:
        """Returns how many were lost."""
        now = self.clock()
        before = self._seen if now - self._looked < GAP else {}
        held = Run.objects.filter(status__in=HELD).values_list("pk", "attempt", "heartbeat_at")
        signs = {pk: (attempt, heard) for pk, attempt, heard in held}
        same = {pk for pk, sign in signs.items() if pk in before and before[pk][0] == sign}
        self._seen = {pk: before[pk] if pk in same else (sign, now) for pk, sign in signs.items()}
        self._looked = now
        silent = [pk for pk in same if now - before[pk][1] >= SILENT]
        if silent and not self._writes():
            self._seen = {}
            return 0
        return sum(_lose(pk, signs[pk][0], Q(heartbeat_at=signs[pk][1])) for pk in silent)

    def _writes(self) -> bool:
        """Whether the database takes writes. While another one has locked it, no worker can give a sign."""
        begin = self.clock()
        with transaction.atomic():
            Run.objects.filter(status__in=HELD).exists()
        return self.clock() - begin < SLOW


def kick() -> int:
    """Gives the queue as many entries as there are queued runs, where it has fewer. Returns how many.

    An entry is a turn. It names a run, but whose turn it is gets decided when it comes (see turns).
    """
    return sum(_kick(cluster) for cluster in (CPU, GPU, DRAFT))


def _kick(cluster: str) -> int:
    now = timezone.now()
    # A clock that was set back makes runs of its future.
    old = Q(created_at__lt=now - FORGOTTEN) | Q(created_at__gt=now + FORGOTTEN)
    ahead = Run.objects.filter(old, status=Status.QUEUED, cluster=cluster)
    runs = [str(pk) for pk in ahead.order_by("created_at").values_list("pk", flat=True)]
    entries = due(services.EXECUTE, cluster=cluster) if runs else []
    named = [run for run in runs if run not in entries]
    missing = named[: max(0, len(runs) - len(entries))]
    for run_id in missing:
        enqueue(services.EXECUTE, run_id, cluster=cluster)
    return len(missing)
