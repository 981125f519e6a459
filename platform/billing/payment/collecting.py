"""Collects what is due without the customer, where a card is kept; tries again later when it was refused."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import User
from billing.invoices import issuing
from billing.invoices.drafts import Draft
from billing.invoices.models import Invoice
from billing.invoices.selectors import due
from billing.invoices.telling import tell
from billing.models import Subscription
from billing.payment.providers import provider, way_of

log = logging.getLogger(__name__)
AT_ONCE = 50  # invoices of one sweep: each is a call of another server
LEASE = timedelta(minutes=10)  # for which whoever tries has it alone


def claim(subscription: Subscription, draft: Draft, *, key: str, now: datetime) -> Invoice:
    """The invoice for what has happened by itself, once a `key`; where a card is kept, it is collected from then on."""
    way = way_of(subscription, renews=True)
    due_at = now + timedelta(days=way.terms())
    given: dict[str, Any] = {"key": key, "provider": way.name, "due_at": due_at, "now": now}
    invoice = issuing.issue(subscription.workspace, draft, **given, applied=True)
    if way.collects:
        Invoice.objects.filter(pk=invoice.pk, status=Invoice.Status.OPEN).update(try_at=now)
    return invoice


def collect_all(now: datetime | None = None) -> None:
    moment = now or timezone.now()
    waiting = Invoice.objects.filter(status=Invoice.Status.OPEN, try_at__lte=moment)
    for invoice in waiting.order_by("try_at")[:AT_ONCE]:
        mine = Invoice.objects.filter(pk=invoice.pk, try_at=invoice.try_at)
        if not mine.update(try_at=moment + LEASE):
            continue
        try:
            collect(invoice, moment)
        except Exception:
            log.exception("Could not collect %s", invoice.number)


def collect(invoice: Invoice, now: datetime | None = None) -> bool:
    """Tries once. False: somebody has to pay it. Outside of a transaction: it asks another server."""
    moment = now or timezone.now()
    amount = due(invoice)
    if amount <= 0:
        return False
    way = provider(invoice.provider)
    got = way.collect(invoice, amount)
    if got is None:
        Invoice.objects.filter(pk=invoice.pk).update(try_at=None)
        return False
    if got.paid:
        key = f"{way.name}:{got.reference}"
        said: dict[str, Any] = {"amount": amount, "provider": way.name, "reference": got.reference}
        issuing.pay(invoice, **said, key=key, now=moment)
    elif not got.pending:
        _refused(invoice, got.declined, moment)
    return got.paid


def _refused(invoice: Invoice, why: str, now: datetime) -> None:
    """Counts the try, and sets the day of the next: each so many days after the invoice was due."""
    tried = invoice.tries + 1
    days = settings.CARD_RETRIES
    following = None
    if tried <= len(days):
        following = max(now, invoice.due_at + timedelta(days=days[tried - 1]))
    mine = Invoice.objects.filter(pk=invoice.pk, tries=invoice.tries, status=Invoice.Status.OPEN)
    if not mine.update(tries=tried, try_at=following):
        return
    tell("invoice.declined", invoice, tried)
    if invoice.workspace:
        audit.record(invoice.workspace, "invoice.declined", about=invoice.number, reason=why)


def checkout(invoice: Invoice, back: str) -> str:
    """The page on which the invoice is paid; empty where there is none."""
    amount = due(invoice)
    if amount <= 0 or invoice.status != Invoice.Status.OPEN:
        return ""
    return provider(invoice.provider).checkout(invoice, amount, back)


def pay_or_lead(invoice: Invoice) -> str:
    """Right after a choice of the customer's: takes the money where that can be done, else the address of the page on
    which it is paid; empty where nothing is to be paid, or not on a page."""
    if invoice.status != Invoice.Status.OPEN or not provider(invoice.provider).collects:
        return ""
    return "" if collect(invoice) else checkout(invoice, address(invoice))


def address(invoice: Invoice) -> str:
    """Of its page here, to which the payment page leads back."""
    slug = invoice.workspace.slug if invoice.workspace else ""
    path = reverse("invoice", kwargs={"slug": slug, "invoice_id": invoice.pk})
    return str(settings.SITE_URL) + path


def refund(
    invoice: Invoice, *, amount: int, reason: str, key: str, user: User | None = None
) -> Invoice:
    """Sends money back by the way it came, then writes the credit note. Repeated with the key, both happen once."""
    issuing.check_refund(invoice, amount)
    reference = provider(invoice.provider).refund(invoice, amount, key)
    # The provider tells of it as well, maybe sooner than this line: by its own id both find the same note.
    known = refund_key(invoice.provider, reference) if reference else key
    said: dict[str, Any] = {"amount": amount, "reason": reason, "reference": reference}
    return issuing.correct(invoice, **said, key=known, user=user)


def refund_key(name: str, reference: str) -> str:
    return f"{name}:refund:{reference}"
