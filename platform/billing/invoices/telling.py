"""News of invoices: to those who pay, and to webhooks."""

from __future__ import annotations

from typing import Any

from accounts.models import Workspace
from billing.invoices.models import Invoice
from billing.invoices.selectors import due, payers
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


def path(workspace: Workspace, invoice: Invoice) -> str:
    return f"/w/{workspace.slug}/billing/invoices/{invoice.pk}/"
