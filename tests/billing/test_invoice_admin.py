"""Operators mark invoices as paid, void or given up; nothing that was issued is edited."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEntry, User, Workspace
from billing.invoices.models import Coupon, Invoice, Payment
from billing.models import Plan
from billing.subscriptions import changing
from tests.billing.selling import BEGIN, agree, on_free, sell, subscription

ACTIONS = "/admin/billing/invoice/"


@pytest.fixture
def invoice(workspace: Workspace) -> Invoice:
    plans: dict[str, Plan] = sell()
    on_free(workspace)
    made = changing.choose(workspace=workspace, plan=plans["starter"], interval="month", now=BEGIN)
    assert made
    return made


def act(client: Client, action: str, invoice: Invoice) -> str:
    chosen = {"action": action, "_selected_action": [str(invoice.pk)]}
    return client.post(ACTIONS, chosen, follow=True).content.decode()


def test_marked_as_paid_the_plan_begins_once(
    admin: Client, workspace: Workspace, invoice: Invoice
) -> None:
    act(admin, "mark_paid", invoice)
    said = act(admin, "mark_paid", invoice)
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.PAID
    assert f"{invoice.number} is paid." in said
    assert Payment.objects.get(invoice=invoice).amount == invoice.total
    assert subscription(workspace).plan.slug == "starter"
    told = AuditEntry.objects.get(verb="invoice.payment")
    assert told.who == "operator@example.org"
    agree(workspace)


def test_void_leaves_the_number_and_nothing_is_owed(
    admin: Client, workspace: Workspace, invoice: Invoice
) -> None:
    act(admin, "make_void", invoice)
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.VOID
    assert subscription(workspace).plan.slug == "free"
    assert "The invoice is not open" in act(admin, "mark_paid", invoice) or not (
        Payment.objects.filter(invoice=invoice).exists()
    )


def test_what_was_issued_is_only_read(admin: Client, invoice: Invoice) -> None:
    page = admin.get(f"{ACTIONS}{invoice.pk}/change/")
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert admin.get(f"{ACTIONS}add/").status_code == 403
    assert admin.post(f"{ACTIONS}{invoice.pk}/delete/", {"post": "yes"}).status_code == 403


def test_somebody_who_may_only_look_marks_nothing(client: Client, invoice: Invoice) -> None:
    from django.contrib.auth.models import Permission

    looker = User.objects.create_user("looker@example.org", "secret", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_invoice"))
    client.force_login(looker, backend="allauth.account.auth_backends.AuthenticationBackend")
    act(client, "mark_paid", invoice)
    invoice.refresh_from_db()
    assert invoice.status == Invoice.Status.OPEN


@pytest.mark.parametrize(
    "model", ["invoice", "payment", "creditentry", "coupon", "taxrate", "seller", "billingdetails"]
)
def test_lists(admin: Client, invoice: Invoice, model: str) -> None:
    assert admin.get(f"/admin/billing/{model}/").status_code == 200


def test_a_coupon_that_was_entered_keeps_its_terms(admin: Client) -> None:
    coupon = Coupon.objects.create(code="SPRING", percent=20, used=1)
    admin.post(f"/admin/billing/coupon/{coupon.pk}/change/", {"code": "OTHER", "percent": "90"})
    coupon.refresh_from_db()
    assert (coupon.code, coupon.percent) == ("SPRING", 20)
