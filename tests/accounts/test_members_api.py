"""Members, invitations and the audit trail over the API."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Invitation, Member, Role, User, Workspace


@pytest.fixture
def of(workspace: Workspace) -> str:
    return f"/api/v1/workspaces/{workspace.slug}"


def test_members(api: APIClient, of: str, bob: User, workspace: Workspace) -> None:
    assert [row["slug"] for row in api.get("/api/v1/workspaces/").json()["results"]] == ["alice"]
    rows = api.get(f"{of}/members/").json()["results"]
    assert [(row["email"], row["role"]) for row in rows][1] == (bob.email, "editor")
    url = f"{of}/members/{rows[1]['id']}/"
    assert api.patch(url, {"role": "viewer"}, "json").json()["role"] == "viewer"
    assert api.delete(url).status_code == 204
    assert not workspace.memberships.filter(user=bob).exists()


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_token_makes_nobody_who_could_make_tokens(
    api: APIClient, of: str, bob: User, workspace: Workspace, role: str
) -> None:
    pk = Member.objects.get(user=bob, workspace=workspace).pk
    answer = api.patch(f"{of}/members/{pk}/", {"role": role}, "json")
    assert (answer.status_code, answer.json()["code"]) == (403, "member.role")
    answer = api.post(f"{of}/invitations/", {"role": "admin"}, "json")
    assert answer.status_code == 403
    assert not Invitation.objects.exists()


def test_the_last_owner_stays(api: APIClient, of: str, alice: User, workspace: Workspace) -> None:
    pk = Member.objects.get(user=alice, workspace=workspace).pk
    assert api.delete(f"{of}/members/{pk}/").status_code in (403, 409)
    assert workspace.memberships.filter(role=Role.OWNER).exists()


def test_invitations(api: APIClient, of: str) -> None:
    by_link = api.post(f"{of}/invitations/", {"role": "viewer", "uses": 5}, "json").json()
    assert "/invitation/" in by_link["url"]
    by_mail = api.post(f"{of}/invitations/", {"role": "viewer", "email": "eve@example.org"}, "json")
    assert by_mail.json()["url"] == ""
    assert len(api.get(f"{of}/invitations/").json()["results"]) == 2
    assert api.delete(f"{of}/invitations/{by_link['id']}/").status_code == 204
    assert len(api.get(f"{of}/invitations/").json()["results"]) == 1


def test_the_audit_trail(api: APIClient, of: str) -> None:
    api.post(f"{of}/invitations/", {"role": "viewer"}, "json")
    rows = api.get(f"{of}/audit/?verb=member").json()["results"]
    assert [row["verb"] for row in rows] == ["member.invited"]
    assert rows[0]["via"].startswith("token att_")
