"""What the pages of plans and invoices show, ready for templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Workspace
from billing import coupons, credits
from billing.invoices import words
from billing.invoices.drafts import parties
from billing.invoices.models import Invoice, Redemption
from billing.invoices.selectors import invoices_of, late, offered
from billing.invoices.telling import day
from billing.models import Plan, Subscription
from billing.money import format_money, per
from billing.payment.providers import provider, way_of
from billing.promising import promises
from billing.selectors import offered as plans_for
from billing.services import subscription_of
from billing.subscriptions import changing, pricing
from billing.subscriptions.terms import is_free, is_sold, price
from billing.words import described

SHOWN = 24  # invoices on the page; all of them are in the CSV


@dataclass(frozen=True)
class Way:
    """One period that a plan can be had for."""

    interval: str
    label: str  # “$29.00 a month”
    is_current: bool


@dataclass(frozen=True)
class Offer:
    plan: Plan
    description: str
    is_current: bool
    ways: list[Way] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # what it allows


def page(workspace: Workspace) -> dict[str, Any]:
    subscription = subscription_of(workspace)
    plans = plans_for(workspace)
    return {
        "workspace": workspace,
        "subscription": subscription,
        "plan": subscription.plan,
        "state": state(subscription),
        "charge": _charge(subscription),
        "following": following(subscription),
        "pays": changing.pays(subscription),
        "offers": list(_offers(subscription, plans)) if any(map(is_sold, plans)) else [],
        "waiting": offered(workspace).first(),
        "late": late(workspace, timezone.now()).first(),
        "invoices": [shown(one) for one in invoices_of(workspace)[:SHOWN]],
        "coupon": coupon_words(coupons.holding(workspace)),
        "credits": [format_money(left, code) for code, left in credits.balances(workspace).items()],
        "brings": bool(settings.PUBLIC and settings.REFERRAL_CREDIT),
        "portal": bool(subscription.provider_ref) and provider(subscription.provider).collects,
    }


def state(subscription: Subscription) -> dict[str, str]:
    """The standing in a word and a colour."""
    Status = Subscription.Status
    tones: dict[str, str] = {Status.ACTIVE: "good", Status.PAST_DUE: "warn", Status.GRACE: "bad"}
    if subscription.in_trial:
        return {"text": _("trial"), "tone": "info"}
    text = str(subscription.get_status_display())
    return {"text": text, "tone": tones.get(subscription.status, "bad")}


def _charge(subscription: Subscription) -> str:
    amount = price(subscription.plan, subscription.interval)
    if not changing.pays(subscription) or not amount:
        return ""
    return per(amount, subscription.plan.currency, subscription.interval)


def following(subscription: Subscription) -> str:
    """What comes next and when, in a sentence; empty where nothing comes."""
    end = subscription.period_end
    if end is None or end <= timezone.now():  # what comes next waits for an invoice to be paid
        return ""
    if subscription.cancel_at_period_end:
        return _("The plan ends on %(day)s.") % {"day": day(end)}
    draft = pricing.next_draft(subscription)
    if draft is None:
        return ""
    said = {"day": day(end), "plan": draft.plan.name}
    said["amount"] = format_money(draft.total, draft.currency)
    if subscription.next_plan_id:
        return _("On %(day)s the plan becomes %(plan)s, for %(amount)s.") % said
    return _("The next period begins on %(day)s and costs %(amount)s.") % said


def _offers(subscription: Subscription, plans: list[Plan]) -> Iterator[Offer]:
    for plan in plans:
        current = plan.pk == subscription.plan_id
        ways = list(_ways(subscription, plan))
        yield Offer(plan, described(plan), current, ways, promises(plan))


def _ways(subscription: Subscription, plan: Plan) -> Iterator[Way]:
    current = plan.pk == subscription.plan_id
    for interval in ("month", "year"):
        amount = price(plan, interval)
        if amount:
            same = current and interval == subscription.interval
            yield Way(interval, per(amount, plan.currency, interval), same)
    if is_free(plan):
        yield Way("", format_money(0, plan.currency), current)


def shown(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice": invoice,
        "heading": words.heading(invoice),
        "state": words.state(invoice),
        "tone": words.tone(invoice),
        "total": format_money(invoice.total, invoice.currency),
    }


def coupon_words(redemption: Redemption | None) -> str:
    """What the coupon that holds takes off, in a sentence."""
    if redemption is None:
        return ""
    coupon = redemption.coupon
    off = f"{words.number(coupon.percent)} %" if coupon.percent is not None else ""
    off = off or format_money(coupon.amount or 0, coupon.currency or "USD")
    said = {"code": coupon.code, "off": off}
    if redemption.ends_at:
        said["day"] = day(redemption.ends_at)
        return _("Coupon %(code)s: %(off)s off until %(day)s.") % said
    if coupon.duration == coupon.Duration.ONCE:
        return _("Coupon %(code)s: %(off)s off the next invoice of the plan.") % said
    return _("Coupon %(code)s: %(off)s off.") % said


def quote(subscription: Subscription, plan: Plan, interval: str) -> dict[str, Any]:
    """What choosing a plan would do, in words. Raises Problem where it cannot be chosen."""
    told = changing.quote(subscription=subscription, plan=plan, interval=interval)
    values = {"told": told, "plan": plan, "interval": interval, "before": subscription.plan}
    values["when"] = _when(told)
    values["automatic"] = way_of(subscription).collects
    if told.draft:
        values["rows"] = [words.row(line, told.draft.currency) for line in told.draft.lines]
        values["sums"] = words.draft_sums(told.draft, told.credit)
        values["due"] = format_money(told.due, told.draft.currency)
        values["customer"] = parties(subscription.workspace)["customer"]
    amount = price(plan, interval)
    values["later"] = per(amount, plan.currency, interval) if amount else ""
    return values


def _when(told: changing.Quote) -> str:
    if told.when == changing.LATER:
        return _(
            "The change happens on %(day)s, at the end of what is paid. Nothing is charged today."
        ) % {"day": day(told.at) if told.at else ""}
    if told.when == changing.NOW:
        return _("The plan changes at once.")
    return _("The plan begins when the invoice is paid.")
