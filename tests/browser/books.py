"""What customers have seen on their invoices, and what an operator is shown of it: read off the pages, and added up."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import expect
from pypdf import PdfReader

from .trade import money

WAIT = 30_000  # milliseconds, for a busy machine
Sums = dict[str, Decimal]


def sums_on(page: Any) -> Sums:
    """Of the page of an invoice: Net, Tax, Total, Paid, To be paid, as far as they stand there."""
    labels, amounts = (page.locator(f"main dl {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return {
        label.split(",")[0]: money(amount) for label, amount in zip(labels, amounts, strict=True)
    }


def invoices_of(walk: Any, workspace: str) -> dict[str, Sums]:
    """Number -> what its page says, of all that the billing page lists."""
    walk.go(f"/w/{workspace}/billing/")
    links = walk.page.locator("#invoices th a")
    found = {}
    for number in links.all_inner_texts():
        walk.page.get_by_role("link", name=number, exact=True).click()
        expect(walk.page.get_by_role("heading", name=number)).to_be_visible()
        found[number] = sums_on(walk.page)
        walk.page.go_back()
    return found


def pdf_of(walk: Any, folder: Path) -> str:
    """The text of the PDF that the page of an invoice offers."""
    with walk.page.expect_download() as started:
        walk.page.get_by_role("link", name="PDF", exact=True).click()
    path = folder / started.value.suggested_filename
    started.value.save_as(path)
    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def net(bills: Iterable[Sums]) -> Decimal:
    return sum((bill["Net"] for bill in bills), Decimal(0))


def received(bills: Iterable[Sums]) -> Decimal:
    """“Paid” stands below the total with a minus; what a credit note says was sent back, all of it."""
    return sum(
        (-bill["Paid"] if "Paid" in bill else min(bill["Total"], Decimal(0)) for bill in bills),
        Decimal(0),
    )


def figure(walk: Any, name: str) -> tuple[Decimal, list[list[Decimal]]]:
    """Of the operator's dashboard: the value on top, and the amounts of each row."""
    card = walk.page.locator(f"section[aria-labelledby=title-{name}]")
    card.scroll_into_view_if_needed()
    value = card.locator(".text-2xl").first
    expect(value).to_be_visible(timeout=WAIT)
    card.get_by_text("As a table", exact=True).click()
    rows = [row.locator("td").all_inner_texts() for row in card.locator("tbody tr").all()]
    return money(value.inner_text()), [[money(one) for one in row if "." in one] for row in rows]


def figure_file(walk: Any, name: str) -> list[list[str]]:
    answer = walk.page.request.get(f"{walk.url}/panel/figures/{name}.csv?days=30")
    assert answer.ok
    return list(csv.reader(io.StringIO(answer.text().lstrip("\ufeff"))))[1:]


def list_in_admin(walk: Any) -> Sums:
    """What stands above the list of invoices: the sums of all of them."""
    walk.go("/admin/billing/invoice/")
    table = walk.page.locator(".totals table")
    heads = table.locator("thead th").all_inner_texts()
    cells = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
    told = dict(zip((head.capitalize() for head in heads), cells, strict=True))
    return {name: money(text) for name, text in told.items() if re.search(r"\d\.\d\d", text)}


def file_in_admin(walk: Any) -> Sums:
    """The sums of the CSV that the admin makes of all invoices."""
    walk.page.locator("#action-toggle").check()
    walk.page.locator("select[name=action]").select_option("as_file")
    with walk.page.expect_download() as started:
        walk.page.get_by_role("button", name="Go", exact=True).click()
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        name.capitalize(): sum((Decimal(row[name]) for row in rows), Decimal(0))
        for name in ("net", "tax", "total")
    }
