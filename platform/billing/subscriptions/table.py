"""The states of a subscription: one table of what may follow what, and one UPDATE that moves it."""

from __future__ import annotations

from typing import Any

from accounts.models import Workspace
from billing.models import Plan, Subscription
from billing.selectors import current_plans
from billing.subscribing import lock as touch
from billing.subscriptions.terms import is_free, is_sold

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
    touch(workspace)
    related = Subscription.objects.select_related("plan", "next_plan", "workspace")
    return related.get(workspace=workspace)


def fallback() -> Plan | None:
    """The plan of those who pay no more: the free one that is offered, else what a newcomer gets if that has no
    price. None: there is none."""
    free = next((plan for plan in current_plans() if is_free(plan)), None)
    default = Plan.objects.filter(is_default=True).first()
    return free or (default if default and not is_sold(default) else None)
