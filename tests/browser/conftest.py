"""The real stack on a port of its own, and a browser that listens for everything that goes wrong on a page.

Screenshots of the pages met go to the folder that ATTUNE_SCREENSHOTS names, if it is set.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    expect,
)

from config.bootstrap import find_browser
from config.supervisor import tail
from tests.chromium import Chromium
from tests.migrated import Tables

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "test-results"  # screenshots of pages on which a walk failed
START, STOP = 180, 10  # seconds
USUAL, PATIENCE = 5_000, 60_000  # milliseconds in which something is expected to show
Scheme = Literal["light", "dark"]
CHROMIUM = Chromium()
AXE = Axe().axe_script
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
OF_A_PAGE = {"runOnly": LEVELS, "resultTypes": ["violations"]}
OF_COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
FOUND_BY_AXE = "async (rules) => (await axe.run(rules)).violations"
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
  console.error(`CSP: ${event.violatedDirective} refuses ${event.blockedURI} ${event.sample}`));
"""


# What `python -m training calibrate` takes a minute of processor time to find out.
CALIBRATION = {
    "startup_seconds": 11.88,
    "startup_memory": 1122746368,
    "device": "cpu",
    "devices": 1,
    "threads": 1,
    "precision": "fp32",
    "bases": {
        "minilm-l6": {
            "step_seconds": 0.13212,
            "proof_tokens_per_second": 2021.1,
            "train_tokens_per_second": 688.8,
            "train_tokens_per_second_long": 638.0,
            "infer_tokens_per_second": 1828.6,
            "infer_tokens_per_second_long": 1874.6,
        }
    },
}


