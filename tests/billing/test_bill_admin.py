"""Invoices, coupons and credits in the admin."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User, Workspace
from billing import credits
from billing.invoices import issuing
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import Coupon, Invoice, InvoiceLine, Seller

PAGE = "/admin/billing/invoice/"


DUE = timezone.now() + timedelta(days=14)


def draft() -> Draft:
    line = Line(InvoiceLine.Kind.PLAN, 2900, {"plan": "Starter"})
    return Draft(Invoice.Kind.RENEWAL, "USD", (line,), Tax(Decimal(0)))


@pytest.fixture
def invoice(workspace: Workspace) -> Invoice:
    given = {"key": "k", "provider": "manual", "due_at": DUE}
    return issuing.issue(workspace, draft(), **given, applied=True)


def once(form: dict[str, str]) -> dict[str, str]:
    return form | {"key": str(uuid.uuid4())}


@pytest.mark.parametrize(
    "model",
    ["invoice", "coupon", "creditentry", "seller", "taxrate", "billingdetails", "redemption", "providerevent"],
)  # fmt: skip
def test_lists_and_searches(admin: Client, invoice: Invoice, model: str) -> None:
    for query in ("", "?q=a"):
        assert admin.get(f"/admin/billing/{model}/{query}").status_code == 200


def test_a_transfer_is_recorded_and_sent_back(admin: Client, invoice: Invoice) -> None:
    page = f"{PAGE}{invoice.pk}/"
    assert "Record a payment" in admin.get(f"{page}change/").content.decode()
    assert 'value="29' in admin.get(f"{page}act/pay/").content.decode()
    admin.post(f"{page}act/pay/", once({"amount": "29.00", "reference": "SEPA 7"}))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.payments.get().reference) == ("paid", "SEPA 7")
    entry = AuditEntry.objects.get(verb="invoice.payment")
    assert entry.who == "operator@example.org"
    admin.post(f"{page}act/refund/", once({"amount": "9.5", "reason": "slow"}))
    admin.post(f"{page}act/refund/", once({"amount": "1", "reason": "slow", "to_credits": "on"}))
    assert [note.total for note in invoice.credit_notes.order_by("running")] == [-950, -100]
    said = admin.post(f"{page}act/refund/", once({"amount": "99", "reason": "x"}), follow=True)
    assert "At most" not in said.content.decode()
    assert "Send back less" in said.content.decode()


def test_actions_void_give_up_and_file(admin: Client, invoice: Invoice) -> None:
    chosen: dict[str, Any] = {"_selected_action": [str(invoice.pk)]}
    rows = b"".join(admin.post(PAGE, chosen | {"action": "as_file"}).streaming_content)  # type: ignore[attr-defined]
    assert invoice.number in rows.decode()
    admin.post(PAGE, chosen | {"action": "give_up"})
    admin.post(PAGE, chosen | {"action": "mark_paid"})
    invoice.refresh_from_db()
    assert invoice.status == "paid"
    assert admin.get(f"{PAGE}{invoice.pk}/pdf/")["Content-Type"] == "application/pdf"


def test_the_list_says_what_it_comes_to(admin: Client, invoice: Invoice) -> None:
    """What is void is counted and claims nothing; a credit note is taken off."""
    page = f"{PAGE}{invoice.pk}/act/"
    admin.post(f"{page}pay/", once({"amount": "29.00", "reference": "SEPA 7"}))
    assert 'value="29.00"' in admin.get(f"{page}refund/").content.decode(), "all that can go back"
    admin.post(f"{page}refund/", once({"amount": "9.5", "reason": "slow"}))
    assert invoice.workspace
    for key, void in (("k2", True), ("k3", False)):
        other = issuing.issue(invoice.workspace, draft(), key=key, provider="manual", due_at=DUE)
        if void:
            issuing.void(other, reason="wrong")
    (total,) = admin.get(PAGE).context["totals"]
    assert total.shown == ["$48.50", "$0.00", "$48.50", "$19.50", "$29.00"]
    assert (total.currency, total.count) == ("USD", 4)
    (paid,) = admin.get(f"{PAGE}?status__exact=paid").context["totals"]
    assert (paid.count, paid.net, paid.left) == (2, 1950, 0)


def test_clicked_twice_it_is_booked_once(admin: Client, invoice: Invoice) -> None:
    chosen = {"action": "mark_paid", "_selected_action": [str(invoice.pk)]}
    admin.post(PAGE, chosen)
    admin.post(PAGE, chosen)
    assert invoice.payments.get().amount == invoice.total
    form = once({"amount": "5.00", "reason": "slow"})
    for _again in range(2):
        admin.post(f"{PAGE}{invoice.pk}/act/refund/", form)
    assert invoice.credit_notes.get().total == -500


def test_somebody_who_may_only_look_does_nothing(client: Client, invoice: Invoice) -> None:
    looker = User.objects.create_user("looker@example.org", "secret", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_invoice"))
    client.force_login(looker, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(PAGE).status_code == 200
    for action in ("mark_paid", "give_up"):
        client.post(PAGE, {"action": action, "_selected_action": [str(invoice.pk)]})
    paid = client.post(f"{PAGE}{invoice.pk}/act/pay/", once({"amount": "29.00", "reference": "x"}))
    assert paid.status_code == 403
    invoice.refresh_from_db()
    assert invoice.status == "open"
    assert not invoice.payments.exists()


def test_an_invoice_is_made_void_and_never_edited(admin: Client, invoice: Invoice) -> None:
    page = f"{PAGE}{invoice.pk}/"
    assert admin.post(f"{page}change/", {"total": "1"}).status_code == 403
    assert admin.post(f"{page}delete/", {"post": "yes"}).status_code == 403
    assert admin.get(f"{page}act/nonsense/").status_code == 403
    admin.post(f"{page}act/void/", {"reason": "wrong customer"})
    invoice.refresh_from_db()
    assert invoice.status == "void"


def test_credits_are_given_and_stay(admin: Client, workspace: Workspace) -> None:
    page = admin.get("/admin/billing/creditentry/add/").content.decode()
    key = re.findall(r'name="key" value="([-0-9a-f]+)"', page)[0]
    form = {"workspace": workspace.pk, "currency": "usd", "amount": "500", "reason": "sorry"}
    form["key"] = key
    for _click in range(2):
        assert admin.post("/admin/billing/creditentry/add/", form).status_code == 302
    assert credits.balance(workspace, "USD") == 500
    assert AuditEntry.objects.filter(verb="credit.granted").count() == 1
    assert admin.post("/admin/billing/creditentry/add/", form | {"amount": "-5"}).status_code == 200
    assert credits.balance(workspace, "USD") == 500


def test_a_coupon_needs_percent_or_amount(admin: Client) -> None:
    form = {"code": "A", "duration": "once", "active": "on"}
    assert admin.post("/admin/billing/coupon/add/", form).status_code == 200
    assert admin.post("/admin/billing/coupon/add/", form | {"percent": "10"}).status_code == 302
    assert Coupon.objects.get().percent == 10


def test_a_coupon_that_was_entered_keeps_its_terms(admin: Client) -> None:
    coupon = Coupon.objects.create(code="SPRING", percent=20, used=1)
    admin.post(f"/admin/billing/coupon/{coupon.pk}/change/", {"code": "OTHER", "percent": "90"})
    coupon.refresh_from_db()
    assert (coupon.code, coupon.percent) == ("SPRING", 20)


def test_there_is_one_seller(admin: Client) -> None:
    admin.post("/admin/billing/seller/add/", {"name": "We", "prefix": "INV"})
    assert Seller.objects.get().name == "We"
    assert admin.get("/admin/billing/seller/add/").status_code == 403
