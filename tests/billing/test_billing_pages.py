"""The pages and the API on which a plan is changed and invoices are seen; and read-only, wherever something begins."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Workspace
from billing.invoices import issuing
from billing.invoices.drafts import Draft, Line, Tax
from billing.invoices.models import BillingDetails, Coupon, Invoice, InvoiceLine
from billing.models import Plan, Subscription
from billing.services import make_default
from projects.models import Project
from tests.billing.selling import on_free, pay, sell, subscription

STARTER = {"plan": "starter", "interval": "month"}


@pytest.fixture
def page(workspace: Workspace) -> str:
    sell()
    on_free(workspace)
    return f"/w/{workspace.slug}/billing/"


@pytest.fixture
def paying(page: str, workspace: Workspace, alice_client: Client) -> Workspace:
    alice_client.post(f"{page}change/", STARTER)
    pay(Invoice.objects.get(), timezone.now())
    return workspace


def text(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_plans_are_chosen_seen_and_paid(page: str, alice_client: Client, workspace: Any) -> None:
    said = text(alice_client.get(page))
    assert "$29.00 a month" in said
    assert "$1,490.00 a year" in said
    assert "Agreed on with the operator" in said
    assert "No invoices yet" in said
    preview = text(alice_client.get(f"{page}change/", STARTER))
    assert "Charged today" in preview
    assert "Order for $29.00" in preview
    assert "begins when the invoice is paid" in preview
    assert not Invoice.objects.exists(), "to look costs nothing"
    answer = alice_client.post(f"{page}change/", STARTER, follow=True)
    assert "The plan Starter begins when this is paid" in text(answer)
    assert "begins when its invoice is paid" in text(alice_client.get(page))
    pay(Invoice.objects.get(), timezone.now())
    said = text(alice_client.get(page))
    assert "The next period begins on" in said
    assert "costs $29.00" in said


def test_a_smaller_plan_is_said_to_come_later(paying: Any, page: str, alice_client: Client) -> None:
    alice_client.post(f"{page}change/", {"plan": "team", "interval": "month"})
    assert subscription(paying).plan.slug == "team"
    preview = text(alice_client.get(f"{page}change/", STARTER))
    assert "Charged today: nothing" in preview
    alice_client.post(f"{page}change/", STARTER)
    assert "the plan becomes Starter" in text(alice_client.get(page))
    alice_client.post(f"{page}undo/")
    assert "the plan becomes Starter" not in text(alice_client.get(page))


def test_who_deletes_a_workspace_is_told_of_its_plan(
    page: str, alice_client: Client, workspace: Workspace
) -> None:
    settings_page, said = f"/w/{workspace.slug}/settings/", "Its plan ends now as well"
    assert said not in text(alice_client.get(settings_page))
    alice_client.post(f"{page}change/", STARTER)
    pay(Invoice.objects.get(), timezone.now())
    assert said in text(alice_client.get(settings_page))


def test_no_next_period_is_promised_while_one_that_is_over_waits_for_money(
    paying: Any, page: str, alice_client: Client
) -> None:
    assert "The next period begins" in text(alice_client.get(page))
    over = timezone.now() - timedelta(days=1)
    Subscription.objects.filter(workspace=paying).update(period_end=over, status="grace")
    assert "The next period begins" not in text(alice_client.get(page))


def test_cancel_and_keep(paying: Any, page: str, alice_client: Client) -> None:
    alice_client.post(f"{page}cancel/")
    said = text(alice_client.get(page))
    assert "The plan ends on" in said
    assert "Keep Starter" in said
    alice_client.post(f"{page}undo/")
    assert "Cancel the plan" in text(alice_client.get(page))


def test_what_is_due_is_called_late_at_once_and_leads_to_its_invoice(
    page: str, paying: Workspace, alice_client: Client
) -> None:
    line = Line(InvoiceLine.Kind.PLAN, 2900, {"plan": "Starter", "interval": "month"})
    draft = Draft(Invoice.Kind.RENEWAL, "USD", (line,), Tax(Decimal(0)))
    given = {"key": "late", "provider": "manual", "due_at": timezone.now(), "applied": True}
    owed = issuing.issue(paying, draft, **given)
    assert "overdue" in text(alice_client.get(f"{page}invoices/{owed.pk}/"))
    Subscription.objects.filter(workspace=paying).update(status="past_due")
    here = alice_client.get(page).content.decode()
    assert here.count("is overdue") == 1, "said once"
    assert f'href="{page}invoices/{owed.pk}/"' in here
    refused = alice_client.get(f"{page}change/", {"plan": "team", "interval": "month"})
    assert "To plan and invoices" in text(refused)


def test_details_coupon_and_credits(page: str, alice_client: Client, workspace: Any) -> None:
    Coupon.objects.create(code="HELLO", percent=10)
    refused = alice_client.post(f"{page}coupon/", {"code": "nonsense"})
    assert refused.status_code == 422
    assert "There is no such coupon" in text(refused)
    assert "Billing details" in text(refused), "the page stays, with the reason at the field"
    alice_client.post(f"{page}coupon/", {"code": "hello"})
    assert "Coupon HELLO: 10 % off the next invoice" in text(alice_client.get(page))
    wrong = alice_client.post(f"{page}details/", {"name": "ACME", "country": "XX"})
    assert wrong.status_code == 422
    alice_client.post(f"{page}details/", {"name": "ACME", "country": "DE"})
    assert BillingDetails.objects.get().country == "DE"
    assert "Germany" in text(alice_client.get(f"{page}change/", STARTER))


def test_the_invoice_its_pdf_and_the_csv(paying: Any, page: str, alice_client: Client) -> None:
    invoice = Invoice.objects.get()
    said = text(alice_client.get(f"{page}invoices/{invoice.pk}/"))
    for word in (invoice.number, "paid", "Plan Starter", "$29.00", "Bill to alice"):
        assert word in said
    file = alice_client.get(f"{page}invoices/{invoice.pk}/pdf/")
    assert file["Content-Type"] == "application/pdf"
    assert invoice.number in file["Content-Disposition"]
    rows = b"".join(alice_client.get(f"{page}invoices.csv").streaming_content)  # type: ignore[attr-defined]
    assert invoice.number in rows.decode()


def test_members_are_told_who_may(page: str, bob_client: Client) -> None:
    answer = bob_client.get(page)
    assert answer.status_code == 403
    assert "alice@example.org" in text(answer)


def test_an_installation_of_ones_own_shows_no_prices(
    workspace: Workspace, alice_client: Client
) -> None:
    make_default(plan=Plan.objects.get(slug="internal"))
    said = text(alice_client.get(f"/w/{workspace.slug}/billing/"))
    assert "no other plans are offered here" in said
    assert "$" not in said


# --- read-only ----------------------------------------------------------------------------------------------------


@pytest.fixture
def late(paying: Workspace) -> Workspace:
    Subscription.objects.filter(workspace=paying).update(
        status="grace", grace_ends=timezone.now() + timedelta(days=3)
    )
    return paying


def test_every_page_says_that_it_is_read_only(
    late: Workspace, alice_client: Client, bob_client: Client
) -> None:
    said = text(alice_client.get(f"/w/{late.slug}/"))
    assert "This workspace is read-only, because an invoice was not paid" in said
    assert "Pay now" in said
    said = text(bob_client.get(f"/w/{late.slug}/"))
    assert "Pay now" not in said
    assert "Ask an owner of the workspace" in said


def test_nothing_new_begins_and_what_is_there_is_seen(
    late: Workspace, alice: Any, alice_client: Client, api: Any
) -> None:
    given = {"workspace": late, "task": "text-classification", "created_by": alice}
    project = Project.objects.create(name="Old", **given)
    address = f"/w/{late.slug}/p/{project.pk}/"
    file = {"file": SimpleUploadedFile("a.csv", b"text,label\na,b\n")}
    refused = [
        alice_client.post(f"/w/{late.slug}/new/", {"name": "New", "task": "ner"}),
        alice_client.post(f"{address}upload/", file),
        api.post("/api/v1/projects/", {"name": "New", "task": "ner"}, format="json"),
    ]
    for answer in refused:
        assert answer.status_code == 403, answer.request["PATH_INFO"]
        assert "plan.read_only" in answer.content.decode() or "read-only" in text(answer)
    assert alice_client.get(address).status_code == 200
    assert api.get("/api/v1/projects/").status_code == 200
    gone = alice_client.post(f"{address}delete/", {"name": "Old"})
    assert gone.status_code == 302, "what is there may be removed"


def test_a_late_invoice_is_said_before_anything_is_refused(
    paying: Workspace, alice_client: Client
) -> None:
    Subscription.objects.filter(workspace=paying).update(status="past_due")
    said = text(alice_client.get(f"/w/{paying.slug}/"))
    assert "An invoice of this workspace is overdue" in said
    made = {"name": "New", "task": "text-classification"}
    assert alice_client.post(f"/w/{paying.slug}/new/", made).status_code == 302


# --- the API ------------------------------------------------------------------------------------------------------


def test_the_api_changes_the_plan_and_reads_invoices(
    page: str, workspace: Workspace, api: Any
) -> None:
    base = f"/api/v1/workspaces/{workspace.slug}/"
    assert api.get(f"{base}subscription/").json()["plan"] == "free"
    changed = api.patch(f"{base}subscription/", STARTER, format="json").json()
    assert changed["subscription"]["plan"] == "free", "until the invoice is paid"
    assert (changed["invoice"]["due"], changed["pay_url"]) == (2900, "")
    found = Invoice.objects.get()
    issuing.pay(found, provider="manual", key="k")
    mine = api.get(f"{base}subscription/").json()
    assert (mine["plan"], mine["next_total"], mine["currency"]) == ("starter", 2900, "USD")
    ended = api.patch(f"{base}subscription/", {"cancel_at_period_end": True}, format="json")
    assert ended.json()["subscription"]["cancel_at_period_end"] is True
    assert api.patch(f"{base}subscription/", {}, format="json").status_code == 400
    rows = api.get(f"{base}invoices/").json()["results"]
    assert [row["number"] for row in rows] == [found.number]
    one = api.get(f"/api/v1/invoices/{found.pk}/").json()
    assert one["lines"][0]["title"] == "Plan Starter, one month"
    assert api.get(f"/api/v1/invoices/{found.pk}/pdf/").content.startswith(b"%PDF")
