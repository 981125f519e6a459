"""Invoices as CSV: one row each, amounts as units of the currency, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billing.invoices.models import Invoice
from billing.invoices.selectors import due
from billing.money import major
from training.exports.shape import csv_lines

HEAD = (
    "number", "kind", "status", "issued", "due", "paid", "customer", "country", "tax_id", "currency",
    "net", "tax_percent", "tax", "total", "paid_with_credits", "to_be_paid", "corrects", "reference",
)  # fmt: skip


def as_csv(invoices: Iterable[Invoice]) -> Iterator[str]:
    """Line by line, with a mark at the beginning by which spreadsheets know that it is UTF-8."""
    yield "\ufeff" + csv_lines([HEAD])
    for invoice in invoices:
        yield csv_lines([_cells(invoice)])


def _cells(invoice: Invoice) -> Iterator[object]:
    currency = invoice.currency
    yield from (invoice.number, invoice.kind, invoice.status, invoice.issued_at.date())
    yield invoice.due_at.date()
    yield invoice.paid_at.date() if invoice.paid_at else ""
    customer = invoice.customer
    yield from (customer.get(name, "") for name in ("name", "country", "tax_id"))
    yield currency
    yield from (major(invoice.subtotal, currency), invoice.tax_percent.normalize())
    yield from (
        major(amount, currency)
        for amount in (invoice.tax, invoice.total, invoice.credit, due(invoice))
    )
    yield invoice.corrects.number if invoice.corrects else ""
    yield ", ".join(one.reference for one in invoice.payments.all() if one.reference)
