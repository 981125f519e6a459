"""What a list of invoices comes to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from billing.invoices.models import Invoice, Payment
from billing.money import format_money

Status = Invoice.Status


@dataclass(frozen=True)
class Total:
    """Of one currency, in minor units. What is void claims nothing and only counts."""

    currency: str
    count: int
    net: int = 0
    tax: int = 0
    total: int = 0
    received: int = 0  # in money, what went back taken off
    left: int = 0  # to be paid of what is open

    @property
    def shown(self) -> list[str]:
        """In words: net, tax, total, received, to be paid."""
        amounts = (self.net, self.tax, self.total, self.received, self.left)
        return [format_money(amount, self.currency) for amount in amounts]


def totals(invoices: QuerySet[Invoice]) -> list[Total]:
    """One for each currency; that of the most invoices first."""
    rows = Invoice.objects.filter(pk__in=invoices.order_by().values("pk")).order_by()
    counts = rows.values_list("currency").annotate(count=Count("pk")).order_by("-count", "currency")
    return [_total(rows.filter(currency=code), code, count) for code, count in counts]


def _total(rows: QuerySet[Invoice], currency: str, count: int) -> Total:
    net, tax, gross = _sums(rows.exclude(status=Status.VOID), "subtotal", "tax", "total")
    waiting = rows.filter(status=Status.OPEN)
    total, credit = _sums(waiting, "total", "credit")
    left = total - credit - _paid(waiting)
    return Total(currency, count, net, tax, gross, _paid(rows), left)


def _sums(rows: QuerySet[Invoice], *names: str) -> list[int]:
    found = rows.aggregate(**{f"{name}_sum": Sum(name) for name in names})
    return [int(found[f"{name}_sum"] or 0) for name in names]


def _paid(rows: QuerySet[Invoice]) -> int:
    return int(Payment.objects.filter(invoice__in=rows).aggregate(sum=Sum("amount"))["sum"] or 0)
