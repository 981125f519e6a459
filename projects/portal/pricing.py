"""The prices page, made of the plans as they are in the admin: nothing of it is written down twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.limits import FEATURES, LIMITS, METERED, Limit
from billing.models import Plan
from billing.money import format_money
from billing.offers import beyond
from billing.promising import promises, value
from billing.selectors import current_plans
from billing.words import described


@dataclass(frozen=True)
class Offer:
    """`monthly` and `yearly` in words; both empty where the plan is sold by talking about it."""

    plan: Plan
    description: str
    monthly: str
    yearly: str
    saving: int  # percent that a year costs less than twelve months
    lines: list[str]
    free: bool


def offers() -> dict[str, Any]:
    plans = current_plans()
    return {
        "offers": [_offer(plan) for plan in plans],
        "limits": [_row(limit, plans) for limit in LIMITS.values() if _told(limit, plans)],
        "features": [
            (feature.label, feature.help, [name in plan.features for plan in plans])
            for name, feature in FEATURES.items()
            if not feature.later
        ],
        "beyond": [
            (one.label, prices)
            for one in METERED.values()
            if any(prices := [beyond(plan, one.limit) for plan in plans])
        ],
    }


def _offer(plan: Plan) -> Offer:
    month, year = plan.price_monthly, plan.price_yearly
    return Offer(
        plan=plan,
        description=described(plan),
        monthly="" if month is None else format_money(month, plan.currency),
        yearly="" if year is None else format_money(year, plan.currency),
        saving=_saving(month, year),
        lines=promises(plan),
        free=month == 0,
    )


def _saving(month: int | None, year: int | None) -> int:
    if not month or year is None or year >= 12 * month:
        return 0
    return 100 - -(-100 * year // (12 * month))  # rounded down: no more is promised than is true


def _told(limit: Limit, plans: list[Plan]) -> bool:
    """What no plan limits is no reason to choose one."""
    return not limit.later and any(getattr(plan, limit.field) is not None for plan in plans)


def _row(limit: Limit, plans: list[Plan]) -> tuple[Any, Any, list[str]]:
    return limit.label, limit.help, [value(limit, plan) for plan in plans]
