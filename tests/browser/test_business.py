"""A month of a site that sells plans: a first model, a limit, two ways to pay, help from a second person, a run that
failed on our side, a smaller plan; and what the operator sees of it, to the cent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.billing.fake_stripe import FakeStripe
from tests.billing.fake_stripe_pages import DECLINED, GOOD
from tests.migrated import Tables

from ..training.conftest import rows_of
from . import books, trade
from .conftest import Stack, Walk, started
from .operators_part import (
    agree,
    becomes_the_operator,
    is_trusted_with_invoices,
    opens_the_shop,
    reads_the_month,
    records_a_transfer,
    sees_the_panel,
    sends_some_back,
)
from .test_upload import send
from .trade import PASSWORD, deliver, show

pytestmark = pytest.mark.browser
CHECK = 60_000  # milliseconds, for a busy machine
TICKETS = "text,label\n" + "".join(f"{text},{label}\n" for text, label in rows_of(90))


@pytest.fixture(scope="module")
def stripe() -> Iterator[FakeStripe]:
    with trade.stripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def stack(
    chromium_path: str, tmp_path_factory: Any, stripe: FakeStripe, tables: Tables
) -> Iterator[Stack]:
    """A public site that takes cards. Its queue and its clock are `behind`."""
    folder = tmp_path_factory.mktemp("business")
    tables.lend(folder / "home" / "attune.sqlite3")
    with started(folder, "--no-worker", **trade.settings_for(stripe)) as stack:
        yield stack


@pytest.fixture
def behind(stack: Stack, stripe: FakeStripe) -> Iterator[trade.Behind]:
    with trade.behind(stack, **trade.settings_for(stripe)) as behind:
        yield behind


def test_a_month_of_business(
    meet: Callable[[], Walk], behind: trade.Behind, stripe: FakeStripe, stack: Stack, tmp_path: Path
) -> None:
    operator, ada, ann, bo = (meet() for _person in range(4))
    becomes_the_operator(operator, stack.said.read_text())
    opens_the_shop(operator)

    comes_from_the_landing_page(ada)
    signs_up(ada, "ada@example.org")
    makes_a_first_model(ada, behind, tmp_path / "tickets.csv")
    meets_a_limit(ada)
    pays_by_card(ada, stripe, stack)

    asks_somebody_in(ada, ann)
    labels_and_does_not_train(ann)
    loses_a_run_of_ours(ada, behind)

    bo.go("/accounts/signup/")
    signs_up(bo, "bo@example.org")
    is_trusted_with_invoices(operator, "bo")
    number = orders_by_invoice(bo)
    records_a_transfer(operator, number)
    reads_the_invoice(bo, tmp_path)
    sends_some_back(operator, number, "10.00")
    takes_a_smaller_plan(bo)

    bills = {**books.invoices_of(ada, "ada"), **books.invoices_of(bo, "bo")}
    assert len(bills) == 3
    reads_the_month(operator, list(bills.values()))
    a_month_passes(behind, stripe, stack)
    finds_the_next_month(ada, bo, operator, bills)
    sees_the_panel(operator, list(bills.values()))


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


def makes_a_first_model(walk: Any, behind: Any, file: Path) -> None:
    brings_data(walk, behind, file)
    starts_a_run(walk)
    behind.work()
    expect(walk.page.locator("#run-badge")).to_contain_text("Succeeded", timeout=CHECK)
    show(walk, "first-model")


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
    expect(
        walk.page.get_by_text("The plan Starter allows it, at $29.00 a month. You can change that.")
    ).to_be_visible()
    show(walk, "limit")


# --- paid by card -----------------------------------------------------------------------------------------------------


def pays_by_card(walk: Any, stripe: Any, stack: Any) -> None:
    """A card that is declined changes nothing. The plan begins when Stripe tells that the money is there."""
    walk.page.get_by_role("link", name="See what lifts this limit").click()
    expect(walk.page.get_by_role("heading", name="Billing details")).to_be_visible()
    show(walk, "billing-free")
    walk.page.get_by_role("link", name="Choose by the month Starter").click()
    expect(walk.page.get_by_text("$34.51").first).to_be_visible()
    walk.look("business-change")
    show(walk, "change")
    walk.page.get_by_role("button", name="Pay $34.51").click()
    enters_a_card(walk, DECLINED, "Pay 34.51 USD")
    expect(walk.page.get_by_text("Your card was declined.")).to_be_visible()
    enters_a_card(walk, GOOD, "Pay 34.51 USD")
    expect(walk.page.get_by_text("The payment is on its way")).to_be_visible()
    show(walk, "checkout-return")
    assert set(deliver(stripe, stack)) <= {"done", "stale"}
    expect(walk.page.get_by_text("Thank you, this is paid")).to_be_visible(timeout=CHECK)
    expect(walk.page.get_by_text("The plan Starter has begun.")).to_be_visible()
    walk.look("business-invoice-paid")
    show(walk, "invoice-paid")


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


def orders_by_invoice(walk: Any) -> str:
    """Returns the number of the invoice."""
    page = walk.page
    walk.go("/w/bo/billing/")
    page.get_by_label("Name or company").fill("Bo & Töchter GmbH")
    page.get_by_label("Country").select_option("AT")
    page.locator("#details").get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Choose by the month Team").click()
    expect(page.get_by_text("$178.80").first).to_be_visible()
    page.get_by_role("button", name="Order for $178.80").click()
    expect(page.get_by_text("The plan Team begins when this is paid")).to_be_visible()
    show(walk, "invoice-open")
    return str(re.search(r"INV-\d+-\d+", page.title())[0])  # type: ignore[index]


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


def reads_the_invoice(walk: Any, folder: Path) -> None:
    walk.page.reload()
    expect(walk.page.get_by_text("paid", exact=True)).to_be_visible()
    text = books.pdf_of(walk, folder)
    for word in ("Fern & Oak GmbH", "Bo & Töchter GmbH", "$149.00", "$29.80", "$178.80"):
        assert word in text, text


def a_month_passes(behind: Any, stripe: Any, stack: Any) -> None:
    """A card is charged, an invoice is written; nobody clicks."""
    behind.sweep(datetime.now(UTC) + timedelta(days=32))
    assert deliver(stripe, stack)  # what is known already, twice more


def finds_the_next_month(ada: Any, bo: Any, operator: Any, before: dict[str, books.Sums]) -> None:
    """Starter for both: one paid by card, one to be paid."""
    now = {**books.invoices_of(ada, "ada"), **books.invoices_of(bo, "bo")}
    mine, other = (now[number] for number in now.keys() - before.keys())
    assert sorted([mine["Total"], other["Total"]]) == [Decimal("34.51"), Decimal("34.80")]
    bo.go("/w/bo/billing/")
    expect(bo.page.locator("#plan")).to_contain_text("Starter")
    expect(bo.page.locator("#plan")).not_to_contain_text("Team")
    show(bo, "billing-next-month")
    shown = books.list_in_admin(operator)
    agree(shown, list(now.values()))
    assert shown["To be paid"] == Decimal("34.80")
