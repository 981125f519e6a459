"""The components in a real browser: no accessibility violation, no message on the console, and they work."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles.finders import get_finder
from django.urls import include, path
from playwright.sync_api import Browser, Page, Route

from config.urls import handler404, handler500  # noqa: F401
from projects.portal.views import gallery
from tests.chromium import Chromium
from web import css

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

urlpatterns = [path("_gallery/", gallery), path("", include("config.urls"))]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("css")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for all of these. While Playwright runs, Django takes the thread for an async one, which it is not."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail("Chromium is missing; CI must run the browser tests (apt install chromium).")
    if found is None:
        pytest.skip("Chromium is missing; install it with: apt install chromium")
    with pytest.MonkeyPatch.context() as patched, closing(Chromium()) as chromium:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield chromium.launched(found)


@pytest.fixture
def site(settings: Any, sheets: Path, live_server: Any) -> Iterator[str]:
    """The site with the gallery and a stylesheet of its own."""
    settings.ROOT_URLCONF = sys.modules[__name__]
    settings.CSS_DIR = sheets
    settings.STATICFILES_DIRS = [settings.ASSETS / "static", sheets]
    css.compile()
    get_finder.cache_clear()
    yield live_server.url
    get_finder.cache_clear()


Open = Callable[..., Any]


@pytest.fixture
def browse(site: str, chromium: Browser) -> Open:
    """`with browse(path, width=…, theme=…) as page`: fails at the end if the console said anything."""

    @contextmanager
    def opened(url: str, width: int = 1440, theme: str = "light", **more: Any) -> Iterator[Page]:
        said: list[str] = []
        # Without motion: a message that is still rising has half of its colours.
        more = {"viewport": {"width": width, "height": 900}, "reduced_motion": "reduce", **more}
        with chromium.new_context(**more) as context:
            context.add_cookies([{"name": "theme", "value": theme, "url": site}])
            page = context.new_page()
            page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
            page.on("pageerror", lambda error: said.append(f"error: {error}"))
            page.goto(f"{site}{url}")
            page.wait_for_load_state("networkidle")
            yield page
        assert said == []

    return opened


PAGES = (
    "/",
    "/_gallery/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_are_accessible_and_fit(browse: Open, width: int, theme: str) -> None:
    faults = []
    with browse("/", width, theme) as page:
        for url in PAGES:
            page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + url)
            found = Axe().run(page).response["violations"]
            faults += [(url, fault["id"], fault["nodes"][0]["html"]) for fault in found]
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            faults += [(url, "wider than the window by", wide)] if wide > 0 else []
    assert faults == []


def test_tabs_follow_the_arrow_keys(browse: Open) -> None:
    with browse("/_gallery/") as page:
        page.get_by_role("tab", name="Labels").focus()
        page.keyboard.press("ArrowRight")
        assert page.get_by_role("tab", name="Mistakes").get_attribute("aria-selected") == "true"
        assert page.locator("#panel-mistakes").is_visible()
        assert page.locator("#panel-labels").is_hidden()


def test_a_dialog_opens_and_closes_and_gives_the_focus_back(browse: Open) -> None:
    with browse("/_gallery/") as page:
        opener = page.locator("[data-dialog-open=sample]").last
        opener.click()
        assert page.get_by_role("dialog").is_visible()
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0
        assert opener.evaluate("button => button === document.activeElement")


def test_a_table_is_sorted_by_its_head(browse: Open) -> None:
    with browse("/_gallery/") as page:
        page.get_by_role("button", name="Recall").click()
        rows = page.locator("#panel-labels tbody th").all_inner_texts()
        assert rows == ["Review", "Model and effort", "Data"]
        head = page.locator("th[aria-sort]")
        assert head.get_attribute("aria-sort") == "descending"


def test_a_table_is_filtered_by_its_first_column(browse: Open) -> None:
    with browse("/_gallery/") as page:
        page.get_by_label("Filter").fill("eff")
        assert page.locator("#panel-labels tbody th:visible").all_inner_texts() == [
            "Model and effort"
        ]
        page.get_by_label("Filter").fill("")
        assert page.locator("#panel-labels tbody th:visible").count() == 3


def test_the_theme_switch_holds_on_the_next_page(browse: Open) -> None:
    with browse("/_gallery/", theme="light") as page:
        light = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
        page.get_by_label("Theme and language").click()
        page.locator("[data-theme-set=dark]").click()
        page.goto(page.url)
        assert page.locator("html").get_attribute("data-theme") == "dark"
        dark = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
        assert light != dark


CSV = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"text,label\n"}


def answer(page: Page, status: int, body: str) -> None:
    def handle(route: Route) -> None:
        if route.request.method != "POST":
            return route.fallback()
        assert route.request.headers["x-csrftoken"]
        route.fulfill(status=status, content_type="application/json", body=body)

    page.route("**/_gallery/", handle)


def test_an_upload_goes_where_the_server_says(browse: Open) -> None:
    with browse("/_gallery/") as page:
        answer(page, 200, '{"location": "/accounts/login/"}')
        page.locator("#data").set_input_files(CSV)
        page.wait_for_url("**/accounts/login/")


def test_a_file_that_is_too_large_is_never_sent(browse: Open) -> None:
    with browse("/_gallery/") as page:
        page.route("**/_gallery/", lambda route: pytest.fail("it was sent"))
        page.locator("[data-upload]").evaluate("box => (box.dataset.max = 5)")
        page.locator("#data").set_input_files(CSV)
        assert page.get_by_text("The file is larger than 2 GB").is_visible()


def test_a_refused_upload_shows_the_problem_in_place(site: str, chromium: Browser) -> None:
    """The browser itself writes a line for a 422, so the console is not looked at here."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{site}/_gallery/")
        text = "<b>not markup</b>"
        answer(page, 422, f'{{"title": "No text", "found": "{text}", "remedy": "Save it as CSV."}}')
        page.locator("#data").set_input_files(CSV)
        box = page.locator("[data-problem]")
        box.wait_for(state="visible")
        assert text in box.inner_text()
        assert "Save it as CSV." in box.inner_text()
        # Another try is possible at once.
        assert page.locator("#data").is_enabled()
