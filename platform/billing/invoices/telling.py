"""News of invoices: to those who pay, and to webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from accounts.models import Workspace
from billing.invoices.models import Invoice
from billing.invoices.selectors import due, payers
from billing.money import format_money
from notify.services import announce


def tell(kind: str, invoice: Invoice, number: int = 0) -> None:
    """`number` sets one reminder apart from the next; without it, the same is told once."""
    workspace = invoice.workspace
    if workspace is None:
        return
    announce(
        kind=kind,
        key=f"{kind}:{invoice.pk}:{number}",
        values=values(invoice),
        workspace=workspace,
        to=payers(workspace),
        path=path(workspace, invoice),
    )


def values(invoice: Invoice) -> dict[str, Any]:
    """Plain JSON: what a webhook is sent, and what the words are made of."""
    return {
        "invoice": str(invoice.pk),
        "number": invoice.number,
        "kind": invoice.kind,
        "currency": invoice.currency,
        "total": invoice.total,
        "due": due(invoice),
        "due_at": invoice.due_at.isoformat(),
        "workspace_name": invoice.workspace.name if invoice.workspace else "",
    }


def spoken(topic: str, values: Mapping[str, Any]) -> dict[str, str]:
    """Amounts and days of news about invoices, in the language of the moment."""
    if topic != "bills":
        return {}
    currency = str(values["currency"])
    amounts = {
        f"{name}_text": format_money(int(values[name]), currency) for name in ("total", "due")
    }
    return {**amounts, "due_day": day(datetime.fromisoformat(str(values["due_at"])))}


def day(moment: datetime) -> str:
    """In the site's time zone, as the reader's language writes it."""
    return date_format(timezone.localtime(moment, timezone.get_default_timezone()), "DATE_FORMAT")


def path(workspace: Workspace, invoice: Invoice) -> str:
    return f"/w/{workspace.slug}/billing/invoices/{invoice.pk}/"
