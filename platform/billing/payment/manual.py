"""Payment by transfer, or however else: an operator marks invoices as paid."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Workspace
from billing.invoices.models import Invoice
from billing.payment.providers import Collected


class Manual:
    name = "manual"
    collects = False

    def terms(self) -> int:
        return int(settings.INVOICE_DAYS)

    def checkout(self, invoice: Invoice, amount: int, back: str) -> str:
        return ""

    def collect(self, invoice: Invoice, amount: int) -> Collected | None:
        return None

    def refund(self, invoice: Invoice, amount: int, key: str) -> str:
        return ""  # the operator sends it, and writes the reference

    def forget(self, invoice: Invoice) -> None:
        pass

    def portal(self, workspace: Workspace, back: str) -> str:
        return ""
