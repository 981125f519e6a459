"""Invoices as CSV: one row each, amounts as units of the currency, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from billing.invoices.models import Invoice
from billing.invoices.selectors import due
from billing.money import major

HEAD = (
    "number", "kind", "status", "issued", "due", "paid", "customer", "country", "tax_id", "currency",
    "net", "tax_percent", "tax", "total", "paid_with_credits", "to_be_paid", "corrects", "reference",
)  # fmt: skip
RISKY = ("=", "+", "-", "@", "\t", "\r")


def as_csv(invoices: Iterable[Invoice]) -> Iterator[str]:
    """Line by line, with a mark at the beginning by which spreadsheets know that it is UTF-8."""
    yield "\ufeff" + _line(HEAD)
    for invoice in invoices:
        yield _line(_cells(invoice))


def _line(cells: Iterable[object]) -> str:
    out = StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cells(invoice: Invoice) -> Iterator[object]:
    currency = invoice.currency
    yield from (invoice.number, invoice.kind, invoice.status, invoice.issued_at.date())
    yield invoice.due_at.date()
    yield invoice.paid_at.date() if invoice.paid_at else ""
    customer = invoice.customer
    yield from (_safe(customer.get(name, "")) for name in ("name", "country", "tax_id"))
    yield currency
    yield from (major(invoice.subtotal, currency), invoice.tax_percent.normalize())
    yield from (
        major(amount, currency)
        for amount in (invoice.tax, invoice.total, invoice.credit, due(invoice))
    )
    yield invoice.corrects.number if invoice.corrects else ""
    yield _safe(", ".join(one.reference for one in invoice.payments.all() if one.reference))


def _safe(text: str) -> str:
    """What a spreadsheet would take for a formula is text."""
    return f"'{text}" if text.startswith(RISKY) else text
