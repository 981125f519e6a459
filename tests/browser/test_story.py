"""A newcomer makes a first model from a sample, in a real browser against the real stack.

Every page that is met is looked at by axe, in the light and in the dark. Errors on the console, violations of the
content security policy and answers of 500 fail the walk at its end.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
CHECK, RUN, FIRST_ANSWER = 60_000, 420_000, 60_000  # milliseconds, for a busy machine
TEXT = "Striker scores twice in the last minutes of the cup final"
EMAIL = "ada@example.org"


def test_the_whole_story(walk: Any, tmp_path: Path) -> None:
    signs_up(walk)
    makes_a_project(walk)
    takes_a_sample(walk)
    goes_through_the_wizard(walk)
    watches_the_training(walk)
    reads_the_results(walk)
    tries_a_sentence(walk)
    uses_the_download(walk, tmp_path)
    sees_what_was_used(walk)


def signs_up(walk: Any) -> None:
    walk.go()
    walk.look("landing")
    walk.page.get_by_role("link", name="Sign up").first.click()
    walk.look("sign-up")
    walk.page.get_by_label("Email").fill(EMAIL)
    walk.page.get_by_label("Password").fill("correct horse battery")
    walk.page.get_by_role("button", name="Create account").click()
    expect(walk.page.get_by_role("heading", name="Projects")).to_be_visible()
    walk.look("projects-empty")


def makes_a_project(walk: Any) -> None:
    walk.page.get_by_role("link", name="New project").first.click()
    walk.page.get_by_role("textbox", name="Name").fill("News desk")
    walk.look("project-new")
    walk.page.get_by_role("button", name="Create project").click()
    expect(walk.page.get_by_role("heading", name="News desk", level=1)).to_be_visible()
    walk.look("project-empty")


def takes_a_sample(walk: Any) -> None:
    walk.page.get_by_role("button", name="Use Headlines by topic", exact=True).click()
    walk.page.wait_for_url("**/versions/**", timeout=CHECK)
    expect(walk.page.get_by_role("link", name="business", exact=True)).to_be_visible()
    walk.look("version")
    walk.page.get_by_role("link", name="Train a model").first.click()


def goes_through_the_wizard(walk: Any) -> None:
    walk.look("train-data")
    walk.page.get_by_role("button", name="Continue").click()
    walk.page.locator("#effort-quick").check()
    walk.look("train-model")
    walk.page.get_by_role("button", name="Continue").click()
    walk.look("train-review")
    walk.page.get_by_role("button", name="Start training").click()
    expect(walk.page.get_by_role("heading", name="Run 1", level=1)).to_be_visible()


def watches_the_training(walk: Any) -> None:
    """Nothing is done on this page until it has changed by itself; then again after it was loaded anew."""
    expect(walk.page.locator("#run-badge")).to_contain_text("Running", timeout=CHECK)
    walk.look("run-live")
    walk.page.reload()
    expect(walk.page.locator("#run-badge")).to_contain_text("Succeeded", timeout=RUN)
    expect(walk.page.locator("#results")).to_be_visible()


def reads_the_results(walk: Any) -> None:
    page = walk.page
    expect(page.locator("#compared tbody tr")).to_have_count(4)
    for card in ("labels", "confusion"):
        page.locator(f"#{card}").scroll_into_view_if_needed()
        expect(page.locator(f"#{card} [data-chart] svg").first).to_be_visible()
    page.locator("#confusion [data-chart] .nsewdrag").first.click()
    expect(page.locator("#cell")).not_to_be_empty()
    page.locator("#mistakes").scroll_into_view_if_needed()
    expect(page.locator("#mistakes")).not_to_contain_text("Loading")
    walk.look("run")


def tries_a_sentence(walk: Any) -> None:
    walk.page.get_by_role("textbox", name="Text").fill(TEXT)
    walk.page.get_by_role("button", name="Predict").click()
    expect(walk.page.locator("#answer")).to_contain_text("%", timeout=FIRST_ANSWER)
    walk.look("try")


def uses_the_download(walk: Any, folder: Path) -> None:
    with walk.page.expect_download() as started:
        walk.page.get_by_role("link", name="Download the model").click()
    with zipfile.ZipFile(started.value.path()) as archive:
        archive.extractall(folder)
    (script,) = folder.rglob("predict.py")
    (folder / "in.csv").write_text(f"text\n{TEXT}\n", encoding="utf-8")
    command = [sys.executable, str(script), str(folder / "in.csv"), str(folder / "out.csv")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=300)
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    answer = walk.page.locator("#answer").inner_text()
    assert row["predicted"] in answer


def sees_what_was_used(walk: Any) -> None:
    walk.go()
    walk.look("projects")
    walk.page.get_by_role("link", name="News desk").click()
    walk.look("project")
    walk.page.goto(walk.page.url.split("/p/")[0] + "/settings/")
    walk.look("settings")
