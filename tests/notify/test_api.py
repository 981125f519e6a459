"""Notifications and webhooks over the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django_q.models import OrmQ
from rest_framework.test import APIClient

from accounts.models import Member, Role, User, Workspace
from notify import signing
from notify.models import News, Notice, Webhook

pytestmark = pytest.mark.django_db
HOOKS, NOTICES = "/api/v1/webhooks/", "/api/v1/notifications/"
NEW = {"url": "https://receiver.example.org/in", "topics": ["run", "data"]}


def test_notifications_are_listed_and_marked(api: APIClient, announce: Callable[..., News]) -> None:
    announce("a")
    announce("b", kind="run.failed", values={"number": 4, "project": "Tickets", "problem": None})
    found = api.get(NOTICES).json()["results"]
    assert {one["kind"] for one in found} == {"run.succeeded", "run.failed"}
    assert found[0]["title"] == "Run 4 of “Tickets” has failed"
    assert found[0]["workspace"] == "alice"
    read = api.post(f"{NOTICES}read/", {"ids": [found[0]["id"]]}, format="json").json()
    assert read == {"read": 1}
    assert Notice.objects.filter(read_at=None).count() == 1
    assert api.post(f"{NOTICES}read/", {}, format="json").json() == {"read": 1}


def test_a_token_opens_those_of_its_workspace(
    charlie_api: APIClient, charlie: User, workspace: Workspace, announce: Callable[..., News]
) -> None:
    Member.objects.create(workspace=workspace, user=charlie, role=Role.EDITOR)
    announce(to=[charlie])
    assert charlie_api.get(NOTICES).json()["count"] == 0
    assert charlie_api.post(f"{NOTICES}read/", {}, format="json").json() == {"read": 0}


def test_a_webhook_from_its_making_to_its_end(api: APIClient) -> None:
    made = api.post(HOOKS, NEW, format="json")
    assert made.status_code == 201
    hook = Webhook.objects.get()
    assert made.json()["secret"] == signing.secret(hook)
    assert "secret" not in api.get(HOOKS).json()["results"][0]
    url = f"{HOOKS}{hook.pk}/"
    assert api.patch(url, {"active": False}, format="json").json()["active"] is False
    tested = api.post(f"{url}test/")
    assert (tested.status_code, tested.json()["kind"]) == (202, "ping")
    assert api.get(f"{url}deliveries/").json()["results"][0]["state"] == "waiting"
    assert api.delete(url).status_code == 204
    assert not Webhook.objects.exists()


def test_what_is_wrong_is_told(api: APIClient) -> None:
    assert api.post(HOOKS, {"url": "x", "topics": ["run"]}, format="json").status_code == 422
    assert api.post(HOOKS, {"url": NEW["url"], "topics": []}, format="json").status_code == 400
    assert (
        api.post(HOOKS, {"url": NEW["url"], "topics": ["site"]}, format="json").status_code == 400
    )
    assert not OrmQ.objects.exists()


def test_a_members_webhooks_are_those_he_may_see(
    charlie_api: APIClient, hook: Webhook, workspace: Workspace
) -> None:
    assert charlie_api.get(HOOKS).json()["count"] == 0
    assert charlie_api.get(f"{HOOKS}{hook.pk}/").status_code == 404
    assert charlie_api.post(HOOKS, NEW | {"workspace": "alice"}, format="json").status_code == 404
