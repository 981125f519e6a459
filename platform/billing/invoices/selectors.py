"""Reads of invoices."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from accounts.access import Action, roles_that
from accounts.models import User, Workspace
from billing.invoices.models import Invoice

Status = Invoice.Status
OFFERS = Q(kind=Invoice.Kind.CHANGE, applied_at=None)  # of plans that begin when they are paid
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
    return invoices_of(workspace).filter(status=Status.OPEN).exclude(OFFERS)


def offered(workspace: Workspace) -> QuerySet[Invoice]:
    """Open invoices of plans that start when they are paid; at most one."""
    return invoices_of(workspace).filter(OFFERS, status=Status.OPEN)


def late(workspace: Workspace, now: datetime) -> QuerySet[Invoice]:
    return binding(workspace).filter(due_at__lte=now).order_by("due_at")


def payers(workspace: Workspace) -> list[User]:
    """Those members whose role may pay."""
    mine = {
        "memberships__workspace": workspace,
        "memberships__role__in": roles_that(Action.BILLING),
    }
    return list(User.objects.filter(is_active=True, **mine).distinct())
