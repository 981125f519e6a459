"""What a period of a plan, or a change within one, would claim. Computes and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing import coupons
from billing.invoices.drafts import Draft, Line, tax_of, with_unused
from billing.invoices.models import Invoice, InvoiceLine, Redemption
from billing.models import Plan, Subscription
from billing.money import share
from billing.subscriptions.terms import part, price, seconds

Kind = InvoiceLine.Kind


@dataclass(frozen=True)
class Period:
    """What is charged for: the rest, from `begin` on, of the time from `start` to `end`."""

    plan: Plan
    interval: str
    begin: datetime
    start: datetime | None = None  # None: a whole period
    end: datetime | None = None

    @property
    def charge(self) -> int:
        full = price(self.plan, self.interval) or 0
        if self.start is None or self.end is None:
            return full
        return part(full, self.start, self.end, self.begin)

    @property
    def fraction(self) -> Decimal:
        if self.start is None or self.end is None:
            return Decimal(1)
        return Decimal(seconds(self.end - self.begin)) / seconds(self.end - self.start)


def renewal(
    subscription: Subscription, plan: Plan, interval: str, begin: datetime, end: datetime
) -> Draft:
    lines, redemption = _lines(subscription, Period(plan, interval, begin), end)
    return Draft(
        Invoice.Kind.RENEWAL,
        plan.currency,
        lines,
        tax_of(subscription.workspace),
        plan=plan,
        interval=interval,
        period_start=begin,
        period_end=end,
        redemption=redemption,
    )


def start(subscription: Subscription, plan: Plan, interval: str, now: datetime) -> Draft:
    """The first period, which begins when it is paid or at once. What is left of another period is given back."""
    return _change(subscription, Period(plan, interval, now))


def upgrade(subscription: Subscription, plan: Plan, now: datetime) -> Draft:
    """The same period goes on with a larger plan: its rest is charged at the new price, and what was paid for the
    rest at the old one is given back. Both by whole seconds, each rounded half up."""
    begin, end = subscription.period_start, subscription.period_end
    return _change(subscription, Period(plan, subscription.interval, now, begin, end))


def _change(subscription: Subscription, period: Period) -> Draft:
    """Within the period that goes on where `period` has an end; otherwise a new one, from when the invoice counts."""
    lines, redemption = _lines(subscription, period, period.end)
    back = unused(subscription, period.begin)
    lines, left_over = with_unused(lines, back, _unused(subscription))
    return Draft(
        Invoice.Kind.CHANGE,
        period.plan.currency,
        lines,
        tax_of(subscription.workspace),
        plan=period.plan,
        interval=period.interval,
        period_start=period.begin if period.end else None,
        period_end=period.end,
        left_over=left_over,
        redemption=redemption,
    )


def unused(subscription: Subscription, now: datetime) -> int:
    """Net of what was charged for the time that is left: never more than was charged."""
    begin, end = subscription.value_from, subscription.period_end
    if begin is None or end is None:
        return 0
    return part(subscription.value, begin, end, max(now, begin))


def _unused(subscription: Subscription) -> dict[str, Any]:
    end = subscription.period_end
    return {"plan": subscription.plan.name, "to": end.isoformat() if end else ""}


def _lines(
    subscription: Subscription, period: Period, end: datetime | None = None
) -> tuple[tuple[Line, ...], Redemption | None]:
    """The plan, and what is taken off it; with the coupon that has taken something off."""
    redemption = coupons.holding(subscription.workspace, period.begin)
    lines = tuple(_each(subscription, period, redemption, end))
    used = any(line.kind == Kind.COUPON for line in lines)
    return lines, redemption if used else None


def _each(
    subscription: Subscription,
    period: Period,
    redemption: Redemption | None,
    end: datetime | None,
) -> Iterator[Line]:
    values = {"plan": period.plan.name, "interval": period.interval}
    if end:
        values |= {"from": period.begin.isoformat(), "to": end.isoformat()}
    charge = period.charge
    yield Line(Kind.PLAN, charge, values)
    reduced = share(charge, subscription.concession_percent)
    if reduced:
        yield Line(Kind.STUDENT, -reduced, {"percent": subscription.concession_percent})
    off = coupons.taken_off(
        redemption,
        charge - reduced,
        plan=period.plan,
        interval=period.interval,
        begin=period.begin,
        fraction=period.fraction,
    )
    if off and redemption:
        yield Line(Kind.COUPON, -off, {"code": redemption.coupon.code})


def next_draft(subscription: Subscription) -> Draft | None:
    """What the next period will claim, if nothing changes. None: nothing."""
    end = subscription.period_end
    if end is None or subscription.cancel_at_period_end:
        return None
    plan = subscription.next_plan or subscription.plan
    interval = subscription.next_interval or subscription.interval
    if not price(plan, interval):
        return None
    return replace(renewal(subscription, plan, interval, end, end), period_end=None)
