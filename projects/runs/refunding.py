"""When a run costs nothing: it failed on our side, or it ended before it had trained."""

from __future__ import annotations

from uuid import UUID

from billing.services import refund
from projects.runs.models import Run, RunEvent, Status

OURS, UNTRAINED = "ours", "untrained"
# What the site, its machine or its operator is to blame for. A failure that has an incident is ours as well.
OUR_CODES = frozenset(
    {
        "run.stuck",
        "run.killed",
        "run.lost",
        "run.gpu",
        "run.storage",
        "disk.full",
        "artifact.mismatch",
        "artifact.broken",
        "artifact.missing",
        "artifact.gone",
        "base.missing",
        "base.broken",
    }
)
TRAINED = ("step", "trial", "checkpoint", "scored")  # events of a run that has begun to learn


def give_back(run_id: UUID, to: Status) -> None:
    """In the transaction of the end, once what was used is booked."""
    reason = reason_of(run_id, to)
    if reason:
        refund(run_id=run_id, reason=reason)


def reason_of(run_id: UUID, to: Status) -> str:
    """Why the run costs nothing; "" where it does."""
    if to == Status.SUCCEEDED:
        return ""
    problem = Run.objects.values_list("problem", flat=True).get(pk=run_id) or {}
    if to == Status.FAILED and (problem.get("incident") or problem.get("code") in OUR_CODES):
        return OURS
    trained = RunEvent.objects.filter(run=run_id, kind__in=TRAINED).exists()
    return "" if trained else UNTRAINED
