"""The states of a subscription: one table of what may follow what, and one UPDATE that moves it."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from accounts.models import Workspace
from billing.models import Plan, Subscription
from billing.services import subscribe
from billing.subscriptions.terms import is_sold

Status = Subscription.Status

NEXT: dict[str, frozenset[str]] = {
    Status.ACTIVE: frozenset({Status.PAST_DUE, Status.ENDED}),
    Status.PAST_DUE: frozenset({Status.ACTIVE, Status.GRACE, Status.ENDED}),
    Status.GRACE: frozenset({Status.ACTIVE, Status.ENDED}),
    Status.ENDED: frozenset({Status.ACTIVE}),
}
# In these, what exists can be seen and taken away, and nothing new is begun.
READ_ONLY = frozenset({Status.GRACE, Status.ENDED})


def before(to: str) -> set[str]:
    """The states from which `to` may be reached."""
    return {status for status, following in NEXT.items() if to in following}


def move(workspace: Workspace, to: str, **fields: Any) -> bool:
    """Into the state `to`, with what else changes. False: it was not in a state from which that is possible."""
    mine = Subscription.objects.filter(workspace=workspace, status__in=before(to))
    return bool(mine.update(status=to, **fields))


def change(workspace: Workspace, **fields: Any) -> None:
    """Writes what is no state."""
    Subscription.objects.filter(workspace=workspace).update(**fields)


def lock(workspace: Workspace) -> Subscription:
    """The subscription, read after its row was written: until the end of this transaction all others wait.

    Every change of money of a workspace begins with it.
    """
    mine = Subscription.objects.filter(workspace=workspace)
    if not mine.update(holds_made=F("holds_made") + 1):
        subscribe(workspace=workspace)
        mine.update(holds_made=F("holds_made") + 1)
    return mine.select_related("plan", "next_plan", "workspace").get()


def fallback() -> Plan | None:
    """The plan of those who pay no more: what a newcomer gets if that costs nothing, else the free plan that is
    offered. None: there is none."""
    default = Plan.objects.filter(is_default=True).first()
    if default and not is_sold(default):
        return default
    offered = Plan.objects.filter(public=True, retired_at=None).order_by("position", "-version")
    return next((plan for plan in offered if not is_sold(plan)), None)
