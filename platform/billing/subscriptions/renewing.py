"""What happens at the end of a period: the next one, another plan, or the end. Repeated as often as one likes."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Workspace
from billing.invoices.drafts import Draft
from billing.invoices.models import Invoice
from billing.models import Subscription
from billing.payment import collecting
from billing.subscribing import mark_used
from billing.subscriptions import pricing
from billing.subscriptions.changing import drop_offers
from billing.subscriptions.table import Status, change, fallback, lock, move
from billing.subscriptions.terms import period_end, price

log = logging.getLogger(__name__)
AT_ONCE = 500  # subscriptions of one sweep


def renew_all(now: datetime | None = None) -> int:
    """Every subscription whose period has ended. One that fails is logged and holds nobody else up."""
    moment = now or timezone.now()
    due = Subscription.objects.filter(period_end__lte=moment, status=Status.ACTIVE)
    renewed = 0
    for subscription in due.select_related("workspace").order_by("period_end")[:AT_ONCE]:
        try:
            renewed += renew(subscription.workspace, moment)
        except Exception:
            log.exception("Could not renew the plan of %s", subscription.workspace_id)
    return renewed


def renew(workspace: Workspace, now: datetime) -> int:
    """One period after the other until one reaches beyond `now`. Returns how many began."""
    number = 0
    while _renew_once(workspace, now):
        number += 1
    return number


@transaction.atomic
def _renew_once(workspace: Workspace, now: datetime) -> bool:
    subscription = lock(workspace)
    begin = subscription.period_end
    if subscription.status != Status.ACTIVE or begin is None or begin > now:
        return False
    drop_offers(workspace, now=now)
    plan = subscription.next_plan or subscription.plan
    interval = subscription.next_interval or subscription.interval
    if subscription.cancel_at_period_end or not price(plan, interval):
        end(subscription, now)
        return False
    same = interval == subscription.interval and subscription.anchor is not None
    anchor = subscription.anchor if same and subscription.anchor else begin
    until = period_end(anchor, interval, begin)
    draft = pricing.renewal(subscription, plan, interval, begin, until)
    _begin(subscription, draft, anchor, now)
    return True


def _begin(subscription: Subscription, draft: Draft, anchor: datetime, now: datetime) -> Invoice:
    workspace, plan = subscription.workspace, draft.plan
    mark_used(plan)
    change(
        workspace,
        plan=plan,
        interval=draft.interval,
        period_start=draft.period_start,
        period_end=draft.period_end,
        anchor=anchor,
        value=draft.value,
        value_from=draft.period_start,
        next_plan=None,
        next_interval="",
    )
    if plan.pk != subscription.plan_id:
        said = {"before": subscription.plan_id, "to": plan.pk, "interval": draft.interval}
        audit.record(workspace, "plan.changed", about=plan.name, **said)
    key = f"renewal:{workspace.pk}:{draft.period_start:%Y%m%dT%H%M%S}"
    return collecting.claim(subscription, draft, key=key, now=now)


def end(subscription: Subscription, now: datetime) -> None:
    """Nothing is paid for any more: the free plan where there is one, otherwise read-only. Nothing is deleted."""
    workspace, free = subscription.workspace, fallback()
    nothing: dict[str, Any] = {
        "interval": "",
        "period_start": None,
        "period_end": None,
        "anchor": None,
    }
    nothing |= {"value": 0, "value_from": None, "cancel_at_period_end": False}
    nothing |= {"next_plan": None, "next_interval": "", "late_since": None, "grace_ends": None}
    change(workspace, **nothing)
    move(workspace, Status.ENDED)
    if free is not None:
        move(workspace, Status.ACTIVE, plan=free)
    audit.record(
        workspace,
        "plan.ended",
        about=subscription.plan.name,
        before=subscription.plan_id,
        to=free.pk if free else "",
    )
