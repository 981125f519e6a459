"""The life of a run: one table of what may follow what, and one conditional UPDATE that moves it.

Whoever loses the race for that UPDATE has lost: a task delivered twice, a stop in the instant of the end, a worker that
was given up for dead. `attempt` is the fencing number: a worker names the one it claimed in every write.

A worker that is lost is no status but a reason (`lost`) for which a run goes back into the queue.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from projects.runs.events import append
from projects.runs.models import Run, Status

NEXT: dict[Status, frozenset[Status]] = {
    Status.WAITING: frozenset({Status.QUEUED, Status.CANCELLED, Status.FAILED, Status.PAUSED}),
    Status.QUEUED: frozenset({Status.STARTING, Status.CANCELLED, Status.FAILED, Status.PAUSED}),
    Status.STARTING: frozenset({Status.RUNNING, Status.STOPPING, Status.FAILED, Status.QUEUED}),
    Status.RUNNING: frozenset({Status.STOPPING, Status.SUCCEEDED, Status.FAILED, Status.QUEUED}),
    # It may end by itself before the word to stop has reached it.
    Status.STOPPING: frozenset({Status.CANCELLED, Status.SUCCEEDED, Status.FAILED, Status.PAUSED}),
    # It goes on when somebody wants it to and the plan has room.
    Status.PAUSED: frozenset({Status.WAITING, Status.CANCELLED}),
    Status.SUCCEEDED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}
FINAL = frozenset(status for status, following in NEXT.items() if not following)
HELD = (Status.STARTING, Status.RUNNING, Status.STOPPING)  # a worker has it
AHEAD = (Status.WAITING, Status.QUEUED)  # no worker has it yet


def sources(to: Status) -> frozenset[Status]:
    return frozenset(status for status, following in NEXT.items() if to in following)


def move(
    run_id: UUID | str,
    to: Status,
    *,
    attempt: int | None = None,
    only_from: Status | None = None,
    where: Q | None = None,
    reason: str = "",
    **fields: Any,
) -> bool:
    """Moves the run and leaves a row saying so, or changes nothing and answers False.

    `attempt`, `only_from` and `where` narrow down when; `fields` are set with it.
    """
    rows = Run.objects.filter(where or Q(), pk=run_id, status__in=sources(to))
    if attempt is not None:  # a worker speaks, and only while it has the run
        rows = rows.filter(attempt=attempt, status__in=HELD)
    if only_from is not None:
        rows = rows.filter(status=only_from)
    with transaction.atomic():
        if not rows.update(**{"status": to, **_along_with(to), **fields}):
            return False
        append(run_id, [("status", {"status": to.value, "reason": reason})])
    return True


@transaction.atomic
def claim(run_id: UUID | str) -> int | None:
    """The attempt that now holds the run; None when there is nothing to do."""
    if not move(run_id, Status.STARTING):
        return None
    return Run.objects.values_list("attempt", flat=True).get(pk=run_id)


def _along_with(to: Status) -> dict[str, Any]:
    """What every move to this status sets."""
    now = timezone.now()
    if to == Status.STARTING:
        start = {"started_at": now, "heartbeat_at": now, "attempt": F("attempt") + 1}
        return start | _blank()
    if to == Status.QUEUED:
        return {"started_at": None, "heartbeat_at": None, "waits_for": ""} | _blank()
    if to == Status.STOPPING:
        return {"stop_requested_at": now}
    if to == Status.PAUSED:
        # Its progress stays: that is where it goes on.
        return {"pausing": False, "heartbeat_at": None, "seconds_left": None, "waits_for": ""}
    if to in FINAL:
        return {"ended_at": now, "seconds_left": None, "waits_for": ""}
    return {}


def _blank() -> dict[str, Any]:
    return {"stage": "", "progress": 0.0, "seconds_left": None}
