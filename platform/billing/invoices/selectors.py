"""Reads of invoices."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet, Sum

from accounts.access import TABLE, Action
from accounts.models import User, Workspace
from billing.invoices.models import Invoice

Status = Invoice.Status
CLAIMS = (Invoice.Kind.CHANGE, Invoice.Kind.RENEWAL, Invoice.Kind.USAGE)


def paid(invoice: Invoice) -> int:
    """What came in money and stays with us."""
    return int(invoice.payments.aggregate(total=Sum("amount"))["total"] or 0)


def due(invoice: Invoice) -> int:
    """What is still to be paid, in minor units; zero for what is paid or void."""
    if invoice.status not in (Status.OPEN, Status.UNCOLLECTIBLE):
        return 0
    return invoice.total - invoice.credit - paid(invoice)


def corrected(invoice: Invoice) -> tuple[int, int]:
    """What credit notes have taken back of it so far: (total, tax), above zero."""
    sums = invoice.credit_notes.aggregate(total=Sum("total"), tax=Sum("tax"))
    return -int(sums["total"] or 0), -int(sums["tax"] or 0)


def invoices_of(workspace: Workspace) -> QuerySet[Invoice]:
    return Invoice.objects.filter(workspace=workspace).select_related("plan", "workspace")


def binding(workspace: Workspace) -> QuerySet[Invoice]:
    """Open invoices that are owed: not those of a plan that only starts when it is paid."""
    waiting = {"kind": Invoice.Kind.CHANGE, "applied_at": None}
    return invoices_of(workspace).filter(status=Status.OPEN).exclude(**waiting)


def offered(workspace: Workspace) -> QuerySet[Invoice]:
    """Open invoices of plans that start when they are paid; at most one."""
    mine = invoices_of(workspace).filter(status=Status.OPEN)
    return mine.filter(kind=Invoice.Kind.CHANGE, applied_at=None)


def late(workspace: Workspace, now: datetime) -> QuerySet[Invoice]:
    return binding(workspace).filter(due_at__lte=now).order_by("due_at")


def payers(workspace: Workspace) -> list[User]:
    """Those members whose role may pay."""
    roles = [role for role, actions in TABLE.items() if Action.BILLING in actions]
    mine = {"memberships__workspace": workspace, "memberships__role__in": roles}
    return list(User.objects.filter(is_active=True, **mine).distinct())
