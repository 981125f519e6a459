"""New texts are labelled with the keyboard alone, from a file without labels to a version."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .test_annotate import CHECK, TICKETS, project
from .test_upload import send

pytestmark = pytest.mark.browser
TEXTS = [
    "包裹还没有到，物流三天没有更新了",
    "为什么我被扣了两次款？请尽快核实并退回多收的金额，谢谢",
    "The refund has not arrived yet",
    "能开发票吗",
]


@pytest.fixture
def pool(walk: Any, tmp_path: Path) -> Any:
    """A version of labelled tickets, and the texts read; nothing is suggested."""
    project(walk, f"pool-{tmp_path.name}@example.org")
    send(walk, tmp_path / "tickets.csv", TICKETS.encode())
    walk.page.get_by_role("button", name="Check data").click()
    walk.page.wait_for_url("**/versions/**", timeout=CHECK)
    walk.page.get_by_role("link", name="By hand").click()
    walk.page.get_by_role("link", name="Label new texts").click()
    walk.look("pools")
    file = tmp_path / "new.csv"
    lines = ["内容", *TEXTS, "Message number 3 is about a parcel"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    walk.page.locator("input[type=file]").set_input_files(file)
    expect(walk.page.get_by_label("Text", exact=True)).to_have_value("内容")
    walk.look("pool-new")
    walk.page.get_by_role("button", name="Start labelling").click()
    shows(walk, 0)
    return walk


def shows(walk: Any, number: int) -> None:
    """The text is there, and keys are heard."""
    shown = walk.page.locator(f"#next[data-ready='{number}']")
    expect(shown).to_contain_text(TEXTS[number], timeout=CHECK)


def suggest(walk: Any, stack: Any) -> None:
    """As a round of suggestions writes them; the third text is the least certain one."""
    pool = re.sub("-", "", walk.page.url.split("/pools/")[1].split("/")[0])
    shares = {2: (0.41, 0.4), 1: (0.7, 0.2), 3: (0.9, 0.05), 0: (0.97, 0.02)}
    with sqlite3.connect(stack.home / "attune.sqlite3") as database:
        for number, (best, second) in shares.items():
            said = json.dumps([["refund_status", best], ["billing", second], ["delivery", 0.01]])
            database.execute(
                'UPDATE pools_poolrow SET shares = ?, "order" = ?, user_id = NULL, until = NULL'
                " WHERE pool_id = ? AND number = ?",
                (said, best - second, pool, number),
            )


def test_labelling_by_keyboard(pool: Any, stack: Any) -> None:
    keys = pool.page.keyboard
    expect(pool.page.get_by_text("1 copy left out")).to_be_visible()
    pool.look("pool-bare")
    keys.press("Enter")  # nothing is suggested: nothing happens
    keys.press("2")
    shows(pool, 1)
    keys.press("u")
    shows(pool, 0)
    suggest(pool, stack)
    pool.page.reload()
    shows(pool, 2)
    for width in (390, 1440):
        pool.page.set_viewport_size({"width": width, "height": 900})
        pool.look(f"pool-suggested-{width}")
    keys.press("Enter")
    shows(pool, 1)
    keys.press("o")
    keys.type("compl")
    pool.look("pool-picker")
    keys.press("ArrowDown")  # a new label is gone to, then taken
    keys.press("Enter")
    shows(pool, 3)
    keys.press("s")
    shows(pool, 0)
    keys.press("1")
    expect(pool.page.get_by_text("Nothing is left for you")).to_be_visible()
    expect(pool.page.get_by_text("0 left · 3 labelled · 1 skipped")).to_be_visible()
    pool.look("pool-done")
    pool.page.get_by_role("button", name="Make a new version (3)").click()
    pool.look("pool-commit")
    pool.page.get_by_role("button", name="Make the version").click()
    expect(pool.page.get_by_role("heading", name="Version 2", level=1)).to_be_visible(timeout=CHECK)
    expect(pool.page.get_by_role("rowheader", name="compl", exact=True)).to_be_visible()
