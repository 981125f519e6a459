"""A model of two texts, made in the browser, finds a text in a list: a pasted one, or that of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .test_annotate import project
from .test_upload import send

pytestmark = pytest.mark.browser
SAMPLE = Path(__file__).resolve().parents[2] / "projects/datasets/samples/faq_pairs.csv"
PAIRS = 100
CHECK, RUN, FIRST_ANSWER = 60_000, 420_000, 60_000  # milliseconds, for a busy machine
LIST = "How do I reset my password?\n\n包裹在哪里？\nWhere has my parcel got to?\nWhere has my parcel got to?"


def test_a_text_is_found_in_a_list(walk: Any, tmp_path: Path) -> None:
    project(walk, "pairs@example.org", "Text matching")
    send(walk, tmp_path / "pairs.csv", some_pairs())
    trains_a_model(walk)
    searches_a_pasted_list(walk)
    searches_the_data(walk)
    is_told_what_is_no_list(walk)


def some_pairs() -> bytes:
    """Of the sample, which has more than are needed here."""
    return b"".join(SAMPLE.read_bytes().splitlines(keepends=True)[: 1 + PAIRS])


def trains_a_model(walk: Any) -> None:
    page = walk.page
    page.get_by_role("button", name="Check data").click()
    page.wait_for_url("**/versions/**", timeout=CHECK)
    # The page tells by itself that the close look has ended, and red: of so few rows for the test, one that is nearly
    # in the training is a tenth.
    expect(page.locator("#health-card")).to_contain_text("The close look found", timeout=RUN)
    page.get_by_role("link", name="Train a model").first.click()
    page.get_by_role("checkbox", name="Train although the check").check()
    page.get_by_role("button", name="Continue").click()
    page.locator("#effort-quick").check()
    expect(page.get_by_role("group", name="How the two texts are read")).to_be_visible()
    page.get_by_role("radio", name="Each read by itself").check()
    walk.look("train-two-texts")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Each read by itself")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#run-badge")).to_contain_text("Succeeded", timeout=RUN)
    expect(page.locator("#ranking tbody tr")).to_have_count(3)


def searches_a_pasted_list(walk: Any) -> None:
    """With keys alone, from the text to the answer."""
    form, keys = walk.page.locator("#nearest-form"), walk.page.keyboard
    form.get_by_label("First text").focus()
    keys.insert_text("Where is my parcel?")
    keys.press("Tab")
    expect(form.get_by_role("radio", name="The list that I paste below")).to_be_focused()
    keys.press("Tab")
    expect(form.get_by_label("List", exact=True)).to_be_focused()
    keys.insert_text(LIST)
    keys.press("Control+Enter")
    rows = walk.page.locator("#nearest tbody tr")
    expect(rows).to_have_count(3, timeout=FIRST_ANSWER)
    expect(rows.first).to_contain_text("Where has my parcel got to?")
    expect(walk.page.locator("#nearest")).to_contain_text("包裹在哪里？")
    walk.look("nearest")


def searches_the_data(walk: Any) -> None:
    form = walk.page.locator("#nearest-form")
    form.get_by_role("radio", name="The second texts of my data").check()
    form.get_by_role("button", name="Find the nearest").click()
    expect(walk.page.locator("#nearest tbody tr")).to_have_count(10, timeout=FIRST_ANSWER)


def is_told_what_is_no_list(walk: Any) -> None:
    form, answer = walk.page.locator("#nearest-form"), walk.page.locator("#nearest")
    form.get_by_role("radio", name="The list that I paste below").check()
    for lines, found in (("  \n", "0 texts"), ("\n".join(map(str, range(501))), "501 texts")):
        form.get_by_label("List", exact=True).fill(lines)
        form.get_by_role("button", name="Find the nearest").click()
        expect(answer).to_contain_text("The list cannot be searched")
        expect(answer).to_contain_text(found)
    walk.look("nearest-problem")
