"""Changes of the plan that people ask for: what would happen, and doing it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User, Workspace
from billing import credits
from billing.invoices import issuing
from billing.invoices.drafts import Draft
from billing.invoices.models import Invoice
from billing.invoices.selectors import OFFERS, late, offered
from billing.models import Plan, Subscription
from billing.offers import billing_page
from billing.payment.providers import way_of
from billing.subscribing import mark_used
from billing.subscriptions import pricing
from billing.subscriptions.table import Status, change, lock, move
from billing.subscriptions.terms import is_free, is_sold, is_upgrade, period_end, price
from training.problems import Problem

NOW, PAID, LATER = "now", "paid", "later"


@dataclass(frozen=True)
class Quote:
    """What choosing a plan would do. `draft` is what is claimed for it now; None where that happens later."""

    plan: Plan
    interval: str
    when: str  # now · paid: once the invoice is paid · later: at the end of the period
    at: datetime | None = None  # when it is later
    draft: Draft | None = None
    credit: int = 0  # what credits pay of it

    @property
    def due(self) -> int:
        return self.draft.total - self.credit if self.draft else 0


def pays(subscription: Subscription) -> bool:
    """Whether there is a period that was charged and has not ended."""
    return subscription.period_end is not None and subscription.status != Status.ENDED


def quote(
    *, subscription: Subscription, plan: Plan, interval: str, now: datetime | None = None
) -> Quote:
    """Raises Problem(`plan.*`) where the plan cannot be chosen."""
    moment = now or timezone.now()
    _check(subscription, plan, interval, moment)
    if not is_sold(plan) or (pays(subscription) and not _is_now(subscription, plan, interval)):
        return Quote(plan, interval, LATER, subscription.period_end)
    draft = _draft(subscription, plan, interval, moment)
    balance = credits.balance(subscription.workspace, draft.currency)
    credit = min(balance, draft.total)
    when = NOW if _begins_at_once(subscription) or credit == draft.total else PAID
    return Quote(plan, interval, when, draft=draft, credit=credit)


def _is_now(subscription: Subscription, plan: Plan, interval: str) -> bool:
    return is_upgrade(subscription.plan, subscription.interval, plan, interval)


def _draft(subscription: Subscription, plan: Plan, interval: str, now: datetime) -> Draft:
    if pays(subscription) and interval == subscription.interval:
        return pricing.upgrade(subscription, plan, now)
    return pricing.start(subscription, plan, interval, now)


def _begins_at_once(subscription: Subscription) -> bool:
    """Who pays already is trusted with the invoice; newcomers pay first, unless the operator says otherwise."""
    if way_of(subscription).collects:
        return False
    return pays(subscription) or settings.PLAN_STARTS == "invoiced"


def _check(subscription: Subscription, plan: Plan, interval: str, now: datetime) -> None:
    if not plan.public or plan.retired_at or not (is_sold(plan) or is_free(plan)):
        raise Problem("plan.not_offered", plan=plan.name)
    if is_sold(plan) and not price(plan, interval):
        raise Problem("plan.interval", plan=plan.name, interval=interval)
    if late(subscription.workspace, now).exists():
        raise Problem(
            "plan.arrears", plan=plan.name, offer_url=billing_page(subscription.workspace)
        )
    if plan.pk == subscription.plan_id and (interval == subscription.interval or not is_sold(plan)):
        raise Problem("plan.same", plan=plan.name)
    if not is_sold(plan) and not pays(subscription):
        raise Problem("plan.not_offered", plan=plan.name)


@transaction.atomic
def choose(
    *,
    workspace: Workspace,
    plan: Plan,
    interval: str,
    user: User | None = None,
    now: datetime | None = None,
) -> Invoice | None:
    """Changes the plan, now or at the end of the period. Returns the invoice that was written for it.

    The plan has begun if the invoice is applied; otherwise it begins when that is paid. An earlier choice that was
    not paid gives way.
    """
    moment = now or timezone.now()
    subscription = lock(workspace)
    _check(subscription, plan, interval, moment)
    drop_offers(workspace, now=moment)
    told = quote(subscription=subscription, plan=plan, interval=interval, now=moment)
    spoken = {"to": plan.pk, "interval": interval, "when": told.when}
    audit.record(workspace, "plan.chosen", user=user, about=plan.name, **spoken)
    if told.draft is None:
        _later(subscription, plan, interval)
        return None
    return _charge(subscription, told, moment)


def _later(subscription: Subscription, plan: Plan, interval: str) -> None:
    free = not is_sold(plan)
    following = {} if free else {"next_plan": plan, "next_interval": interval}
    change(
        subscription.workspace,
        **({"next_plan": None, "next_interval": "", "cancel_at_period_end": free} | following),
    )


def _charge(subscription: Subscription, told: Quote, now: datetime) -> Invoice:
    assert told.draft is not None  # noqa: S101  (the caller has looked)
    way = way_of(subscription)
    invoice = issuing.issue(
        subscription.workspace,
        told.draft,
        key=f"change:{uuid.uuid4()}",
        provider=way.name,
        due_at=now + timedelta(days=max(1, way.terms())),
        now=now,
    )
    if told.when == NOW:
        apply(invoice, now)
    return Invoice.objects.get(pk=invoice.pk)


def drop_offers(workspace: Workspace, now: datetime | None = None) -> None:
    """Of plans that were chosen and have not been paid."""
    for invoice in offered(workspace):
        if not invoice.payments.exists():
            issuing.void(invoice, reason="another choice", now=now)


def apply(invoice: Invoice, now: datetime) -> None:
    """The plan that the invoice is for begins; once."""
    waiting = Invoice.objects.filter(OFFERS, pk=invoice.pk)
    if invoice.workspace is None or not waiting.update(applied_at=now):
        return
    subscription = lock(invoice.workspace)
    _begin(subscription, invoice, now)
    move(invoice.workspace, Status.ACTIVE, late_since=None, grace_ends=None)
    if invoice.left_over:
        given = (invoice.workspace, invoice.left_over, invoice.currency, invoice.number)
        credits.grant(*given, f"left:{invoice.pk}", invoice=invoice)
    said = {"before": subscription.plan_id, "to": invoice.plan_id, "interval": invoice.interval}
    name = invoice.plan.name if invoice.plan else ""
    audit.record(invoice.workspace, "plan.changed", about=name, **said)


def _begin(subscription: Subscription, invoice: Invoice, now: datetime) -> None:
    """Within the period that goes on, or a new one from now."""
    goes_on = invoice.period_end is not None
    start = subscription.period_start if goes_on else now
    end = invoice.period_end or period_end(now, invoice.interval, now)
    if invoice.plan:
        mark_used(invoice.plan)
    change(
        subscription.workspace,
        plan=invoice.plan,
        interval=invoice.interval,
        period_start=start,
        period_end=end,
        anchor=subscription.anchor if goes_on else now,
        value=invoice.value,
        value_from=invoice.period_start if goes_on else now,
        provider=invoice.provider,
        cancel_at_period_end=False,
        next_plan=None,
        next_interval="",
        trial_plan=None,
        trial_ends_at=None,
    )


@transaction.atomic
def cancel(*, workspace: Workspace, user: User | None = None) -> None:
    """Nothing is charged any more; the plan holds until the end of what is paid."""
    subscription = lock(workspace)
    if not pays(subscription):
        raise Problem("plan.nothing_to_cancel", plan=subscription.plan.name)
    drop_offers(workspace)
    change(workspace, cancel_at_period_end=True, next_plan=None, next_interval="")
    audit.record(workspace, "plan.cancelled", user=user, about=subscription.plan.name)


@transaction.atomic
def undo(*, workspace: Workspace, user: User | None = None) -> None:
    """What was to happen at the end of the period does not."""
    subscription = lock(workspace)
    if not (subscription.cancel_at_period_end or subscription.next_plan_id):
        raise Problem("plan.nothing_to_undo", plan=subscription.plan.name)
    change(workspace, cancel_at_period_end=False, next_plan=None, next_interval="")
    audit.record(workspace, "plan.kept", user=user, about=subscription.plan.name)
