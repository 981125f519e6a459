"""What an invoice would say, before it is one: lines, discounts, tax. Computes and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Workspace
from billing.invoices.models import (
    BillingDetails,
    Invoice,
    InvoiceLine,
    Redemption,
    Seller,
    TaxRate,
)
from billing.money import share

Kind = InvoiceLine.Kind


@dataclass(frozen=True)
class Line:
    kind: str
    amount: int  # minor units, net
    values: dict[str, Any] = field(default_factory=dict)  # plain JSON, for its words
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None  # None: the amount

    @property
    def price(self) -> Decimal:
        return Decimal(self.amount) if self.unit_price is None else self.unit_price


@dataclass(frozen=True)
class Tax:
    percent: Decimal
    note: str = ""  # reverse_charge, exempt


@dataclass(frozen=True)
class Draft:
    """`left_over` is the net that is given back beyond what the invoice claims: it becomes a credit."""

    kind: str
    currency: str
    lines: tuple[Line, ...]
    tax_rate: Tax
    plan: Any = None
    interval: str = ""
    period_start: datetime | None = None
    period_end: datetime | None = None
    left_over: int = 0
    redemption: Redemption | None = None  # whose coupon has taken something off
    fixed_tax: int | None = None  # of a credit note: what is left of its invoice's

    @property
    def subtotal(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def tax(self) -> int:
        """Of the whole net at once, so that it is rounded once."""
        if self.fixed_tax is not None:
            return self.fixed_tax
        return share(self.subtotal, self.tax_rate.percent)

    @property
    def total(self) -> int:
        return self.subtotal + self.tax

    @property
    def value(self) -> int:
        """Net of the plan's part: without usage, and without what comes back of an earlier plan."""
        of_plan = (Kind.PLAN, Kind.STUDENT, Kind.COUPON)
        return sum(line.amount for line in self.lines if line.kind in of_plan)

    @property
    def gross_left_over(self) -> int:
        return self.left_over + share(self.left_over, self.tax_rate.percent)


def with_unused(
    lines: Iterable[Line], unused: int, values: dict[str, Any]
) -> tuple[tuple[Line, ...], int]:
    """The lines and one that gives `unused` back, as far as there is something to take it from; and what is left."""
    given = tuple(lines)
    net = sum(line.amount for line in given)
    taken = min(net, unused)
    if taken:
        given += (Line(Kind.UNUSED, -taken, values),)
    return given, unused - taken


def tax_of(workspace: Workspace) -> Tax:
    """By the country of the customer, else that of the seller; the rate of `*` where the country has none."""
    details = BillingDetails.objects.filter(workspace=workspace).first() or BillingDetails()
    if details.exempt:
        return Tax(Decimal(0), "exempt")
    seller = Seller.objects.first() or Seller()
    country = (details.country or seller.country).upper()
    rates = {rate.country: rate for rate in TaxRate.objects.filter(country__in=[country, "*"])}
    rate = rates.get(country) or rates.get("*")
    if rate is None:
        return Tax(Decimal(0))
    abroad = country != seller.country.upper()
    if rate.reverse_charge and abroad and details.tax_id:
        return Tax(Decimal(0), "reverse_charge")
    return Tax(rate.percent)


def parties(workspace: Workspace) -> dict[str, dict[str, str]]:
    """Seller and customer as they are now, to be copied onto the invoice."""
    seller = Seller.objects.first() or Seller()
    details = BillingDetails.objects.filter(workspace=workspace).first() or BillingDetails()
    return {"seller": dict(_seller(seller)), "customer": dict(_customer(details, workspace))}


def _seller(seller: Seller) -> Iterator[tuple[str, str]]:
    for name in ("name", "address", "country", "tax_id", "email", "payment", "footer"):
        yield name, getattr(seller, name)


def _customer(details: BillingDetails, workspace: Workspace) -> Iterator[tuple[str, str]]:
    for name in ("address", "country", "tax_id", "email", "reference"):
        yield name, getattr(details, name)
    yield "name", details.name or workspace.name
    yield "workspace", workspace.slug


def usage_draft(workspace: Workspace, currency: str, lines: Iterable[Line]) -> Draft:
    return Draft(Invoice.Kind.USAGE, currency, tuple(lines), tax_of(workspace))
