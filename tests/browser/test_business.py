"""A month of a site that sells plans: a first model, a limit, two ways to pay, help from a second person, a run that
failed on our side, a smaller plan; and what the operator sees of it, to the cent.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.billing.fake_stripe_pages import DECLINED, GOOD

from ..training.conftest import rows_of
from . import books
from .test_upload import send
from .trade import PASSWORD, deliver, show

pytestmark = pytest.mark.browser
CHECK = 60_000  # milliseconds, for a busy machine
TICKETS = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows_of(90))


# --- the operator opens the shop --------------------------------------------------------------------------------------


def becomes_the_operator(walk: Any, said: str) -> None:
    """By the link that `up` prints."""
    found = re.search(r"this link first will: http://[^/]+(/\S+)", said)
    assert found
    walk.go(found[1])
    walk.page.get_by_label("E-mail address").fill("operator@example.org")
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.page.get_by_role("button", name="Become the operator").click()
    walk.page.wait_for_url("**/w/**")


def opens_the_shop(walk: Any) -> None:
    """Who sends the invoices, what tax is due, what newcomers get, and what an hour of computing costs."""
    seller = {"name": "Fern & Oak GmbH", "address": "Lindenweg 3\n10115 Berlin", "country": "DE"}
    seller |= {"tax_id": "DE123456789", "payment": "IBAN DE02 1203 0000 0000 2020 51"}
    adds(walk, "billing/seller", **seller)
    adds(walk, "billing/taxrate", country="DE", percent="19")
    adds(walk, "billing/taxrate", country="AT", percent="20")
    adds(walk, "portal/price", device="cpu", per_hour="360")
    walk.go("/admin/billing/plan/")
    walk.page.get_by_role("row", name=re.compile("Free")).get_by_role("checkbox").check()
    walk.page.locator("select[name=action]").select_option("make_default")
    walk.page.get_by_role("button", name="Go", exact=True).click()
    expect(walk.page.get_by_text("New workspaces get the plan")).to_be_visible()


def adds(walk: Any, model: str, **values: str) -> None:
    walk.go(f"/admin/{model}/add/")
    for name, value in values.items():
        fills(walk.page.locator(f"form [name={name}]"), value)
    walk.page.get_by_role("button", name="Save", exact=True).click()
    expect(walk.page.locator(".success")).to_be_visible()


def fills(field: Any, value: str) -> None:
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


# --- somebody comes ---------------------------------------------------------------------------------------------------


def comes_from_the_landing_page(walk: Any) -> None:
    walk.go()
    show(walk, "landing")
    walk.page.get_by_role("link", name="Prices").first.click()
    expect(walk.page.get_by_role("heading", name="Starter")).to_be_visible()
    expect(walk.page.get_by_text("$29.00")).to_be_visible()
    show(walk, "pricing")
    walk.page.get_by_role("link", name="Begin for free").click()


def signs_up(walk: Any, email: str) -> None:
    walk.page.get_by_label("Email").fill(email)
    walk.page.get_by_label("Password").fill(PASSWORD)
    walk.page.get_by_role("button", name="Create account").click()
    expect(walk.page.get_by_role("heading", name="Projects")).to_be_visible()


# --- a first model ----------------------------------------------------------------------------------------------------


def brings_data(walk: Any, behind: Any, file: Path) -> None:
    show(walk, "first-steps")
    makes_a_project(walk, "Support")
    walk.page.goto(walk.page.url + "upload/")
    send(walk, file, TICKETS.encode())
    walk.page.get_by_role("button", name="Check data").click()
    behind.work()
    walk.page.wait_for_url("**/versions/**", timeout=CHECK)


def makes_a_project(walk: Any, name: str) -> None:
    walk.go()
    walk.page.get_by_role("link", name="New project").first.click()
    walk.page.get_by_role("textbox", name="Name").fill(name)
    walk.page.get_by_role("button", name="Create project").click()
    expect(walk.page.get_by_role("heading", name=name, level=1)).to_be_visible()


def starts_a_run(walk: Any) -> None:
    """With the smallest base there is, and the least effort."""
    walk.page.get_by_role("link", name="Train a model").first.click()
    walk.page.get_by_role("button", name="Continue").click()
    walk.page.locator("#effort-quick").check()
    walk.page.get_by_role("button", name="Continue").click()
    show(walk, "review")
    walk.page.get_by_role("button", name="Start training").click()
    expect(walk.page.locator("#run-badge")).to_be_visible()


# --- the limit, and the offer -----------------------------------------------------------------------------------------


def meets_a_limit(walk: Any) -> None:
    """Three projects are in Free. What lifts that stands beside the refusal, and one click away."""
    for name in ("Reviews", "Invoices"):
        makes_a_project(walk, name)
    walk.go()
    walk.page.get_by_role("link", name="New project").first.click()
    walk.page.get_by_role("textbox", name="Name").fill("One more")
    walk.page.get_by_role("button", name="Create project").click()
    expect(walk.page.get_by_text("The plan Starter allows it.")).to_be_visible()
    show(walk, "limit")


# --- paid by card -----------------------------------------------------------------------------------------------------


def pays_by_card(walk: Any, stripe: Any, stack: Any) -> None:
    """A card that is declined changes nothing. The plan begins when Stripe tells that the money is there."""
    walk.page.get_by_role("link", name="See what lifts this limit").click()
    expect(walk.page.get_by_role("heading", name="Billing details")).to_be_visible()
    show(walk, "billing-free")
    walk.page.get_by_role("link", name="Choose by the month Starter").click()
    expect(walk.page.get_by_text("$34.51").first).to_be_visible()
    show(walk, "change")
    walk.page.get_by_role("button", name="Pay $34.51").click()
    enters_a_card(walk, DECLINED, "Pay 34.51 USD")
    expect(walk.page.get_by_text("Your card was declined.")).to_be_visible()
    enters_a_card(walk, GOOD, "Pay 34.51 USD")
    expect(walk.page.get_by_text("The payment is on its way")).to_be_visible()
    show(walk, "checkout-return")
    outcomes = deliver(stripe, stack)
    assert outcomes == ["done", "done", "done", "done", "stale", "stale"]


def enters_a_card(walk: Any, number: str, button: str) -> None:
    walk.page.get_by_label("Card number").fill(number)
    walk.page.get_by_role("button", name=button).click()


# --- a second person labels, and does not train -----------------------------------------------------------------------


def asks_somebody_in(walk: Any, guest: Any) -> None:
    walk.go("/w/ada/settings/members/")
    walk.page.get_by_role("button", name="Invite people").click()
    walk.page.locator("#invite-form [name=role]").select_option("annotator")
    walk.page.get_by_role("button", name="Invite", exact=True).click()
    guest.page.goto(walk.page.locator("#link code").inner_text())
    show(guest, "invitation")
    guest.page.get_by_role("link", name="Create an account").click()
    guest.page.get_by_label("Email").fill("ann@example.org")
    guest.page.get_by_label("Password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Create account").click()
    guest.page.get_by_role("button", name="Join").click()
    expect(guest.page.get_by_text("Welcome to “ada”")).to_be_visible()
    show(guest, "annotator-projects")


def labels_and_does_not_train(walk: Any) -> None:
    page = walk.page
    page.get_by_role("link", name="Support").first.click()
    show(walk, "annotator-project")
    here = page.url
    expect(page.get_by_role("link", name="Train a model")).to_have_count(0)
    page.get_by_role("row", name="tickets.csv").get_by_role("link", name="Version 1").click()
    page.get_by_role("link", name="Look through the rows").click()
    expect(page.locator("#rows[data-ready] tr[data-row]").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tr[data-row='0']")).to_contain_text("Left out")
    expect(page.get_by_role("button", name=re.compile("Make a new version"))).to_have_count(0)
    show(walk, "annotator-rows")
    assert page.goto(here + "train/").status == 403
    show(walk, "annotator-train")
    page.goto(f"{walk.url}/w/ada/billing/")
    expect(page.get_by_text("Your role does not see plans and invoices")).to_be_visible()
    show(walk, "annotator-billing")


# --- a run that failed on our side ------------------------------------------------------------------------------------


def loses_a_run_of_ours(walk: Any, behind: Any) -> None:
    """What was held is given back, and what was booked is booked back; the pages say both."""
    walk.go("/w/ada/")
    walk.page.get_by_role("link", name="Support").first.click()
    starts_a_run(walk)
    behind.work("crash")
    expect(walk.page.locator("#run-badge")).to_contain_text("Failed", timeout=CHECK)
    expect(walk.page.get_by_text("refunded").first).to_be_visible()
    show(walk, "refunded")
    walk.go("/w/ada/settings/usage/")
    show(walk, "usage")


# --- paid by invoice --------------------------------------------------------------------------------------------------


def is_trusted_with_invoices(operator: Any, workspace: str) -> None:
    operator.go(f"/admin/billing/subscription/?q={workspace}")
    operator.page.locator("#result_list tbody th a").click()
    operator.page.get_by_label("Pays by invoice").check()
    show(operator, "admin-subscription")
    operator.page.get_by_role("button", name="Save", exact=True).click()
    expect(operator.page.locator(".success")).to_be_visible()


def orders_by_invoice(walk: Any) -> str:
    """Returns the number of the invoice."""
    page = walk.page
    walk.go("/w/bo/billing/")
    page.get_by_label("Name or company").fill("Bo & Töchter GmbH")
    page.get_by_label("Country").fill("AT")
    page.locator("#details").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Choose by the month Team").click()
    expect(page.get_by_text("$178.80").first).to_be_visible()
    page.get_by_role("button", name="Order for $178.80").click()
    expect(page.get_by_text("The plan Team begins when this is paid")).to_be_visible()
    show(walk, "invoice-open")
    return str(re.search(r"INV-\d+-\d+", page.title())[0])  # type: ignore[index]


def records_a_transfer(operator: Any, number: str) -> None:
    opens_an_invoice(operator, number)
    show(operator, "admin-invoice")
    operator.page.get_by_role("link", name="Record a payment").click()
    operator.page.get_by_label("Reference").fill("SEPA 4711")
    show(operator, "admin-payment")
    operator.page.get_by_role("button", name="Record a payment").click()
    expect(operator.page.get_by_text(f"{number}: done.")).to_be_visible()


def sends_some_back(operator: Any, number: str, amount: str) -> None:
    opens_an_invoice(operator, number)
    operator.page.get_by_role("link", name="Send money back").click()
    operator.page.get_by_label("Amount").fill(amount)
    operator.page.get_by_label("Reason").fill("A day without service")
    operator.page.get_by_role("button", name="Send money back").click()
    expect(operator.page.get_by_text(f"{number}: done.")).to_be_visible()


def opens_an_invoice(operator: Any, number: str) -> None:
    operator.go("/admin/billing/invoice/")
    operator.page.get_by_role("link", name=number, exact=True).click()


def takes_a_smaller_plan(walk: Any) -> None:
    """Nothing changes until the end of what is paid, and it can be taken back until then."""
    walk.go("/w/bo/billing/")
    walk.page.get_by_role("link", name="Choose by the month Starter").click()
    expect(walk.page.get_by_text("Charged today: nothing")).to_be_visible()
    show(walk, "change-later")
    walk.page.get_by_role("button", name="Confirm the change").click()
    plan = walk.page.locator("#plan")
    expect(plan).to_contain_text("Team")
    expect(plan).to_contain_text("the plan becomes Starter, for $34.80")
    expect(plan.get_by_role("button", name="Keep Team")).to_be_visible()
    show(walk, "billing-later")


# --- the books --------------------------------------------------------------------------------------------------------


def reads_the_month(operator: Any, bills: list[books.Sums]) -> None:
    """What customers have seen on their invoices is what the operator sees, to the cent."""
    net, received = books.net(bills), books.received(bills)
    total = sum(bill["Total"] for bill in bills)
    shown = books.list_in_admin(operator)
    show(operator, "admin-invoices")
    assert (shown["Net"], shown["Total"], shown["Received"]) == (net, total, received)
    written = books.file_in_admin(operator)
    assert (written["net"], written["total"]) == (net, total)
    assert shown["To be paid"] == written["to_be_paid"] == 0
    sees_the_panel(operator, net, received)


def sees_the_panel(operator: Any, net: Decimal, received: Decimal) -> None:
    operator.go("/panel/")
    value, rows = books.figure(operator, "revenue")
    assert value == net
    assert [sum(column) for column in zip(*rows, strict=True)] == [net, received]
    in_file = books.figure_file(operator, "revenue")
    assert sum(Decimal(row[1]) for row in in_file) == net
    assert sum(Decimal(row[2]) for row in in_file) == received
    value, rows = books.figure(operator, "recurring")
    assert value == Decimal("178.00")  # a month of Starter, and one of Team
    assert rows[-1] == [Decimal("178.00"), Decimal("89.00")]
    show(operator, "panel")


def a_month_passes(behind: Any, stripe: Any, stack: Any) -> None:
    """A card is charged, an invoice is written; nobody clicks."""
    behind.sweep(datetime.now(UTC) + timedelta(days=32))
    assert deliver(stripe, stack)  # what is known already, once more


def finds_the_smaller_plan(walk: Any) -> None:
    walk.go("/w/bo/billing/")
    expect(walk.page.locator("#plan")).to_contain_text("Starter")
    expect(walk.page.locator("#plan")).not_to_contain_text("Team")
    show(walk, "billing-next-month")
