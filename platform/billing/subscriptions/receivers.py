"""What an invoice that is paid brings about, in the transaction of the payment."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from billing.invoices.models import Invoice
from billing.payment.providers import provider
from billing.signals import invoice_paid, invoice_voided
from billing.subscriptions.changing import apply
from billing.subscriptions.dunning import recover


@receiver(invoice_paid)
def go_on(invoice: Invoice, now: datetime, **kwargs: Any) -> None:
    apply(invoice, now)
    if invoice.workspace:
        recover(invoice.workspace, now)


@receiver(invoice_voided)
def owe_less(invoice: Invoice, now: datetime, **kwargs: Any) -> None:
    if invoice.workspace:
        recover(invoice.workspace, now)
    # A page on which it could still be paid is closed, when this has really happened.
    transaction.on_commit(lambda: provider(invoice.provider).forget(invoice), robust=True)
