"""Whose turn it is: an order of the runs that wait which is fair between workspaces.

The next run is of the workspace that has used the least training time of late, measured by the share of its plan; the
time that a run under way is expected to take counts from its start. So a workspace with a thousand runs delays one with
a single run by no more than the runs that are under way. Within a workspace, the oldest comes first.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from billing.services import shares
from projects.jobs import hardware
from projects.runs.lifecycle import HELD
from projects.runs.models import Run, Status

OF_LATE = timedelta(hours=2)
UNKNOWN = 60.0  # seconds that a run without an estimate is taken to need


@dataclass(frozen=True)
class Turn:
    run_id: UUID
    place: int  # in its queue, from 1
    starts_in: float  # seconds, as far as estimates go


@dataclass(frozen=True)
class _Queued:
    run_id: UUID
    workspace: UUID
    since: datetime
    seconds: float


def next_run(cluster: str) -> UUID | None:
    """The run whose turn it is; None when none waits."""
    turn = next(turns(cluster), None)
    return turn.run_id if turn else None


def turn_of(run: Run) -> Turn | None:
    """None when it does not wait for a slot."""
    return next((turn for turn in turns(run.cluster) if turn.run_id == run.pk), None)


def turns(cluster: str) -> Iterator[Turn]:
    """Every queued run of the cluster in the order in which they will start, if nothing else comes."""
    waiting = _waiting(cluster)
    if not waiting:
        return
    now = timezone.now()
    weights = shares(waiting.keys())
    used = _used(waiting.keys(), now)
    slots = _slots(cluster, now)
    place = 0
    while waiting:
        start = heapq.heappop(slots)
        workspace = min(waiting, key=lambda one: (used[one] / weights[one], waiting[one][0].since))
        run = waiting[workspace].popleft()
        if not waiting[workspace]:
            del waiting[workspace]
        place += 1
        yield Turn(run.run_id, place, start)
        used[workspace] += run.seconds
        heapq.heappush(slots, start + run.seconds)


def _waiting(cluster: str) -> dict[UUID, deque[_Queued]]:
    rows = Run.objects.filter(status=Status.QUEUED, cluster=cluster).order_by("created_at", "pk")
    found: dict[UUID, deque[_Queued]] = defaultdict(deque)
    fields = ("pk", "project__workspace", "created_at", "estimated_seconds")
    for pk, workspace, since, seconds in rows.values_list(*fields):
        found[workspace].append(_Queued(pk, workspace, since, seconds or UNKNOWN))
    return dict(found)


def _used(workspaces: Collection[UUID], now: datetime) -> dict[UUID, float]:
    """Seconds of training of late; of what is under way, the whole of what it is expected to take."""
    since = now - OF_LATE
    late = Q(status__in=HELD) | Q(ended_at__gt=since)
    rows = Run.objects.filter(late, project__workspace__in=workspaces, started_at__isnull=False)
    used: dict[UUID, float] = defaultdict(float)
    fields = ("project__workspace", "started_at", "ended_at", "estimated_seconds", "seconds_left")
    for workspace, started, ended, estimated, left in rows.values_list(*fields):
        if ended:
            used[workspace] += max(0.0, (ended - max(started, since)).total_seconds())
        else:
            used[workspace] += _passed(started, now) + _left(started, now, estimated, left)
    return used


def _slots(cluster: str, now: datetime) -> list[float]:
    """In how many seconds each slot of the cluster is free, in ascending order and so a heap."""
    rows = Run.objects.filter(status__in=HELD, cluster=cluster, started_at__isnull=False)
    fields = ("started_at", "estimated_seconds", "seconds_left")
    busy = sorted(_left(started, now, *rest) for started, *rest in rows.values_list(*fields))
    count = hardware.slots(cluster)
    return sorted(busy[-count:] + [0.0] * max(0, count - len(busy)))


def _left(started: datetime, now: datetime, estimated: float | None, left: float | None) -> float:
    if left is not None:
        return left
    return max(0.0, (estimated or UNKNOWN) - _passed(started, now))


def _passed(started: datetime, now: datetime) -> float:
    return max(0.0, (now - started).total_seconds())
