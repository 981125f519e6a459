"""A run that is laid down for a while: its place in the plan and its slot are free, and it goes on where it was."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from billing.services import hold, release, settle
from projects.jobs.health import TRAIN
from projects.jobs.queue import enqueue
from projects.runs import lifecycle
from projects.runs.models import Run, Status
from projects.runs.services import EXECUTE
from training.problems import Problem


def request_pause(*, run: Run, user: User) -> Run:
    """A queued run is paused at once, a running one as soon as its state is saved; others stay as they are."""
    reason = f"user:{user.pk}"
    for _again in range(3):  # it may be claimed or given back between the two
        if laid_down(run.pk, only_from=Status.QUEUED, reason=reason):
            break
        if lifecycle.move(run.pk, Status.STOPPING, reason=reason, pausing=True):
            break
    run.refresh_from_db()
    return run


@transaction.atomic
def laid_down(
    run_id: UUID,
    *,
    attempt: int | None = None,
    seconds: float = 0.0,
    only_from: Status | None = None,
    unheard_since: datetime | None = None,
    reason: str = "",
) -> bool:
    """Paused, what it used booked, and its place in the plan given back: all three or none."""
    narrow: dict[str, Any] = {"attempt": attempt, "only_from": only_from}
    if unheard_since is not None:
        narrow["unheard_since"] = unheard_since
    if not lifecycle.move(run_id, Status.PAUSED, reason=reason, **narrow):
        return False
    if attempt is not None and seconds > 0:
        settle(run_id=run_id, attempt=attempt, seconds=seconds)
    release(run_id=run_id)
    return True


@transaction.atomic
def resume(*, run: Run, user: User) -> Run:
    """Into the queue again, with a place in the plan. Raises Problem(`run.paused`, `quota.*`)."""
    if not lifecycle.move(run.pk, Status.QUEUED, only_from=Status.PAUSED, reason=f"user:{user.pk}"):
        run.refresh_from_db()
        raise Problem("run.paused", status=run.get_status_display())
    minutes = math.ceil(run.spec.get("search", {}).get("minutes") or 1)
    workspace = run.project.workspace
    hold(workspace=workspace, run_id=run.pk, project_id=run.project_id, minutes=minutes)
    enqueue(EXECUTE, run.pk, cluster=TRAIN)
    run.refresh_from_db()
    return run
