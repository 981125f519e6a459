"""The general page of a workspace's settings, and the list of its members."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Member, Role, User, Workspace


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/settings/"


def test_everybody_has_the_tabs_of_their_role(workspace: Workspace, url: str, vera: User) -> None:
    client = Client()
    client.force_login(vera, backend="allauth.account.auth_backends.AuthenticationBackend")
    seen = {}
    for role in Role.values:
        Member.objects.filter(user=vera, workspace=workspace).update(role=role)
        html = client.get(url).content.decode()
        tabs = html[html.index('class="tabs') :].partition("</nav>")[0]
        seen[role] = {name for name in ("members", "usage", "tokens") if f"/{name}/" in tabs}
    works = {"members", "usage"}
    assert seen == {
        Role.OWNER: works | {"tokens"},
        Role.ADMIN: works | {"tokens"},
        Role.EDITOR: works,
        Role.ANNOTATOR: {"members"},
        Role.VIEWER: works,
        Role.BILLING: {"usage"},
    }


def test_who_may_not_look_at_projects_comes_home_to_the_settings(
    charlie: User, charlies_workspace: Workspace, charlie_client: Client
) -> None:
    Member.objects.filter(user=charlie).update(role=Role.BILLING)
    assert charlie_client.get("/")["Location"] == f"/w/{charlies_workspace.slug}/settings/"


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
    with django_assert_max_num_queries(20):
        alice_client.get(f"{url}members/")
