"""Bills what was used beyond the plan: once a calendar month, after it has ended."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from billing import credits, statement
from billing.invoices.drafts import Draft, Line, usage_draft
from billing.invoices.models import Invoice, InvoiceLine
from billing.invoices.selectors import corrected
from billing.models import Balance, Subscription, month_start
from billing.payment import collecting
from billing.subscriptions.table import lock

log = logging.getLogger(__name__)
SETTLES = timedelta(hours=1)  # after the end of a month, for what is still being booked in it


def bill_all(now: datetime | None = None) -> None:
    """The month before this one, of every workspace that has used something beyond its plan."""
    moment = now or timezone.now()
    end = month_start(moment)
    if moment < end + SETTLES:
        return
    begin = end - relativedelta(months=1)
    used = Balance.objects.filter(month=begin.date(), cost_millionths__gt=0)
    for workspace in Workspace.objects.filter(pk__in=used.values("workspace")):
        try:
            bill(workspace, begin, end, moment)
        except Exception:
            log.exception("Could not bill what %s has used", workspace.pk)


@transaction.atomic
def bill(workspace: Workspace, begin: datetime, end: datetime, now: datetime) -> Invoice | None:
    """One invoice a month. What is refunded in the ledger after that becomes a credit: the two stay in agreement."""
    subscription = lock(workspace)
    key = f"usage:{workspace.pk}:{begin:%Y-%m}"
    draft = _draft(workspace, subscription, begin, end)
    found = Invoice.objects.filter(key=key).first()
    if found is not None:
        _give_back(found, draft)
        return found
    if draft.subtotal <= 0:
        return None
    return collecting.claim(subscription, draft, key=key, now=now)


def _draft(
    workspace: Workspace, subscription: Subscription, begin: datetime, end: datetime
) -> Draft:
    lines = [_line(line, begin) for line in statement.lines(workspace, begin, end) if line.amount]
    return usage_draft(workspace, subscription.plan.currency, lines)


def _line(line: statement.Line, begin: datetime) -> Line:
    values = {"meter": line.meter, "month": f"{begin:%Y-%m}"}
    values |= {"quantity": str(line.quantity), "included": str(line.included)}
    units = line.units.quantize(Decimal("0.000001"))
    return Line(InvoiceLine.Kind.USAGE, line.amount, values, units, line.unit_price)


def _give_back(invoice: Invoice, draft: Draft) -> None:
    """Each further refund of the month gives what it takes off, once."""
    if invoice.workspace is None or invoice.status != Invoice.Status.PAID:
        return
    given = invoice.credit_entries.filter(key__startswith=f"used-back:{invoice.pk}:")
    already = sum(entry.amount for entry in given)
    taken_back, _tax = corrected(invoice)
    back = invoice.total - taken_back - already - draft.total
    if back > 0:
        key = f"used-back:{invoice.pk}:{draft.total}"
        given_to = (invoice.workspace, back, invoice.currency, invoice.number, key)
        credits.grant(*given_to, invoice=invoice)
