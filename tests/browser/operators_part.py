"""What the operator of a site that sells plans does and sees, in the walk of test_business.py."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from playwright.sync_api import expect

from . import books
from .trade import PASSWORD, show


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


def is_trusted_with_invoices(operator: Any, workspace: str) -> None:
    operator.go(f"/admin/billing/subscription/?q={workspace}")
    operator.page.locator("#result_list tbody th a").click()
    operator.page.get_by_label("Pays by invoice").check()
    show(operator, "admin-subscription")
    operator.page.get_by_role("button", name="Save", exact=True).click()
    expect(operator.page.locator(".success")).to_be_visible()


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


def reads_the_month(operator: Any, bills: list[books.Sums]) -> None:
    """What customers have seen on their invoices is what the operator sees, to the cent."""
    shown = books.list_in_admin(operator)
    show(operator, "admin-invoices")
    agree(shown, bills)
    assert shown["To be paid"] == 0
    written = books.file_in_admin(operator)
    assert (written["Net"], written["Total"]) == (shown["Net"], shown["Total"])
    sees_the_panel(operator, bills)


def agree(shown: books.Sums, bills: list[books.Sums]) -> None:
    total = sum(bill["Total"] for bill in bills)
    expected = (books.net(bills), total, books.received(bills))
    assert (shown["Net"], shown["Total"], shown["Received"]) == expected


def sees_the_panel(operator: Any, bills: list[books.Sums]) -> None:
    """Of this month, whatever is known of the next one."""
    net, received = books.net(bills), books.received(bills)
    operator.go("/panel/")
    value, rows = books.figure(operator, "revenue")
    assert value == net
    assert [sum(column) for column in zip(*rows, strict=True)] == [net, received]
    in_file = books.figure_file(operator, "revenue")
    assert [sum(Decimal(row[n]) for row in in_file) for n in (1, 2)] == [net, received]
    value, rows = books.figure(operator, "recurring")
    assert value == Decimal("178.00")  # a month of Starter, and one of Team
    assert rows[-1] == [Decimal("178.00"), Decimal("89.00")]
    show(operator, "panel")
