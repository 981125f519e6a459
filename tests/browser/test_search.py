"""A search for better settings in the browser: asked for in the wizard, and read in the results of a run."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from ..projects.runs.conftest import chat_tokenizer, fit_of, llama_base, tiny_base  # noqa: F401

pytestmark = pytest.mark.browser
EMAIL, PASSWORD = "search@example.org", "correct horse battery"
KEEP = Path(__file__).with_name("finished.py")
SPACE = [
    {"name": "learning_rate", "usual": 1e-4, "low": 2e-5, "high": 5e-4, "log": True, "choices": []},
    {"name": "batch_size", "usual": 16, "low": 0, "high": 0, "log": False, "choices": [8, 16, 32]},
]


def trial(number: int, state: str, value: float | None, **given: Any) -> dict[str, Any]:
    settings = {"learning_rate": 1e-4 + 5e-5 * number, "batch_size": 16 if number == 0 else 32}
    told = {"number": number, "state": state, "value": value, "settings": settings}
    return {**told, "values": [], "seconds": 12.0, "reason": "", **given}


def searched(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events of a run as they are after a search."""
    found = copy.deepcopy(events)
    details = next(one for one in found if one["event"] == "report")["details"]
    details["search"] = {
        "budget": {"trials": 4},
        "figure": details["main"],
        "head": details["head"],
        "rows": 200,
        "space": SPACE,
        "trials": [
            trial(0, "complete", 0.8),
            trial(1, "complete", 0.9),
            trial(2, "pruned", 0.4, reason="promise"),
            trial(3, "failed", None, reason="train.memory"),
        ],
        "best": 1,
        "value": 0.9,
        "usual": 0.8,
        "error": 0.02,
        "importance": {"learning_rate": 0.7, "batch_size": 0.3},
        "seconds": 48.0,
    }
    return found


@pytest.fixture
def address(stack: Any, fit_of: Callable[[str], Any]) -> str:  # noqa: F811
    """Of a finished run whose settings were searched."""
    fit = fit_of("entities")
    given = {"kind": fit.kind, "task": fit.task, "folder": str(fit.folder)}
    done = subprocess.run(
        [sys.executable, str(KEEP), EMAIL, PASSWORD],
        input=json.dumps([{**given, "events": searched(fit.events)}]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ATTUNE_HOME": str(stack.home)},
    )
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["entities"])


def test_a_search_is_asked_for_and_read(walk: Any, address: str) -> None:
    page = walk.page
    walk.go("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()

    walk.go(address)
    card = page.locator("#search")
    card.scroll_into_view_if_needed()
    expect(card.locator(".js-plotly-plot")).to_have_count(2)
    expect(card.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")).to_have_count(3)
    board = card.get_by_role("region", name="Leaderboard")
    expect(board.locator("tbody tr").first).to_contain_text("0.00015")
    expect(board.locator("tbody tr").last).to_contain_text("Failed")
    walk.look("search")

    page.get_by_role("link", name="Train again").click()
    asked = page.get_by_role("group", name="Search for better settings")
    asked.get_by_label("Settings to try, at most").fill("20")
    page.keyboard.press("Tab")
    walk.look("search-asked")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#start-form")).to_contain_text(
        re.compile(r"Settings to try, at most\s+20")
    )
