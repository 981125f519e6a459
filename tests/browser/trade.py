"""A site that sells plans, for walks: with a Stripe on loopback, its queue and its clock in the hand of the test."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.billing.fake_stripe import FakeStripe
from tests.billing.fake_stripe_pages import post, serve

from .conftest import ROOT, Stack, Walk, environment

BEHIND = Path(__file__).with_name("behind.py")
PASSWORD = "correct horse battery"


@contextmanager
def stripe() -> Iterator[FakeStripe]:
    """Its events wait until the test delivers them."""
    fake = FakeStripe()
    server = serve(0, fake)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield fake
    server.shutdown()
    server.server_close()


def settings_for(fake: FakeStripe) -> dict[str, str]:
    return {
        "ATTUNE_PUBLIC": "1",
        "ATTUNE_PAYMENT": "stripe",
        "ATTUNE_STRIPE_KEY": fake.key,
        "ATTUNE_STRIPE_WEBHOOK_SECRET": fake.secret,
        "ATTUNE_STRIPE_API": fake.url,
        "ATTUNE_LAUNCHER": "0",
    }


def deliver(fake: FakeStripe, stack: Stack) -> list[str]:
    """All events that wait, the latest first and each of them twice. The outcomes."""
    events, fake.events = fake.events, []
    bodies = [json.dumps(event).encode() for event in reversed(events) for _again in range(2)]
    url = f"{stack.url}/billing/stripe/"
    return [post(url, body, fake.signature(body))["outcome"] for body in bodies]


@dataclass
class Behind:
    """The process of behind.py."""

    process: subprocess.Popen[str]

    def work(self, behaviour: str = "") -> list[str]:
        done: list[str] = self._asked(f"work {behaviour}")
        return done

    def sweep(self, now: datetime) -> None:
        self._asked(f"sweep {now.isoformat()}")

    def _asked(self, line: str) -> Any:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin
        assert stdout
        stdin.write(line + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, f"{line}: it has ended with {self.process.wait()}"
        return json.loads(answer)


@contextmanager
def behind(stack: Stack, **settings: str) -> Iterator[Behind]:
    log = stack.home / "logs" / "behind.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(BEHIND)],
            cwd=ROOT,
            env=environment(stack.home, ATTUNE_URL=stack.url, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
    try:
        yield Behind(process)
    finally:
        process.kill()  # it has answered all that it was asked
        process.wait()


def show(walk: Walk, name: str) -> None:
    """For those who want to look: both themes, wide and narrow. Otherwise nothing."""
    if not os.environ.get("ATTUNE_SCREENSHOTS"):
        return
    before = walk.page.viewport_size
    for width in (1440, 390):
        walk.page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            walk.wear(scheme)  # type: ignore[arg-type]
            walk._shoot(f"business-{name}-{width}-{scheme}")
    walk.wear("light")
    if before:
        walk.page.set_viewport_size(before)


def money(text: str) -> Decimal:
    """The first amount in a text, such as “$1,203.31”; below zero with any sign for it."""
    found = re.search(r"([-−–]?)\s*[^\d\s-]*\s*(\d[\d,]*\.\d\d)", text)
    assert found, text
    amount = Decimal(found[2].replace(",", ""))
    return -amount if found[1] else amount
