"""Coupons: entering one, and what it takes off the price of a plan."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Workspace
from billing.invoices.models import Coupon, Invoice, Redemption
from billing.money import rounded
from billing.subscriptions.table import lock
from billing.subscriptions.terms import MONTHS, months_between
from training.problems import Problem

Duration = Coupon.Duration


@transaction.atomic
def redeem(*, workspace: Workspace, code: str, now: datetime | None = None) -> Redemption:
    """Enters a coupon; one that holds already gives way. Raises Problem(`coupon.*`).

    The use is counted by one conditional UPDATE: of many who enter the last one at once, one gets it.
    """
    moment = now or timezone.now()
    subscription = lock(workspace)
    coupon = Coupon.objects.filter(code__iexact=code.strip(), active=True).first()
    if coupon is None:
        raise Problem("coupon.unknown", coupon=code.strip()[:40])
    if Redemption.objects.filter(workspace=workspace, coupon=coupon).exists():
        raise Problem("coupon.again", coupon=coupon.code)
    if coupon.expires_at and coupon.expires_at <= moment:
        raise Problem("coupon.expired", coupon=coupon.code)
    if (
        coupon.currency
        and subscription.plan.currency != coupon.currency
        and subscription.period_end
    ):
        raise Problem("coupon.currency", coupon=coupon.code, currency=coupon.currency)
    free = Q(most=None) | Q(used__lt=F("most"))
    if not Coupon.objects.filter(free, pk=coupon.pk).update(used=F("used") + 1):
        raise Problem("coupon.used_up", coupon=coupon.code)
    Redemption.objects.filter(workspace=workspace, ended_at=None).update(ended_at=moment)
    return Redemption.objects.create(
        workspace=workspace, coupon=coupon, ends_at=_end(coupon, moment)
    )


def _end(coupon: Coupon, begin: datetime) -> datetime | None:
    if coupon.duration != Duration.MONTHS:
        return None
    return begin + relativedelta(months=coupon.months or 1)


def holding(workspace: Workspace, now: datetime | None = None) -> Redemption | None:
    """The coupon that would be taken off the next invoice of the plan."""
    mine = Redemption.objects.filter(workspace=workspace, ended_at=None, spent_on=None)
    mine = mine.filter(Q(ends_at=None) | Q(ends_at__gt=now or timezone.now()))
    return mine.select_related("coupon").order_by("-at").first()


def taken_off(
    redemption: Redemption | None,
    charge: int,
    *,
    plan: Any,
    interval: str,
    begin: datetime,
    fraction: Decimal = Decimal(1),
) -> int:
    """What the coupon takes off `charge`, in minor units, 0 to the whole of it.

    `fraction` is the part of the period that is charged: a fixed amount shrinks with it. A coupon that ends within a
    longer period takes off its months of it.
    """
    if redemption is None or not _fits(redemption.coupon, plan):
        return 0
    coupon = redemption.coupon
    months = _months(redemption, interval, begin)
    if coupon.percent is not None:
        whole = Decimal(charge) * coupon.percent / 100
    else:
        once = coupon.duration == Duration.ONCE
        whole = Decimal(coupon.amount or 0) * (1 if once else fraction)
    return max(0, min(charge, rounded(whole * months / MONTHS[interval])))


def _fits(coupon: Coupon, plan: Any) -> bool:
    families = {name.strip() for name in coupon.families.split(",") if name.strip()}
    fits_plan = not families or plan.family in families
    return fits_plan and (not coupon.currency or coupon.currency == plan.currency)


def _months(redemption: Redemption, interval: str, begin: datetime) -> int:
    """How many months of a period that begins then it holds for."""
    if redemption.ends_at is None:
        return MONTHS[interval]
    return min(MONTHS[interval], months_between(begin, redemption.ends_at))


def spend(redemption: Redemption, invoice: Invoice) -> None:
    """A coupon that holds once has done its work."""
    if redemption.coupon.duration == Duration.ONCE:
        Redemption.objects.filter(pk=redemption.pk).update(spent_on=invoice)


def give_back(invoice: Invoice) -> None:
    """The invoice was void: its coupon holds again."""
    Redemption.objects.filter(spent_on=invoice).update(spent_on=None)
