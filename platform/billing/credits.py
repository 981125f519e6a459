"""Credits of a workspace: money it has with us, that pays for invoices before anything else does."""

from __future__ import annotations

from django.db.models import Sum

from accounts.models import Workspace
from billing.invoices.models import CreditEntry, Invoice


def grant(
    workspace: Workspace,
    amount: int,
    currency: str,
    reason: str,
    key: str,
    *,
    invoice: Invoice | None = None,
) -> CreditEntry:
    """Gives `amount` (minor units, above zero), once a `key`: a second call returns the first entry.

    Raises ValueError for an amount of zero or below: credits are taken by invoices alone.
    """
    if amount <= 0:
        raise ValueError(f"A credit of {amount}; expected a whole number of 1 or more.")
    given = {"workspace": workspace, "amount": amount, "currency": currency}
    given |= {"reason": reason[:200], "invoice": invoice}
    return CreditEntry.objects.get_or_create(key=key, defaults=given)[0]


def balance(workspace: Workspace, currency: str) -> int:
    """What is left, in minor units. For a decision, hold the lock of the workspace's subscription."""
    mine = CreditEntry.objects.filter(workspace=workspace, currency=currency)
    return int(mine.aggregate(total=Sum("amount"))["total"] or 0)


def balances(workspace: Workspace) -> dict[str, int]:
    """Currency -> what is left of it, where there is any."""
    mine = CreditEntry.objects.filter(workspace=workspace).order_by().values_list("currency")
    return {currency: total for currency, total in mine.annotate(total=Sum("amount")) if total}


def spend(workspace: Workspace, invoice: Invoice, amount: int) -> None:
    """Takes what the invoice says that credits pay of it. The caller holds the lock and has asked `balance`."""
    CreditEntry.objects.create(
        workspace=workspace,
        amount=-amount,
        currency=invoice.currency,
        reason=invoice.number,
        invoice=invoice,
        key=f"spent:{invoice.pk}",
    )
