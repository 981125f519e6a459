"""API tokens on their page among the settings: shown once, revoked with a click."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User, Workspace
from accounts.services import create_token

FORM = {"name": "CI", "days": "30"}
TEXT = re.compile(r"att_[0-9A-Za-z]{48}")


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/tokens/"


def revoke_url(token: ApiToken) -> str:
    return f"/w/{token.workspace.slug}/tokens/{token.pk}/revoke/"


def test_it_works(alice_client: Client, alice: User, workspace: Workspace, url: str) -> None:
    response = alice_client.post(url, FORM)
    assert response.status_code == 201
    texts = set(TEXT.findall(response.content.decode()))
    assert len(texts) == 1
    token = ApiToken.objects.get()
    assert (token.workspace, token.created_by, token.name) == (workspace, alice, "CI")
    schema = Client().get("/api/v1/schema/", headers={"Authorization": f"Bearer {texts.pop()}"})
    assert schema.status_code == 200


def test_it_is_shown_once_and_never_cached(
    alice_client: Client, workspace: Workspace, url: str
) -> None:
    response = alice_client.post(url, FORM)
    assert "no-store" in response["Cache-Control"]
    settings = alice_client.get(f"/w/{workspace.slug}/settings/tokens/").content.decode()
    assert ApiToken.objects.get().prefix in settings
    assert not TEXT.search(settings)


@pytest.mark.parametrize(("days", "expires"), [("30", 30), ("365", 365), ("0", None)])
def test_it_expires_when_asked(alice_client: Client, url: str, days: str, expires: Any) -> None:
    alice_client.post(url, FORM | {"days": days})
    at = ApiToken.objects.get().expires_at
    if expires is None:
        assert at is None
    else:
        assert abs(at - timezone.now() - timedelta(days=expires)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "x" * 81}, {"days": "7"}, {"days": "soon"}, {"days": ""}]
)
def test_it_says_what_is_wrong(alice_client: Client, url: str, change: Any) -> None:
    response = alice_client.post(url, FORM | change, follow=True)
    assert not ApiToken.objects.exists()
    assert [str(message.level_tag) for message in response.context["messages"]] == ["error"]


def test_what_is_typed_is_shown_as_text(
    alice_client: Client, workspace: Workspace, url: str
) -> None:
    """In the page itself and in attributes that a component fills."""
    name = "\"><script>alert(1)</script>{{ 7|add:'7' }}"
    pages = [alice_client.post(url, FORM | {"name": name})]
    pages.append(alice_client.get(f"/w/{workspace.slug}/settings/tokens/"))
    for page in pages:
        text = page.content.decode()
        assert "<script>alert" not in text
        assert "{{ 7|add" in text


def test_it_requires_the_owner(
    bob_client: Client, vera_client: Client, charlie_client: Client, client: Client, url: str
) -> None:
    clients = (bob_client, vera_client, charlie_client, client)
    assert [c.post(url, FORM).status_code for c in clients] == [403, 403, 404, 302]
    assert not ApiToken.objects.exists()


def test_revoking(alice_client: Client, alice: User, workspace: Workspace) -> None:
    token, text = create_token(workspace=workspace, user=alice, name="CI")
    response = alice_client.post(revoke_url(token))
    assert response.status_code == 302
    again = Client().get("/api/v1/schema/", headers={"Authorization": f"Bearer {text}"})
    assert again.status_code == 401
    assert token.prefix not in alice_client.get(response["Location"]).content.decode()
    assert alice_client.post(revoke_url(token)).status_code == 404


def test_it_checks_ownership(
    charlie_client: Client, charlies_workspace: Workspace, alice: User, workspace: Workspace
) -> None:
    """Not even through the address of one's own workspace."""
    token, _text = create_token(workspace=workspace, user=alice, name="CI")
    for slug in (workspace.slug, charlies_workspace.slug):
        response = charlie_client.post(f"/w/{slug}/tokens/{token.pk}/revoke/")
        assert response.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None
