"""Whether there is room for more of a meter this month: within the plan, or beyond it at a price under a cap."""

from __future__ import annotations

import math
from decimal import Decimal

from django.db.models import QuerySet, Sum

from accounts.models import Workspace
from billing.allowing import Limits, limits_of
from billing.booking import beyond, included
from billing.checks import refusal
from billing.limits import METERED
from billing.meters import open_holds
from billing.models import Balance, Hold, month_of
from billing.offers import spending
from billing.subscribing import subscription_of
from training.problems import Problem


def check_meter(
    workspace: Workspace,
    meter: str,
    wanted: int,
    *,
    holds: QuerySet[Hold] | None = None,
    limits: Limits | None = None,
) -> Decimal:
    """What `wanted` units more would cost beyond the plan, in minor units. `holds`: those that count, by default all.

    Raises the limit's Problem where there is no price for it or nobody has set a cap, and Problem(`quota.spending`).
    """
    limits = limits or limits_of(workspace)
    holds = open_holds(workspace) if holds is None else holds
    metered, allowed = METERED[meter], included(limits, meter)
    if allowed is None:
        return Decimal(0)
    # Holds first: what settles between the two looks is counted twice rather than never.
    held = holds.filter(meter=meter).aggregate(total=Sum("seconds"))["total"] or 0
    used = _used(workspace, meter) + held
    over = beyond(used, wanted, allowed)
    if over <= 0:
        return Decimal(0)
    price: Decimal | None = getattr(limits.plan, metered.price)
    if price is None or not subscription_of(workspace).spending_cap:
        unit = 60 if metered.per == 60 else 1
        raise refusal(workspace, limits, metered.limit, used // unit, math.ceil(wanted / unit))
    cost = over / metered.per * price
    _check_cap(workspace, cost, holds)
    return cost


def _check_cap(workspace: Workspace, cost: Decimal, holds: QuerySet[Hold]) -> None:
    subscription = subscription_of(workspace)
    spent = spent_of(workspace) + (holds.aggregate(total=Sum("cost"))["total"] or 0)
    if spent + cost > subscription.spending_cap:
        raise Problem("quota.spending", **spending(workspace, subscription, spent, cost))


def spent_of(workspace: Workspace) -> Decimal:
    """What use beyond the plan has cost this calendar month, in minor units, not rounded."""
    rows = Balance.objects.filter(workspace=workspace, month=month_of())
    return max(Decimal(0), sum((row.cost for row in rows), Decimal(0)))


def _used(workspace: Workspace, meter: str) -> Decimal:
    row = Balance.objects.filter(workspace=workspace, meter=meter, month=month_of()).first()
    return max(Decimal(0), row.used) if row else Decimal(0)
