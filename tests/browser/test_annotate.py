"""Rows are relabelled, marked and reviewed with the keyboard; offsets are code points, whatever the text is made of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from playwright.sync_api import Route, expect
from pyarrow import parquet

from .test_upload import send

pytestmark = pytest.mark.browser
CHECK = 60_000  # milliseconds
WORDS = ("billing", "delivery", "refund_status")
TICKETS = "text,label\n" + "".join(
    f"Message number {n} is about a parcel,{WORDS[n % 3]}\n" for n in range(60)
)
FAMILY = "👩‍👩‍👧‍👦"  # seven code points, one character to the eye
ACCENTED = "Cafe\u0301"  # the accent is a code point of its own
# Chinese, emoji, combining characters, and a line break of two code points.
TEXT = f"{FAMILY}张三在{ACCENTED}\r\n见到了𠮷野家"
NAMES = [("张三", "NAME"), (ACCENTED, "PLACE"), ("𠮷野家", "PLACE")]


def project(walk: Any, email: str, task: str = "") -> None:
    walk.go("/accounts/signup/")
    walk.page.get_by_label("Email").fill(email)
    walk.page.get_by_label("Password").fill("correct horse battery")
    walk.page.get_by_role("button", name="Create account").click()
    walk.page.get_by_role("link", name="New project").first.click()
    walk.page.get_by_role("textbox", name="Name").fill("By hand")
    if task:
        walk.page.get_by_role("radio", name=task).check()
    walk.page.get_by_role("button", name="Create project").click()
    expect(walk.page.get_by_role("heading", name="By hand", level=1)).to_be_visible()


def rows_of(walk: Any, path: Path, content: str) -> None:
    """Imports the file and opens the table of its rows."""
    send(walk, path, content.encode())
    walk.page.get_by_role("button", name="Check data").click()
    walk.page.wait_for_url("**/versions/**", timeout=CHECK)
    walk.page.get_by_role("link", name="Look through the rows").click()
    are_ready(walk)


def are_ready(walk: Any) -> None:
    expect(walk.page.locator("#rows[data-ready] tr[data-row]").first).to_be_visible()


def row(walk: Any, number: int) -> Any:
    return walk.page.locator(f"tr[data-row='{number}']")


def put_back(walk: Any) -> None:
    """The first row is what it was in the file; nothing is open, nothing has the focus."""
    walk.page.reload()
    are_ready(walk)
    row(walk, 0).focus()
    walk.page.keyboard.press("u")
    expect(row(walk, 0)).not_to_contain_text("Changed")
    row(walk, 0).blur()


@pytest.fixture
def tickets(walk: Any, tmp_path: Path) -> Any:
    project(walk, f"annotate-{tmp_path.name}@example.org")
    rows_of(walk, tmp_path / "tickets.csv", TICKETS)
    return walk


def test_relabelling(tickets: Any) -> None:
    an_answer_outlives_a_broken_connection(tickets)
    put_back(tickets)
    relabelling_by_keyboard(tickets)


def relabelling_by_keyboard(tickets: Any) -> None:
    keys = tickets.page.keyboard
    tickets.look("rows")
    keys.press("j")  # the first row
    keys.press("r")  # opens the labels that begin with r
    keys.type("efund st")
    tickets.look("rows-picker")
    keys.press("Enter")
    expect(row(tickets, 0)).to_contain_text("Changed")
    expect(row(tickets, 0).locator("del")).to_contain_text("billing")
    expect(row(tickets, 1)).to_be_focused()
    keys.press("x")
    expect(row(tickets, 1)).to_contain_text("Left out")
    expect(tickets.page.get_by_role("button", name="Make a new version (2)")).to_be_visible()
    keys.press("u")
    expect(row(tickets, 1)).not_to_contain_text("Left out")
    tickets.look("rows-changed")
    tickets.page.get_by_role("button", name="Make a new version (1)").click()
    tickets.page.get_by_role("button", name="Make the version").click()
    expect(tickets.page.get_by_role("heading", name="Version 2", level=1)).to_be_visible(
        timeout=CHECK
    )


def an_answer_outlives_a_broken_connection(tickets: Any) -> None:
    broken = [True]

    def carry(route: Route) -> None:
        if broken and route.request.method == "POST":
            return route.abort("internetdisconnected")
        return route.continue_()

    tickets.page.route(re.compile(r"/rows/\d+/"), carry)
    # A page that has only just come may still send past the route.
    tickets.page.reload()
    are_ready(tickets)
    tickets.page.keyboard.press("j")
    tickets.page.keyboard.press("2")
    tickets.page.keyboard.press("Enter")
    expect(tickets.page.get_by_text("Not saved yet")).to_be_visible()
    broken.clear()
    expect(row(tickets, 0)).to_contain_text("Changed")
    expect(tickets.page.get_by_text("Not saved yet")).to_have_count(0)
    tickets.faults[:] = [fault for fault in tickets.faults if "net::ERR_INTERNET" not in fault]


@pytest.fixture
def texts(walk: Any, tmp_path: Path) -> Any:
    project(walk, f"spans-{tmp_path.name}@example.org", "Named entities")
    lines = [{"text": TEXT, "entities": []}]
    lines += [
        {"text": f"张三 {n} 在场", "entities": [{"start": 0, "end": 2, "label": "NAME"}]}
        for n in range(30)
    ]
    lines += [
        {"text": f"去上海 {n} 次", "entities": [{"start": 1, "end": 3, "label": "PLACE"}]}
        for n in range(29)
    ]
    path = tmp_path / "texts.jsonl"
    rows_of(walk, path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return walk


def saved(walk: Any, number: int) -> list[dict[str, Any]]:
    """The marks of a row as the server has them."""
    url = walk.url + row(walk, number).get_attribute("data-url")
    values = walk.page.request.get(url, headers={"Accept": "application/json"}).json()["values"]
    return list(json.loads(values["entities"]))


def marks(text: str) -> list[dict[str, Any]]:
    """As Python counts them."""
    return [
        {"start": text.index(word), "end": text.index(word) + len(word), "label": label}
        for word, label in NAMES
    ]


def test_marking(texts: Any) -> None:
    marking_with_the_keyboard(texts)
    put_back(texts)
    marking_with_the_mouse(texts)


def marking_with_the_keyboard(texts: Any) -> None:
    keys = texts.page.keyboard
    keys.press("j")
    keys.press("Enter")
    expect(texts.page.locator("#marking")).to_be_focused()
    texts.look("rows-marking")
    keys.press("ArrowRight")  # over the family, in one step
    select(keys, 2, "1")
    keys.press("ArrowRight")
    select(keys, 4, "2")
    for _character in range(4):  # the line break is one of them
        keys.press("ArrowRight")
    select(keys, 3, "2")
    expect(texts.page.locator("#marking-list li")).to_have_count(3)
    keys.press("Control+Enter")
    expect(row(texts, 0)).to_contain_text("Changed")
    assert saved(texts, 0) == marks(TEXT)


def select(keys: Any, characters: int, label: str) -> None:
    for _character in range(characters):
        keys.press("Shift+ArrowRight")
    keys.press(label)


def marking_with_the_mouse(texts: Any) -> None:
    """A press in the middle of what is one character to the eye takes the whole of it."""
    row(texts, 0).get_by_role("button", name="Change the row").click()
    expect(texts.page.locator("#marking")).to_be_focused()
    for word, label in NAMES:
        drag(texts.page, TEXT, word)
        texts.page.locator("#marking-labels button", has_text=label).click()
    texts.page.locator("#marking mark").first.click()
    expect(texts.page.locator("#marking-list")).to_contain_text("张三")
    texts.page.get_by_role("button", name="Save", exact=True).click()
    expect(row(texts, 0)).to_contain_text("Changed")
    assert saved(texts, 0) == marks(TEXT)


# From the left edge of the first unit to the right edge of the last, as seen.
PLACES = """([text, word]) => {
  const root = document.getElementById("marking");
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const units = [];
  while (walker.nextNode()) {
    for (let n = 0; n < walker.currentNode.data.length; n++) units.push([walker.currentNode, n]);
  }
  const from = text.indexOf(word), range = document.createRange();
  range.setStart(...units[from]);
  const [node, at] = units[from + word.length - 1];
  range.setEnd(node, at + 1);
  const box = range.getClientRects()[0];
  return { x: box.left, y: box.top + box.height / 2, right: box.right };
}"""


def drag(page: Any, text: str, word: str) -> None:
    place = page.evaluate(PLACES, [text, word])
    page.mouse.move(place["x"] + 1, place["y"])
    page.mouse.down()
    page.mouse.move(place["right"] - 1, place["y"], steps=4)
    page.mouse.up()


CODEPOINTS = """async ([module, texts]) => {
  const { toCodePoints, toUtf16, length, slice } = await import(module);
  return texts.map((text) => {
    const points = [...text];
    const there = Array.from({ length: points.length + 1 }, (_none, n) => toUtf16(text, n));
    return { length: length(text), back: there.map((units) => toCodePoints(text, units)),
             parts: points.map((_point, n) => slice(text, n, n + 1)) };
  });
}"""


def test_code_points_are_pythons(walk: Any) -> None:
    walk.go("/")
    script = walk.page.locator("script[src*='js/app']").get_attribute("src")
    module = re.sub(r"js/app[^/]*\.js", "js/codepoints.js", script)
    given = ["", "plain", TEXT, FAMILY, ACCENTED, "a\r\nb", "𠮷" * 5, "🇨🇳 ก็ नि"]
    for text, found in zip(given, walk.page.evaluate(CODEPOINTS, [module, given]), strict=True):
        assert found["length"] == len(text)
        assert found["back"] == list(range(len(text) + 1))
        assert found["parts"] == list(text)


def next_row(walk: Any, number: int) -> None:
    """It is shown, and keys are heard."""
    expect(walk.page.locator(f"#review[data-row='{number}']")).to_contain_text(
        f"Message number {number} "
    )


def test_the_review_by_keyboard(tickets: Any, stack: Any) -> None:
    version = tickets.page.url.split("/versions/")[1].split("/")[0]
    file = next((stack.home / "versions").glob(f"*/{version}.parquet"))
    suspects = [
        {"row": n, "suggested": "refund_status", "confidence": 0.02,
         "probability": 0.9}
        for n in (3, 4, 6)
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(suspects), file.with_suffix(".suspects.parquet"))
    tickets.page.get_by_role("link", name="Likely label errors").click()
    next_row(tickets, 3)
    tickets.look("review")
    tickets.page.keyboard.press("a")
    next_row(tickets, 4)
    tickets.page.keyboard.press("r")
    next_row(tickets, 6)
    tickets.page.keyboard.press("o")
    tickets.page.keyboard.type("deliv")
    tickets.page.keyboard.press("Enter")
    expect(tickets.page.get_by_text("Nothing is left for you")).to_be_visible()
    expect(tickets.page.get_by_text("3 of 3")).to_be_visible()
    expect(tickets.page.get_by_role("row", name="Suggestion taken: refund_status")).to_be_visible()
    expect(tickets.page.get_by_role("row", name="Changed: delivery")).to_be_visible()
