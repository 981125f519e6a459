"""A site that sells plans, for tests: two plans with prices, a free one, and a clock that the test turns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from billing.invoices.models import CreditEntry, Invoice, Payment
from billing.invoices.selectors import due, paid
from billing.models import Plan, Subscription
from billing.services import make_default, put_on

BEGIN = datetime(2026, 1, 31, 12, tzinfo=UTC)


def sell() -> dict[str, Plan]:
    """family -> plan; new workspaces are on the free one."""
    make_default(plan=Plan.objects.get(slug="free"))
    return {slug: Plan.objects.get(slug=slug) for slug in ("free", "starter", "team")}


def on_free(workspace: Any) -> Subscription:
    put_on(workspace=workspace, plan=Plan.objects.get(slug="free"))
    return subscription(workspace)


def subscription(workspace: Any) -> Subscription:
    return Subscription.objects.select_related("plan", "next_plan").get(workspace=workspace)


def pay(invoice: Invoice, now: datetime, key: str = "", amount: int | None = None) -> Invoice:
    from billing.invoices import issuing

    key = key or f"transfer:{invoice.pk}"
    said = {"amount": amount, "provider": "manual", "reference": "transfer"}
    return issuing.pay(invoice, **said, key=key, now=now)


def agree(workspace: Any) -> None:
    """Lines, totals, payments and credits of every invoice agree to the minor unit, and numbers have no gap."""
    invoices = list(Invoice.objects.filter(workspace=workspace).prefetch_related("lines"))
    for invoice in invoices:
        _adds_up(invoice)
    for (series, year), running in _numbers().items():
        assert sorted(running) == list(range(1, len(running) + 1)), (series, year)
    for currency in {one.currency for one in CreditEntry.objects.filter(workspace=workspace)}:
        mine = CreditEntry.objects.filter(workspace=workspace, currency=currency)
        assert sum(one.amount for one in mine) >= 0, "more credits were used than there were"


def _adds_up(invoice: Invoice) -> None:
    assert sum(line.amount for line in invoice.lines.all()) == invoice.subtotal
    assert invoice.subtotal + invoice.tax == invoice.total
    entries = CreditEntry.objects.filter(invoice=invoice)
    used = -sum(one.amount for one in entries if one.key.startswith("spent:"))
    excess = sum(one.amount for one in entries if one.key.startswith("excess:"))
    assert used == invoice.credit
    came = paid(invoice)
    status = Invoice.Status
    if invoice.is_credit_note:
        back = sum(one.amount for one in entries if one.key.startswith("note:"))
        assert invoice.total == came - back
    elif invoice.status == status.PAID:
        assert invoice.credit + came - excess == invoice.total
        assert due(invoice) == 0
    elif invoice.status == status.VOID:
        returned = sum(one.amount for one in entries if one.key.startswith("void:"))
        assert (returned, came - excess) == (invoice.credit, 0)
    else:
        assert due(invoice) == invoice.total - invoice.credit - came > 0
    notes = sum(-note.total for note in invoice.credit_notes.all())
    assert 0 <= notes <= max(0, invoice.total)
    assert sum(-note.tax for note in invoice.credit_notes.all()) <= max(0, invoice.tax)


def _numbers() -> dict[tuple[str, int], list[int]]:
    found: dict[tuple[str, int], list[int]] = {}
    for series, year, running in Invoice.objects.values_list("series", "year", "running"):
        found.setdefault((series, year), []).append(running)
    return found


def money_of(workspace: Any) -> int:
    """All that came and stayed, in minor units."""
    return sum(one.amount for one in Payment.objects.filter(invoice__workspace=workspace))
