"""The boxes to try a model in, and the rows before and after, for answers of every kind; over real tiny fine-tunes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from ..projects.runs.conftest import chat_tokenizer, fit_of, llama_base, tiny_base  # noqa: F401
from .conftest import new_context

pytestmark = pytest.mark.browser
EMAIL, PASSWORD = "results@example.org", "correct horse battery"
ANSWER = 60_000  # milliseconds; the first one waits until the model is loaded
KINDS = ("entities", "relations", "answers", "several", "texts", "chat")
KEEP = Path(__file__).with_name("finished.py")


@pytest.fixture(scope="module")
def runs(stack: Any, fit_of: Callable[[str], Any]) -> dict[str, str]:  # noqa: F811
    """The address of a finished run of each kind."""
    fits = [fit_of(kind) for kind in KINDS]
    given = [
        {"kind": fit.kind, "task": fit.task, "folder": str(fit.folder), "events": fit.events}
        for fit in fits
    ]
    done = subprocess.run(
        [sys.executable, str(KEEP), EMAIL, PASSWORD],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ATTUNE_HOME": str(stack.home)},
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: Any, runs: dict[str, str]) -> Any:
    """What a browser keeps of whoever has signed in."""
    with new_context(browser) as context:
        page = context.new_page()
        page.goto(f"{stack.url}/accounts/login/")
        page.get_by_label("Email").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Projects")).to_be_visible()
        return context.cookies()


@pytest.fixture
def show(walk: Any, runs: dict[str, str], signed_in: Any) -> Iterator[Callable[[str], Any]]:
    """Opens the page of a run; when the test is over, axe looks at it, and it has to fit a phone."""

    def open_run(kind: str) -> Any:
        walk.page.context.add_cookies(signed_in)
        walk.go(runs[kind])
        opened.append(kind)
        return walk.page

    opened: list[str] = []
    yield open_run
    for kind in opened:
        walk.look(f"results-{kind}")
        walk.page.set_viewport_size({"width": 390, "height": 900})
        expect(walk.page.locator("html")).to_have_js_property("scrollWidth", 390)


def rows(page: Any) -> Any:
    """The list of test rows, which comes when one scrolls to it."""
    page.locator("#mistakes").scroll_into_view_if_needed()
    expect(page.locator("#mistakes")).not_to_contain_text("Loading")
    return page.locator("#mistakes [data-rows]")


def predict(page: Any) -> Any:
    page.get_by_role("button", name="Predict").click()
    answer = page.locator("#answer")
    expect(answer).not_to_be_empty(timeout=ANSWER)
    expect(answer.locator(".banner")).to_have_count(0)
    return answer


def test_entities_are_marked_in_the_text(show: Callable[[str], Any]) -> None:
    page = show("entities")
    page.get_by_role("textbox", name="Text").fill("Did 张伟 👋 leave the Quill pen in Oslo?")
    answer = predict(page)
    for word in ("张伟 👋", "Quill", "Oslo?"):  # between them stand the entities that were found
        expect(answer).to_contain_text(word)
    table = answer.get_by_role("table")
    expect(table.or_(answer.get_by_text("Nothing was found in this text."))).to_be_visible()
    expect(rows(page).get_by_text("In the data").first).to_be_visible()
    page.get_by_label("Show").select_option("all")
    expect(rows(page).locator("mark").first).to_be_visible()


def test_two_things_are_marked_by_hand(show: Callable[[str], Any]) -> None:
    page = show("relations")
    box = page.get_by_role("textbox", name="Text")
    box.fill("👋 Ada Byron works for Thistle & Twine.")
    select(box, "Ada Byron")
    page.keyboard.press("Alt+Digit1")
    select(box, "Thistle & Twine")
    page.get_by_role("button", name="Tail").click()
    marked = page.locator("#try-marked mark")
    expect(marked).to_have_text([re.compile("^Ada Byron"), re.compile("^Thistle & Twine")])
    answer = predict(page)
    expect(answer).to_contain_text("%")
    expect(rows(page).get_by_role("table")).to_be_visible()
    box.press_sequentially("!")
    expect(marked).to_have_count(0)  # the places mean nothing in another text


def select(box: Any, words: str) -> None:
    """As a pointer does; places of a text area are UTF-16 units."""
    box.evaluate(
        "(box, words) => { box.focus(); const at = box.value.indexOf(words);"
        " box.setSelectionRange(at, at + words.length); }",
        words,
    )


def test_an_answer_has_its_place(show: Callable[[str], Any]) -> None:
    page = show("answers")
    page.get_by_label("Context").fill("The mill closed in 2009. 水獭 came back in 2011.")
    page.get_by_label("Question").fill("When did the mill close?")
    answer = predict(page)
    expect(answer).to_contain_text("When did the mill close?")
    place = answer.get_by_text(re.compile(r"Characters \d+ to \d+|The text does not say"))
    expect(place).to_be_visible()
    expect(page.locator("#parts").get_by_role("row", name="All questions")).to_be_visible()
    page.get_by_label("Show").select_option("all")
    expect(rows(page).locator("mark").first).to_be_visible()


def test_several_labels_have_their_thresholds(show: Callable[[str], Any]) -> None:
    page = show("several")
    page.get_by_role("textbox", name="Text").fill("Cold breakfast, kind staff")
    answer = predict(page)
    expect(answer.get_by_role("columnheader", name="Threshold")).to_be_visible()
    expect(answer.get_by_role("rowheader")).not_to_have_count(0)
    expect(rows(page).get_by_role("table")).to_be_visible()


def test_a_text_is_written(show: Callable[[str], Any]) -> None:
    page = show("texts")
    page.get_by_role("textbox").first.fill("Your bill is still unpaid.")
    predict(page)
    shown = rows(page)
    for title in ("Reference", "Before fine-tuning", "After fine-tuning"):
        expect(shown.get_by_text(title, exact=True).first).to_be_visible()
    before, after = page.locator("#compared tbody tr").filter(has_text="fine-tun").all()
    expect(before).to_contain_text("The base model before fine-tuning")
    expect(after).to_contain_text("Your fine-tuned model")


def test_a_conversation(show: Callable[[str], Any], walk: Any) -> None:
    page = show("chat")
    page.locator("#try summary", has_text="System prompt").click()
    page.get_by_label("System prompt").fill("Be short.")
    say(page, "Hello")
    log = page.get_by_role("log", name="Conversation")
    expect(log.get_by_role("listitem")).to_have_count(2, timeout=ANSWER)
    say(page, "Is it in stock?")
    expect(log.get_by_role("listitem")).to_have_count(4, timeout=ANSWER)
    expect(log).to_contain_text("Hello")  # what was said before stays
    expect(page.get_by_label("System prompt")).to_have_value("Be short.")
    stops_an_answer(page)
    # htmx tells the console of every request that did not end, of those that were stopped too.
    stopped = ("htmx:afterRequest", "htmx:sendAbort")
    walk.faults[:] = [fault for fault in walk.faults if not any(name in fault for name in stopped)]
    page.get_by_role("button", name="New conversation").click()
    expect(log).to_have_count(0)


def say(page: Any, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.get_by_role("button", name="Send").click()


def stops_an_answer(page: Any) -> None:
    """The answer is held back, and stopped; what was typed is still there."""
    page.route("**/try/", lambda _route: None)
    say(page, "Never mind")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    expect(page.get_by_label("Your message")).to_have_value("Never mind")
    page.unroute("**/try/")


@pytest.fixture
def wizard(show: Callable[[str], Any], runs: dict[str, str], stack: Any, llama_base: Path) -> Any:  # noqa: F811
    """The second step, for data whose models write, with a tiny base as the operator would have put it there."""
    shutil.copytree(llama_base, stack.home / "bases" / "smollm2-135m-instruct", dirs_exist_ok=True)
    page = show("texts")
    page.get_by_role("link", name="Train again").click()
    page.goto(page.url.split("?")[0] + "?step=model&base=smollm2-135m-instruct")
    page.locator("#prompt summary").click()
    return page


def test_a_prompt_is_tried_on_rows(wizard: Any, walk: Any) -> None:
    box, preview = wizard.get_by_label("Prompt", exact=True), wizard.locator("#preview")
    box.fill("Into Chinese, please: {source}")
    wizard.get_by_role("button", name="Show on my rows").click()
    expect(preview.get_by_role("listitem")).to_have_count(3, timeout=ANSWER)
    expect(preview.get_by_role("listitem").first).to_contain_text("Into Chinese, please:")
    expect(preview.locator("li mark").first).to_be_visible()
    walk.look("prompt")
    box.fill("Into Chinese, please: {sauce}")
    wizard.get_by_role("button", name="Show on my rows").click()
    expect(preview.locator(".banner")).to_be_visible(timeout=ANSWER)
