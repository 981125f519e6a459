"""Who is in a workspace, and as what: roles, removing, leaving, handing over, ending it."""

from typing import Any

import pytest
from django.test import Client

from accounts import members
from accounts.invitations import invite
from accounts.models import ApiToken, AuditEntry, Member, Role, User, Workspace
from accounts.services import create_token
from projects.models import Project
from training.problems import Problem


def member_of(user: User, workspace: Workspace) -> Member:
    return Member.objects.get(user=user, workspace=workspace)


def role_of(user: User, workspace: Workspace) -> str:
    return member_of(user, workspace).role


def refused(client: Client, url: str, data: Any = None) -> str:
    """The message on the page to which the refusal leads."""
    response = client.post(url, data or {}, follow=True)
    said = [str(message) for message in response.context["messages"]]
    assert [message.level_tag for message in response.context["messages"]] == ["error"], said
    return said[0]


@pytest.fixture
def url(workspace: Workspace, bob: User) -> str:
    return f"/w/{workspace.slug}/members/{member_of(bob, workspace).pk}/"


def test_the_page_shows_people_and_the_table(
    alice_client: Client, workspace: Workspace, bob: User
) -> None:
    html = alice_client.get(f"/w/{workspace.slug}/settings/members/").content.decode()
    for words in ("bob@example.org", "Editor", "Correct labels and annotate rows"):
        assert words in html


def test_changing_a_role(alice_client: Client, url: str, bob: User, workspace: Workspace) -> None:
    assert alice_client.get(url).status_code == 200
    alice_client.post(url, {"role": "annotator", "guest": "on"})
    found = member_of(bob, workspace)
    assert (found.role, found.guest) == (Role.ANNOTATOR, True)
    entry = AuditEntry.objects.get(verb="member.changed")
    assert (entry.about, entry.values["before"]) == (bob.email, Role.EDITOR)
    assert alice_client.post(url, {"role": "emperor"}).status_code == 422


def test_an_admin_neither_makes_nor_unmakes_owners(
    bob_client: Client, bob: User, alice: User, vera: User, workspace: Workspace
) -> None:
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    of = f"/w/{workspace.slug}/members/"
    assert (
        bob_client.post(f"{of}{member_of(vera, workspace).pk}/", {"role": "owner"}).status_code
        == 422
    )
    owner = f"{of}{member_of(alice, workspace).pk}/"
    assert "not yours" in refused(bob_client, owner, {"role": "viewer"})
    assert "not yours" in refused(bob_client, f"{owner}remove/")
    assert role_of(alice, workspace) == Role.OWNER


def test_removing_ends_tokens_and_invitations(
    alice_client: Client, url: str, bob: User, workspace: Workspace
) -> None:
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    _token, text = create_token(workspace=workspace, user=bob, name="x")
    made, _url = invite(workspace=workspace, by=bob, role=Role.VIEWER)
    alice_client.post(f"{url}remove/")
    assert not workspace.memberships.filter(user=bob).exists()
    assert ApiToken.objects.get().revoked_at
    made.refresh_from_db()
    assert made.revoked_at
    headers = {"Authorization": f"Bearer {text}"}
    assert Client().get("/api/v1/projects/", headers=headers).status_code == 401


def test_the_last_owner_stays(
    alice_client: Client, alice: User, workspace: Workspace, bob: User
) -> None:
    own = f"/w/{workspace.slug}/members/{member_of(alice, workspace).pk}/"
    for address in (f"/w/{workspace.slug}/leave/", f"{own}remove/"):
        assert "needs an owner" in refused(alice_client, address)
    assert "needs an owner" in refused(alice_client, own, {"role": "admin"})
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.OWNER)
    assert alice_client.post(f"/w/{workspace.slug}/leave/").status_code == 302
    assert alice_client.get(f"/w/{workspace.slug}/").status_code == 404


def test_a_deactivated_owner_counts_for_nothing(
    alice: User, workspace: Workspace, bob: User
) -> None:
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.OWNER)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(Problem, match=r"member\.last_owner|only owner"):
        members.leave(member=member_of(alice, workspace))


def test_handing_over(
    alice_client: Client, url: str, alice: User, bob: User, workspace: Workspace
) -> None:
    assert "does not match" in refused(alice_client, f"{url}hand-over/", {"name": "alic"})
    alice_client.post(f"{url}hand-over/", {"name": "alice"})
    assert (role_of(bob, workspace), role_of(alice, workspace)) == (Role.OWNER, Role.ADMIN)


def test_a_further_workspace(alice_client: Client, alice: User, settings: Any) -> None:
    settings.WORKSPACES = 2
    response = alice_client.post("/workspaces/new/", {"name": "支持团队 " + "x" * 60})
    made = Workspace.objects.latest("created_at")
    assert response["Location"] == f"/w/{made.slug}/settings/members/"
    assert "支持团队" in alice_client.get(f"/w/{made.slug}/").content.decode()
    response = alice_client.post("/workspaces/new/", {"name": "One more"})
    assert response.status_code == 422
    assert alice.workspaces.count() == 2


def test_deleting_a_workspace(
    alice_client: Client, alice: User, workspace: Workspace, bob: User, make_everything: Any
) -> None:
    make_everything(workspace, alice)
    address = f"/w/{workspace.slug}/delete/"
    assert "does not match" in refused(alice_client, address, {"name": "bob"})
    Project.objects.get().runs.update(status="running")
    assert "run" in refused(alice_client, address, {"name": "alice"}).lower()
    assert Project.objects.exists()
    Project.objects.get().runs.update(status="succeeded")
    assert alice_client.post(address, {"name": "alice"}).status_code == 302
    assert not Project.objects.exists()
    workspace.refresh_from_db()
    assert workspace.deleted_at
    assert not workspace.memberships.exists()
    assert not workspace.webhooks.exists()
    assert not workspace.tokens.filter(revoked_at=None).exists()
    assert alice_client.get(f"/w/{workspace.slug}/").status_code == 404
    assert AuditEntry.objects.filter(verb="workspace.deleted", workspace=workspace).exists()
    assert alice_client.get("/", follow=True).status_code == 200
