"""Tells the owners of a workspace, once a month and limit, that most of what their plan allows is used."""

from __future__ import annotations

from collections.abc import Collection

from accounts.access import Action, roles_that
from accounts.models import User, Workspace
from billing.meters import Allowance, Meter, allowance
from billing.models import month_start
from billing.offers import for_limit
from notify.models import News
from notify.services import announce, quietly

NEARLY = 0.8  # of a limit; the bar on the page warns from here on, too
# What creeps up; the others refuse at once, in words.
TOLD = ("storage", "minutes", "gpu_minutes", "predictions", "tokens")


def look(workspace: Workspace, names: Collection[str] = TOLD) -> None:
    """After something was used: at these of TOLD. Never raises: it only tells."""
    with quietly(f"the limits of {workspace.pk}"):
        state = allowance(workspace, names)
        for name in names:
            if near(state.every[name]):
                _tell(workspace, state, state.every[name])


def near(meter: Meter) -> bool:
    return bool(meter.limit) and (meter.used or 0) >= NEARLY * (meter.limit or 0)


def _tell(workspace: Workspace, state: Allowance, meter: Meter) -> None:
    """Once a month, limit and plan for either: that most is used, and that all is."""
    month, plan = f"{month_start():%Y-%m}", state.plan
    kind = "quota.reached" if meter.full else "quota.near"
    told = f"{kind}:{workspace.pk}:{meter.name}:{month}:{plan.pk}:{meter.limit}"
    if News.objects.filter(key=told[:120]).exists():
        return  # mostly so: the offer need not be put into words
    values = {
        "workspace_name": workspace.name,
        "plan": plan.name,
        "meter": meter.name,
        "used": meter.used,
        "limit": meter.limit,
        "share": min(100, 100 * (meter.used or 0) // (meter.limit or 1)),
        **for_limit(workspace, plan, meter.name, (meter.limit or 0) + 1),
    }
    announce(
        kind=kind,
        key=told[:120],
        values=values,
        workspace=workspace,
        to=told_of(workspace),
        path=f"/w/{workspace.slug}/settings/usage/",
    )


def told_of(workspace: Workspace) -> list[User]:
    """Those who may change the plan."""
    mine = {
        "memberships__workspace": workspace,
        "memberships__role__in": roles_that(Action.BILLING),
    }
    return list(User.objects.filter(is_active=True, **mine).distinct())
