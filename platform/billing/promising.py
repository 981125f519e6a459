"""What a plan promises, in the few lines that its card has room for."""

from __future__ import annotations

from billing.limits import LIMITS, Limit
from billing.models import Plan
from billing.words import limit_text

# All others stand in the table of the prices page.
CARD = ("projects", "rows", "storage", "runs", "minutes", "gpu_minutes", "members")


def promises(plan: Plan) -> list[str]:
    """Such as “Projects: 15”. What it does not allow at all is left out."""
    return [
        f"{LIMITS[name].label}: {value(LIMITS[name], plan)}"
        for name in CARD
        if name in LIMITS and getattr(plan, LIMITS[name].field) != 0
    ]


def value(limit: Limit, plan: Plan) -> str:
    return limit_text(limit.name, getattr(plan, limit.field))
