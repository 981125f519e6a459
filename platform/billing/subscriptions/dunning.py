"""What happens while an invoice is not paid: reminders, then read-only, then the end; and back when it is paid.

All by days after the invoice was due, from the settings. Each step is taken once, whatever the order of the calls.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Workspace
from billing.invoices import issuing
from billing.invoices.models import Invoice
from billing.invoices.selectors import late, offered, paid
from billing.invoices.telling import tell
from billing.models import Subscription
from billing.subscriptions.renewing import end
from billing.subscriptions.table import Status, lock, move

log = logging.getLogger(__name__)


def remind_all(now: datetime | None = None) -> None:
    """Every workspace that owes something, and offers that nobody took. One that fails holds nobody else up."""
    moment = now or timezone.now()
    open_late = Invoice.objects.filter(status=Invoice.Status.OPEN, due_at__lte=moment)
    owing = set(open_late.exclude(workspace=None).values_list("workspace", flat=True))
    ending = Subscription.objects.filter(status=Status.GRACE, grace_ends__lte=moment)
    for pk in owing | set(ending.values_list("workspace", flat=True)):
        try:
            remind(Workspace.objects.get(pk=pk), moment)
        except Exception:
            log.exception("Could not remind %s", pk)


@transaction.atomic
def remind(workspace: Workspace, now: datetime) -> None:
    subscription = lock(workspace)
    _lapse(workspace, now)
    owed = list(late(workspace, now))
    for invoice in owed:
        _tell(invoice, now)
    if owed:
        _tighten(subscription, owed[0], now)
    if subscription.status == Status.GRACE and _is_over(subscription, now):
        _give_up(subscription, owed, now)


def _lapse(workspace: Workspace, now: datetime) -> None:
    """A plan that was chosen and not paid in time was an offer: it is void, and nobody owes anything."""
    for invoice in offered(workspace).filter(due_at__lte=now):
        if not paid(invoice):
            issuing.void(invoice, reason="not paid in time", now=now)


def _tell(invoice: Invoice, now: datetime) -> None:
    """That it is overdue, then the reminders; after a stand-still of the site only the last of those."""
    mine = Invoice.objects.filter(pk=invoice.pk)
    if mine.filter(overdue_at=None).update(overdue_at=now):
        tell("invoice.overdue", invoice)
        return
    reached = [n for n, days in enumerate(settings.REMINDERS, 1) if _days(invoice, now) >= days]
    number = max(reached, default=0)
    if number and mine.filter(reminded__lt=number).update(reminded=number):
        tell("invoice.overdue", invoice, number)


def _days(invoice: Invoice, now: datetime) -> int:
    return (now - invoice.due_at) // timedelta(days=1)


def _tighten(subscription: Subscription, oldest: Invoice, now: datetime) -> None:
    workspace = subscription.workspace
    if move(workspace, Status.PAST_DUE, late_since=oldest.due_at):
        audit.record(workspace, "plan.past_due", about=oldest.number)
    ends = now + timedelta(days=settings.GRACE_DAYS)
    if _days(oldest, now) >= settings.GRACE_AFTER and move(
        workspace, Status.GRACE, grace_ends=ends
    ):
        audit.record(workspace, "plan.read_only", about=oldest.number, until=ends)
        tell("invoice.read_only", oldest)


def _is_over(subscription: Subscription, now: datetime) -> bool:
    return subscription.grace_ends is not None and subscription.grace_ends <= now


def _give_up(subscription: Subscription, owed: list[Invoice], now: datetime) -> None:
    for invoice in owed:
        issuing.give_up(invoice, now=now)
    end(subscription, now)


def recover(workspace: Workspace, now: datetime) -> None:
    """After something was paid: with nothing owed any more, all is as before."""
    if late(workspace, now).exists():
        return
    subscription = lock(workspace)
    if subscription.status in (Status.PAST_DUE, Status.GRACE):
        move(workspace, Status.ACTIVE, late_since=None, grace_ends=None)
        audit.record(workspace, "plan.recovered", about=subscription.plan.name)
