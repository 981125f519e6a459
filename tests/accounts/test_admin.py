"""People in the admin."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import ApiToken, User, Workspace
from accounts.services import create_token
from billing.models import Subscription
from billing.services import plan_of


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("operator@example.org", "secret")


@pytest.fixture
def admin(operator: User) -> Client:
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


PAGES = ("user", "workspace", "apitoken")


@pytest.mark.parametrize("model", PAGES)
def test_lists_and_searches(admin: Client, alice: User, workspace: Workspace, model: str) -> None:
    create_token(workspace=workspace, user=alice, name="CI")
    for query in ("", "?q=alice"):
        assert "alice" in admin.get(f"/admin/accounts/{model}/{query}").content.decode()
    assert "alice@" not in admin.get(f"/admin/accounts/{model}/?q=nothing").content.decode()


@pytest.mark.parametrize("model", PAGES)
def test_staff_only(alice_client: Client, model: str) -> None:
    assert alice_client.get(f"/admin/accounts/{model}/").status_code != 200


def test_an_operator_adds_a_user_who_has_a_workspace(admin: Client) -> None:
    form = {
        "email": "new@example.org",
        "usable_password": "true",
        "password1": "a long enough secret",
        "password2": "a long enough secret",
    }
    response = admin.post("/admin/accounts/user/add/", form)
    assert response.status_code == 302
    user = User.objects.get(email="new@example.org")
    assert user.check_password("a long enough secret")
    assert plan_of(user.workspaces.get()).slug == "internal"


def test_a_user_is_changed(admin: Client, alice: User) -> None:
    url = f"/admin/accounts/user/{alice.pk}/change/"
    form = fields_of(admin.get(url)) | {"first_name": "Alice"}
    form.pop("is_active")
    assert admin.post(url, form).status_code == 302
    alice.refresh_from_db()
    assert (alice.first_name, alice.is_active) == ("Alice", False)


def test_only_superusers_say_who_may_what(client: Client, alice: User) -> None:
    clerk = User.objects.create_user("clerk@example.org", "secret", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__endswith="_user"))
    client.force_login(clerk, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = f"/admin/accounts/user/{alice.pk}/change/"
    form = fields_of(client.get(url)) | {"is_superuser": "on", "is_staff": "on"}
    assert client.post(url, form).status_code == 302
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.is_staff) == (False, False)


def test_a_workspace_is_moved_to_another_plan(admin: Client, workspace: Workspace) -> None:
    url = f"/admin/accounts/workspace/{workspace.pk}/change/"
    page = admin.get(url)
    assert "alice@example.org" in page.content.decode()
    response = admin.post(url, fields_of(page) | {"subscription-0-plan": "free"})
    assert response.status_code == 302
    assert Subscription.objects.get(workspace=workspace).plan_id == "free"


def test_tokens_show_no_secret_and_can_be_revoked(
    admin: Client, alice: User, workspace: Workspace
) -> None:
    token, _text = create_token(workspace=workspace, user=alice, name="CI")
    url = f"/admin/accounts/apitoken/{token.pk}/change/"
    page = admin.get(url)
    assert token.digest not in page.content.decode()
    form = {"revoked_at_0": "2026-01-01", "revoked_at_1": "00:00:00"}
    assert admin.post(url, form).status_code == 302
    assert ApiToken.objects.get().revoked_at is not None
    assert admin.get("/admin/accounts/apitoken/add/").status_code == 403


def fields_of(page: Any) -> dict[str, str]:
    """What the browser would send back unchanged."""
    html = page.content.decode()
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", html):
        attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
        name, kind = attributes.get("name"), attributes.get("type")
        if name and kind not in ("submit", "file") and (kind != "checkbox" or " checked" in tag):
            fields[name] = attributes.get("value", "on" if kind == "checkbox" else "")
    for name, more, options in re.findall(
        r'<select name="([^"]+)"([^>]*)>(.*?)</select>', html, re.S
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        if chosen or " multiple" not in more:
            fields[name] = chosen[1] if chosen else ""
    return fields
