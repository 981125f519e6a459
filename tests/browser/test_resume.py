"""An upload survives a broken connection and a closed page, and keeps the page in hand while it goes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from .conftest import Walk, new_context
from .test_upload import project

pytestmark = pytest.mark.browser
PIECE = 8 * 1024**2  # bytes, as in static/js/tus.js
LINE = (
    "Message number {n} is about a parcel that has not come yet, and about nothing else,label {k}\n"
)
STATE = "[data-state]"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Two pieces and a bit."""
    path = tmp_path / "large.csv"
    lines = [LINE.format(n=n, k=n % 3) for n in range(1000)]
    path.write_text("text,label\n" + "".join(lines) * (2 * PIECE // len("".join(lines)) + 1))
    assert 2 * PIECE < path.stat().st_size < 3 * PIECE
    return path


@pytest.fixture(scope="module")
def begun(browser: Browser, stack: Any) -> tuple[Any, str]:
    """What a browser keeps of whoever has signed in, and the address of a project. Uploads are each browser's own."""
    with new_context(browser) as context:
        walk = Walk(context.new_page(), stack.url)
        project(walk, "resume@example.org")
        return context.cookies(), walk.page.url


@pytest.fixture
def upload_page(walk: Any, begun: tuple[Any, str]) -> str:
    cookies, address = begun
    walk.page.context.add_cookies(cookies)
    walk.page.goto(address + "upload/")
    return str(walk.page.url)


class Line:
    """The connection, which breaks at the pieces that begin at an offset in `broken`, or never answers them."""

    def __init__(self, walk: Any, broken: list[int], silent: bool = False) -> None:
        self.offsets: list[int] = []
        self.broken, self.silent = broken, silent
        walk.page.route(re.compile(r"/api/v1/tus/"), self.carry)

    def carry(self, route: Route) -> None:
        if route.request.method != "PATCH":
            return route.continue_()
        offset = int(route.request.headers["upload-offset"])
        self.offsets.append(offset)
        if offset not in self.broken:
            return route.continue_()
        if not self.silent:
            self.broken.remove(offset)
            route.abort("internetdisconnected")
        return None


def forgive_the_connection(walk: Any) -> None:
    """The browser itself writes a line for each request that fails."""
    walk.faults[:] = [fault for fault in walk.faults if "net::ERR_INTERNET" not in fault]


def test_a_broken_connection_loses_one_piece(walk: Any, upload_page: str, large: Path) -> None:
    line = Line(walk, [PIECE, PIECE, 2 * PIECE])
    walk.page.locator("#file").set_input_files(large)
    expect(walk.page.locator(STATE)).to_contain_text("goes on by itself")
    walk.page.wait_for_url("**/uploads/**", timeout=60_000)
    assert line.offsets == [0, PIECE, PIECE, PIECE, 2 * PIECE, 2 * PIECE]
    expect(walk.page.get_by_text("Message number 0").first).to_be_visible()
    forgive_the_connection(walk)


def test_the_same_file_goes_on_after_the_page_was_closed(
    walk: Any, upload_page: str, large: Path
) -> None:
    line = Line(walk, [PIECE], silent=True)
    walk.page.locator("#file").set_input_files(large)
    expect(walk.page.locator("[data-amount]")).to_contain_text("MB")
    while PIECE not in line.offsets:
        walk.page.wait_for_timeout(50)
    walk.page.goto(upload_page)
    expect(walk.page.get_by_text("large.csv is not all there yet")).to_be_visible()
    walk.look("upload-unfinished")
    walk.page.locator("#file").set_input_files(large)
    expect(walk.page.locator(STATE)).to_contain_text("Going on at 4")
    walk.look("upload-resumed")
    line.broken.clear()
    walk.page.get_by_role("button", name="Pause").click()
    expect(walk.page.locator(STATE)).to_have_text("Paused")
    walk.look("upload-paused")
    walk.page.get_by_role("button", name="Go on").click()
    walk.page.wait_for_url("**/uploads/**", timeout=60_000)
    assert line.offsets == [0, PIECE, PIECE, PIECE, 2 * PIECE]


def test_cancel_removes_what_has_come(walk: Any, upload_page: str, large: Path, stack: Any) -> None:
    Line(walk, [PIECE], silent=True)
    walk.page.locator("#file").set_input_files(large)
    expect(walk.page.locator("progress")).to_be_visible()
    with walk.page.expect_response(lambda answer: answer.request.method == "DELETE") as removed:
        walk.page.get_by_role("button", name="Cancel").click()
    assert removed.value.status == 204
    assert not list((stack.home / "uploads").glob("*/*.tus"))
    expect(walk.page.locator("#file")).to_be_enabled()
    walk.page.reload()
    expect(walk.page.get_by_text("is not all there yet")).to_have_count(0)


def test_cancel_removes_what_was_just_being_begun(
    walk: Any, upload_page: str, large: Path, stack: Any
) -> None:
    begun: list[Route] = []
    walk.page.route(re.compile(r"/tus/$"), lambda route: begun.append(route))
    with walk.page.expect_request(lambda request: request.url.endswith("/tus/")):
        walk.page.locator("#file").set_input_files(large)
    walk.page.get_by_role("button", name="Cancel").click()
    expect(walk.page.locator("#file")).to_be_enabled()
    with walk.page.expect_response(lambda answer: answer.request.method == "DELETE") as removed:
        begun[0].continue_()
    assert removed.value.status == 204
    assert not list((stack.home / "uploads").glob("*/*.tus"))


def test_whoever_was_signed_out_is_told_so_and_goes_on_later(
    walk: Any, upload_page: str, large: Path
) -> None:
    Line(walk, [PIECE])
    walk.page.locator("#file").set_input_files(large)
    expect(walk.page.locator(STATE)).to_contain_text("goes on by itself")
    walk.page.context.clear_cookies()
    expect(walk.page.get_by_role("alert").first).to_contain_text("Sign in first")
    assert "attune-upload" in walk.page.evaluate("JSON.stringify(localStorage)")
    forgive_the_connection(walk)


def test_without_the_protocol_the_file_goes_in_one_request(
    walk: Any, upload_page: str, tmp_path: Path
) -> None:
    small = tmp_path / "small.csv"
    small.write_text("text,label\n" + "".join(LINE.format(n=n, k=n % 3) for n in range(30)))
    walk.page.route(re.compile(r"/tus/$"), lambda route: route.fulfill(status=405))
    walk.page.locator("#file").set_input_files(small)
    walk.page.wait_for_url("**/uploads/**")
    expect(walk.page.get_by_text("Message number 0").first).to_be_visible()


def test_the_page_stays_in_hand_while_a_file_goes_up(
    walk: Any, upload_page: str, large: Path
) -> None:
    """No frame of the page waits for the file: it is never read as a whole."""
    walk.page.evaluate(
        """() => {
          window.longest = 0;
          let last = performance.now();
          const tick = (now) => {
            longest = Math.max(longest, now - last);
            last = now;
            requestAnimationFrame(tick);
          };
          requestAnimationFrame(tick);
        }"""
    )
    line = Line(walk, [2 * PIECE], silent=True)
    walk.page.locator("#file").set_input_files(large)
    while 2 * PIECE not in line.offsets:
        walk.page.wait_for_timeout(50)
    assert walk.page.evaluate("longest") < 1000  # milliseconds, on a machine that may be busy