@dataclass
class Stack:
    url: str
    home: Path
    process: subprocess.Popen[bytes]
    said: Path

    def wait(self) -> None:
        end = time.monotonic() + START
        while "Listening on" not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < end, f"No answer after {START} s\n{self.said.read_text()}"
            time.sleep(0.1)

    def stop(self) -> float:
        """Seconds until all of it had ended."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP + 5)
        return time.monotonic() - begin


# Colours that are still on their way from one theme to the other have no contrast to speak of. What is drawn anew
# meanwhile may never come to its end: nobody waits longer than any transition lasts.
SETTLED = """async () => {
  const late = new Promise((done) => setTimeout(done, 3000));
  const drawn = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.race([drawn, late]);
  const moving = document.getAnimations().filter((item) => item instanceof CSSTransition);
  await Promise.race([Promise.all(moving.map((item) => item.finished.catch(() => null))), late]);
}"""


@dataclass
class Walk:
    """A page, and everything that browsers complain about while it is used."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)
    scheme: Scheme = "light"

    def go(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def look(self, name: str) -> None:
        """What is shown now has no fault that axe knows, in the light and in the dark."""
        other: Scheme = "light" if self.scheme == "dark" else "dark"
        # But for its colours, a page is the same in both.
        for scheme, rules in ((self.scheme, OF_A_PAGE), (other, OF_COLOURS)):
            self.wear(scheme)
            self._shoot(f"{name}-{scheme}")
            for fault in self._violations(rules):
                targets = [node["target"] for node in fault["nodes"][:3]]
                self.faults.append(f"{name} ({scheme}): {fault['id']}: {fault['help']} {targets}")
        wide = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if wide:
            self.faults.append(f"{name}: the page is wider than the window")

    def wear(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(SETTLED)

    def _violations(self, rules: dict[str, Any]) -> list[dict[str, Any]]:
        """What axe still finds when it looks again: a page that is being drawn anew has half of each theme."""
        found: list[dict[str, Any]] = []
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        for _again in range(5):
            found = self.page.evaluate(FOUND_BY_AXE, rules)
            if not found:
                break
            self.page.wait_for_timeout(400)
        return found

    def _shoot(self, name: str) -> None:
        if folder := os.environ.get("ATTUNE_SCREENSHOTS"):
            self.page.evaluate("scrollTo(0, 0)")
            self.page.screenshot(path=ROOT / folder / f"{name}.png", full_page=True)

    def listen(self, page: Page) -> None:
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("response", self._answered)

    def _heard(self, kind: str, text: str) -> None:
        # A status of 422 is how a form tells of a problem; the browser calls that an error.
        if kind in ("error", "warning") and not re.search(r"status of 4\d\d", text):
            self.faults.append(f"{self.page.url}: {kind}: {text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500 or (response.status == 404 and "/static/" in response.url):
            self.faults.append(f"{response.status} {response.url}")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = find_browser()
    if path is None:
        message = "There is no Chromium; install chromium, or name one with ATTUNE_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> Iterator[Stack]:
    """`manage.py up` as an operator runs it, queue and serving process included, on a machine measured before."""
    folder = tmp_path_factory.mktemp("stack")
    tables.lend(folder / "home" / "attune.sqlite3")
    (folder / "home").mkdir(exist_ok=True)
    (folder / "home" / "calibration.json").write_text(json.dumps(CALIBRATION))
    with started(folder) as stack:
        yield stack


@contextmanager
def started(folder: Path, *arguments: str, **settings: str) -> Iterator[Stack]:
    """A site with a state folder of its own, and settings in its environment."""
    port, said = free_port(), folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port), *arguments],
            cwd=ROOT,
            env=environment(folder / "home", **settings),
            stdout=file,
            stderr=file,
        )
    stack = Stack(f"http://localhost:{port}", folder / "home", process, said)
    try:
        stack.wait()
        yield stack
    finally:
        if process.poll() is None:
            assert stack.stop() < STOP, said.read_text()


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Without the settings that whoever runs the tests has for a site of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ATTUNE_")}
    return {**kept, "ATTUNE_HOME": str(home), **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Browser:
    """The same one for all walks that follow on one another."""
    return CHROMIUM.launched(chromium_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """It ends with the last of them: while Playwright runs, Django takes the thread for an async one."""
    try:
        return (yield)
    finally:
        if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
            CHROMIUM.close()


@pytest.fixture
def context(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    """Asks for the browser first: without one, nothing is started."""
    context = new_context(browser)
    yield context
    context.close()


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(
        locale="en-GB",
        viewport={"width": 1280, "height": 900},
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.add_init_script(TELL_VIOLATIONS)
    context.set_default_timeout(15_000)
    return context


@pytest.fixture
def walk(context: BrowserContext, stack: Stack) -> Iterator[Walk]:
    """Fails at the end with all that was heard on the way."""
    walk = Walk(context.new_page(), stack.url)
    walk.listen(walk.page)
    yield walk
    assert not walk.faults, "\n".join(walk.faults)


@pytest.fixture
def meet(browser: Browser, stack: Stack) -> Iterator[Callable[[], Walk]]:
    """Each call is a further person: a browser of their own. Fails at the end as `walk` does. Patient: with several
    browsers at once, a busy machine takes its time."""
    walks: list[Walk] = []
    expect.set_options(timeout=PATIENCE)

    def person() -> Walk:
        walk = Walk(new_context(browser).new_page(), stack.url)
        walk.page.set_default_timeout(PATIENCE)
        walk.listen(walk.page)
        walks.append(walk)
        return walk

    person.walks = walks  # type: ignore[attr-defined]
    yield person
    expect.set_options(timeout=USUAL)
    for walk in walks:
        walk.page.context.close()
    assert not any(walk.faults for walk in walks), "\n".join(
        fault for walk in walks for fault in walk.faults
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Any:
    """A walk that has failed shows the page on which it did, and the ends of the logs."""
    report = yield
    walk, meet, stack = (item.funcargs.get(name) for name in ("walk", "meet", "stack"))
    if report.failed and call.when == "call" and stack:
        walks = [walk] if walk else getattr(meet, "walks", [])
        for number, one in enumerate(walks):
            shown = f"{one.page.url}\n{one.page.locator('body').inner_text()[:3000]}"
            report.sections.append(("The page", shown))
            RESULTS.mkdir(exist_ok=True)
            name = f"{item.name}-{number}" if number else item.name
            one.page.screenshot(path=RESULTS / f"{name}.png", full_page=True)
        report.sections += [(str(log), tail(log)) for log in (stack.home / "logs").glob("*.log")]
    return report


@pytest.fixture(autouse=True)
def home() -> Any:
    """Takes the place of the fixture that gives each test a state folder: these talk to a site with its own."""
    return None
