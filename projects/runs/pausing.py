"""A run that is laid down for a while: its place in the plan and its slot are free, and it goes on where it was."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from projects.runs import lifecycle, services
from projects.runs.models import Run, Status
from training.problems import Problem


def request_pause(*, run: Run, user: User) -> Run:
    """A run that no worker has is paused at once, a running one as soon as its state is saved; others stay."""
    reason, ahead = f"user:{user.pk}", Q(status__in=lifecycle.AHEAD)
    for _again in range(3):  # it may be claimed or given back between the two
        if services.lay_down(run.pk, where=ahead, reason=reason):
            break
        if lifecycle.move(run.pk, Status.STOPPING, reason=reason, pausing=True):
            break
    run.refresh_from_db()
    services.note("run.paused", run, user=user)
    return run


@transaction.atomic
def resume(*, run: Run, user: User) -> Run:
    """Waits for its place in the plan again, and has it where there is room. Raises Problem(`run.paused`)."""
    reason = f"user:{user.pk}"
    if not lifecycle.move(run.pk, Status.WAITING, only_from=Status.PAUSED, reason=reason):
        run.refresh_from_db()
        raise Problem("run.paused", status=run.get_status_display())
    services.admit(run.project.workspace)
    run.refresh_from_db()
    services.note("run.resumed", run, user=user)
    return run
