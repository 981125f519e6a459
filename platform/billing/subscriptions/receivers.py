"""What follows for a subscription from what happens to invoices and workspaces, in the same transaction."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import Workspace
from accounts.signals import workspace_deleted
from billing.invoices.models import Invoice
from billing.payment.providers import provider
from billing.signals import invoice_paid, invoice_voided
from billing.subscriptions.changing import apply, drop_offers
from billing.subscriptions.dunning import recover
from billing.subscriptions.renewing import end
from billing.subscriptions.table import lock


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


@receiver(workspace_deleted)
def close(workspace: Workspace, **kwargs: Any) -> None:
    """Nothing is charged for it any more. What was used and what is owed stays to be paid."""
    drop_offers(workspace)
    end(lock(workspace), timezone.now())
