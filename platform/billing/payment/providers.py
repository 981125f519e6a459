"""Who collects the money: by hand (`manual`), or Stripe. One shape for both; the setting ATTUNE_PAYMENT chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import Workspace
from billing.invoices.models import Invoice
from billing.models import Subscription


@dataclass(frozen=True)
class Collected:
    """What became of a try to collect. `reference` is the provider's; `declined` says why it was refused."""

    reference: str = ""
    declined: str = ""
    pending: bool = False  # the provider tells later, by an event

    @property
    def paid(self) -> bool:
        return bool(self.reference) and not self.declined and not self.pending


class Provider(Protocol):
    name: str
    # Collects without the customer, from a card that it keeps; otherwise somebody pays each invoice.
    collects: bool

    def terms(self) -> int:
        """Days in which an invoice is to be paid."""

    def checkout(self, invoice: Invoice, amount: int, back: str) -> str:
        """The address of a page on which the invoice is paid, that leads to `back`; empty: there is none."""

    def collect(self, invoice: Invoice, amount: int) -> Collected | None:
        """Tries to take the money now, once a try. None: it can't, somebody has to pay."""

    def refund(self, invoice: Invoice, amount: int, key: str) -> str:
        """Sends money back, once a key; returns the reference, empty where that is done by hand."""

    def forget(self, invoice: Invoice) -> None:
        """The invoice is void: an open page for it takes no money any more. Never raises."""

    def portal(self, workspace: Workspace, back: str) -> str:
        """The address of a page on which the customer changes the card; empty: there is none."""


PROVIDERS = {
    "manual": "billing.payment.manual.Manual",
    "stripe": "billing.payment.stripes.Stripe",
}


def provider(name: str = "") -> Provider:
    """By name, or that which new invoices get."""
    made: Provider = import_string(PROVIDERS[name or settings.PAYMENT])()
    return made


def way_of(subscription: Subscription, *, renews: bool = False) -> Provider:
    """How the workspace pays what is charged next. `renews`: for what it has already, which stays with its provider."""
    if subscription.by_invoice:
        return provider("manual")
    return provider(subscription.provider if renews else "")
