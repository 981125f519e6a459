"""The settings of a workspace: plan and usage, members, name."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User, Workspace
from billing import usage, words
from billing.models import Plan, Subscription
from billing.services import Meter


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/settings/"


def text_of(response: Any, name: str) -> str:
    """The words of one meter."""
    html = response.content.decode()
    found = re.search(rf'id="meter-{name}".*?(?=id="meter-|</section>)', html, re.S)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).replace("\xa0", " ").split())


def test_it_works(alice_client: Client, url: str, bob: User, vera: User) -> None:
    response = alice_client.get(url)
    assert response.status_code == 200
    html = response.content.decode()
    for words_ in ("Internal", "alice@example.org", "bob@example.org", "Viewer"):
        assert words_ in html
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


def test_members_see_it_but_cannot_manage(
    bob_client: Client, vera_client: Client, url: str
) -> None:
    for client in (bob_client, vera_client):
        html = client.get(url).content.decode()
        assert 'id="members"' in html
        assert "/tokens/" not in html
        assert "/settings/name/" not in html


def test_it_checks_ownership(charlie_client: Client, client: Client, url: str) -> None:
    assert charlie_client.get(url).status_code == 404
    assert client.get(url).status_code == 302


def test_it_rejects_post(alice_client: Client, url: str) -> None:
    assert alice_client.post(url).status_code == 405


def test_renaming(alice_client: Client, workspace: Workspace, url: str) -> None:
    response = alice_client.post(f"{url}name/", {"name": "客户支持"}, follow=True)
    assert "客户支持" in response.content.decode()
    workspace.refresh_from_db()
    assert (workspace.name, workspace.slug) == ("客户支持", "alice")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_renaming_rejects(alice_client: Client, workspace: Workspace, url: str, name: str) -> None:
    response = alice_client.post(f"{url}name/", {"name": name}, follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    workspace.refresh_from_db()
    assert workspace.name == "alice"


def test_the_queries_do_not_grow_with_the_members(
    alice_client: Client, workspace: Workspace, url: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        user = User.objects.create_user(f"user{number}@example.org")
        workspace.memberships.create(user=user)
    with django_assert_max_num_queries(22):
        alice_client.get(url)
