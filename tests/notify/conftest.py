"""News of Alice's workspace, and the outside world as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User, Workspace
from notify import outgoing, services, spreading, webhooks
from notify.models import News, Webhook
from notify.outgoing import Answer

URL = "https://receiver.example.org/attune"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was posted: (url, body, headers). Every name leads to a public address; nothing leaves this machine."""
    sent: list[Any] = []

    def post(url: str, body: bytes, headers: dict[str, str], *, private: bool) -> Answer:
        sent.append((url, body, headers))
        return Answer(200, "thanks", 0.1)

    monkeypatch.setattr(outgoing, "_resolved", lambda host, port: ["93.184.215.14"])
    monkeypatch.setattr(outgoing, "post", post)
    return sent


@pytest.fixture
def hook(workspace: Workspace, alice: User) -> Webhook:
    return webhooks.add(workspace=workspace, user=alice, url=URL, topics=["run"])


@pytest.fixture
def announce(workspace: Workspace, alice: User) -> Callable[..., News]:
    """Announces to Alice that a run has ended, and has it spread."""

    def make(key: str = "run:1", **given: Any) -> News:
        values = {"number": 3, "project": "Tickets", "seconds": 61.0, "problem": None}
        usual: dict[str, Any] = {"kind": "run.succeeded", "values": values, "to": [alice]}
        usual |= {"workspace": workspace, "path": "/w/alice/"}
        services.announce(key=key, **(usual | given))
        news = News.objects.get(key=key)
        spreading.spread(news.pk)
        return news

    return make
