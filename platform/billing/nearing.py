"""Tells the owners of a workspace, once a month and limit, that most of what their plan allows is used."""

from __future__ import annotations

from accounts.models import Workspace
from billing.meters import Meter, allowance
from billing.models import month_start
from notify.services import announce, owners, quietly

NEARLY = 0.8  # of a limit; the bar on the page warns from here on, too
TOLD = ("storage", "minutes")  # what creeps up; the others refuse at once, in words


def look(workspace: Workspace) -> None:
    """After something was used. Never raises: it only tells."""
    with quietly(f"the limits of {workspace.pk}"):
        state = allowance(workspace)
        for meter in state.meters:
            if meter.name in TOLD and near(meter):
                _tell(workspace, state.plan.name, meter)


def near(meter: Meter) -> bool:
    return bool(meter.limit) and (meter.used or 0) >= NEARLY * (meter.limit or 0)


def _tell(workspace: Workspace, plan: str, meter: Meter) -> None:
    month = f"{month_start():%Y-%m}"
    values = {
        "workspace_name": workspace.name,
        "plan": plan,
        "meter": meter.name,
        "used": meter.used,
        "limit": meter.limit,
        "share": round(100 * (meter.used or 0) / (meter.limit or 1)),
    }
    announce(
        kind="quota.near",
        key=f"quota:{workspace.pk}:{meter.name}:{month}:{plan}"[:120],
        values=values,
        workspace=workspace,
        to=owners(workspace),
        path=f"/w/{workspace.slug}/settings/",
    )
