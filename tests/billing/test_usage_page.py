"""The usage page of a workspace: its plan, and what is left of it."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Workspace
from billing import usage, words
from billing.models import Plan, Subscription
from billing.services import Meter


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/settings/usage/"


def text_of(response: Any, name: str) -> str:
    """The words of one meter."""
    html = response.content.decode()
    found = re.search(rf'id="meter-{name}".*?(?=id="meter-|</section>)', html, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).replace("\xa0", " ").split())


def test_it_works(alice_client: Client, url: str) -> None:
    response = alice_client.get(url)
    assert response.status_code == 200
    html = response.content.decode()
    assert "Internal" in html
    assert "unlimited" in text_of(response, "projects")


def test_it_shows_what_is_left(
    alice_client: Client, url: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan.objects.create(
        slug="tight", name="Tight", max_projects=4, max_rows=10_000, max_storage_bytes=2 * 1024**2
    )
    Subscription.objects.filter(workspace=workspace).update(plan=plan)
    monkeypatch.setitem(usage._COUNTS, "projects", lambda workspace: 3)
    monkeypatch.setitem(usage._COUNTS, "storage", lambda workspace: 1024**2)
    response = alice_client.get(url)
    assert "3 of 4" in text_of(response, "projects")
    assert "1 left" in text_of(response, "projects")
    assert "1.0 MB of 2.0 MB" in text_of(response, "storage")
    assert "up to 10,000" in text_of(response, "rows")


@pytest.mark.parametrize(
    ("limit", "used", "tone"), [(10, 7, ""), (10, 8, "warn"), (10, 12, "bad"), (None, 9, "")]
)
def test_a_bar_warns_when_little_is_left(limit: int | None, used: int, tone: str) -> None:
    line = words.line(Meter("projects", limit, used))
    assert line.tone == tone
    assert line.used is None or line.limit is None or line.used <= line.limit


def test_it_checks_ownership(charlie_client: Client, client: Client, url: str) -> None:
    assert charlie_client.get(url).status_code == 404
    assert client.get(url).status_code == 302


def test_it_rejects_post(alice_client: Client, url: str) -> None:
    assert alice_client.post(url).status_code == 405
