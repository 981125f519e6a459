"""What a plan costs for how long: prices, the ends of periods, parts of them. Whole numbers, to the second."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from billing.models import Plan
from billing.money import rounded

MONTHS = {"month": 1, "year": 12}


def price(plan: Plan, interval: str) -> int | None:
    """Minor units a period; None: the plan is not sold that way."""
    return {"month": plan.price_monthly, "year": plan.price_yearly}.get(interval)


def is_sold(plan: Plan) -> bool:
    return bool(plan.price_monthly or plan.price_yearly)


def is_free(plan: Plan) -> bool:
    """Whether it is offered for nothing; a plan without any price is agreed on with the operator."""
    return not is_sold(plan) and 0 in (plan.price_monthly, plan.price_yearly)


def period_end(anchor: datetime, interval: str, begin: datetime) -> datetime:
    """The end of the period that begins at `begin`; counted from the `anchor`, so that the 31st comes back after
    February."""
    number = 1
    while (end := anchor + relativedelta(months=MONTHS[interval] * number)) <= begin:
        number += 1
    return end


def seconds(span: timedelta) -> int:
    return max(0, span // timedelta(seconds=1))


def part(amount: int, begin: datetime, end: datetime, now: datetime) -> int:
    """What of `amount` falls to the time from `now` to the end of the period, by whole seconds, rounded half up."""
    whole = seconds(end - begin)
    left = min(whole, seconds(end - now))
    # One division of whole numbers: a half is seen as one, whatever the period.
    return rounded(Decimal(amount * left) / whole) if whole else 0


def months_between(begin: datetime, end: datetime) -> int:
    """Whole months that begin before `end`, counting one that has begun."""
    number = 0
    while begin + relativedelta(months=number) < end:
        number += 1
    return number


def level(plan: Plan, interval: str) -> Decimal:
    """By which plans are compared: what a month of it costs."""
    return Decimal(price(plan, interval) or 0) / MONTHS[interval]


def is_upgrade(old: Plan, old_interval: str, new: Plan, new_interval: str) -> bool:
    """Whether the change happens now and is paid now; all others happen at the end of the period.

    An upgrade is never to a shorter period, nor to another currency, and its plan is the larger one by the price of
    the same period; the same plan for a longer period is one, too.
    """
    longer = MONTHS[new_interval] - MONTHS[old_interval]
    if old.currency != new.currency or longer < 0:
        return False
    if old.pk == new.pk:
        return longer > 0
    shared = price(new, old_interval)
    dearer = level(new, new_interval) if shared is None else level(new, old_interval)
    return dearer > level(old, old_interval)
