"""Invitations: by mail and by link, who can take them, and when they end."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, Member, Role, User, Workspace
from accounts.signals import members_wanted
from training.problems import Problem

FORM = {"role": "annotator", "emails": "", "days": "7", "uses": "1"}
LINK = re.compile(r"/invitation/[\w-]{40,}/")


@pytest.fixture
def url(workspace: Workspace) -> str:
    return f"/w/{workspace.slug}/members/invite/"


@pytest.fixture
def link(alice_client: Client, url: str) -> str:
    return LINK.findall(alice_client.post(url, FORM).content.decode())[0]


def codes(problem: pytest.ExceptionInfo[Problem]) -> str:
    return problem.value.code


def test_by_link(link: str, charlie: User, charlie_client: Client, workspace: Workspace) -> None:
    page = charlie_client.get(link).content.decode()
    assert "Annotator" in page
    assert "alice@example.org" in page
    response = charlie_client.post(link)
    assert response["Location"] == f"/w/{workspace.slug}/"
    assert Member.objects.get(user=charlie, workspace=workspace).role == Role.ANNOTATOR
    assert link.split("/")[2] not in str(list(Invitation.objects.values()))


def test_a_link_for_one_lets_one_in(
    link: str, charlie_client: Client, bob: User, vera: User
) -> None:
    charlie_client.post(link)
    late = User.objects.create_user("late@example.org")
    with pytest.raises(Problem) as problem:
        invitations.accept(secret=link.split("/")[2], user=late)
    assert codes(problem) == "invitation.gone"
    assert Client().get(link).status_code == 410


def test_by_mail(alice_client: Client, url: str, workspace: Workspace) -> None:
    response = alice_client.post(url, FORM | {"emails": "Eve@Example.org\nfay@example.org"})
    assert response.status_code == 302
    assert sorted(message.to[0] for message in mail.outbox) == [
        "eve@example.org",
        "fay@example.org",
    ]
    link = LINK.findall(str(mail.outbox[0].body))[0]
    client = Client()
    assert "eve@example.org" in client.get(link).content.decode()
    client.post(
        f"/accounts/signup/?next={link}",
        {"email": "eve@example.org", "password1": "correct horse battery"},
    )
    assert client.post(link).status_code == 302
    assert workspace.memberships.filter(user__email="eve@example.org").exists()
    assert EmailAddress.objects.get(email="eve@example.org").verified


def test_an_invitation_by_mail_is_for_nobody_else(
    alice_client: Client, url: str, charlie: User, charlie_client: Client
) -> None:
    alice_client.post(url, FORM | {"emails": "eve@example.org"})
    link = LINK.findall(str(mail.outbox[0].body))[0]
    page = charlie_client.get(link).content.decode()
    assert "charlie@example.org" in page
    assert "eve@example.org" in page
    assert charlie_client.post(link).status_code == 403
    EmailAddress.objects.create(user=charlie, email="eve@example.org", verified=False)
    assert charlie_client.post(link).status_code == 403
    EmailAddress.objects.filter(email="eve@example.org").update(verified=True)
    assert charlie_client.post(link).status_code == 302


def test_the_invited_may_sign_up_where_sign_up_is_closed(link: str, settings: Any) -> None:
    settings.SIGN_UP = False
    assert "closed" in Client().get("/accounts/signup/").content.decode()
    client = Client()
    client.get(link)
    assert "password1" in client.get(f"/accounts/signup/?next={link}").content.decode()


@pytest.mark.parametrize("end", ["expired", "revoked", "demoted", "left"])
def test_it_ends(
    end: str,
    link: str,
    alice: User,
    alice_client: Client,
    charlie_client: Client,
    workspace: Workspace,
) -> None:
    if end == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "revoked":
        pk = Invitation.objects.get().pk
        alice_client.post(f"/w/{workspace.slug}/invitations/{pk}/revoke/")
    elif end == "demoted":
        workspace.memberships.update(role=Role.EDITOR)
    else:
        workspace.memberships.all().delete()
    assert charlie_client.post(link).status_code == 410
    assert not workspace.memberships.filter(user__email="charlie@example.org").exists()


def test_who_may_invite(
    bob_client: Client, vera_client: Client, charlie_client: Client, url: str
) -> None:
    assert [c.post(url, FORM).status_code for c in (bob_client, vera_client, charlie_client)] == [
        403,
        403,
        404,
    ]


def test_nobody_invites_above_himself(alice: User, bob: User, workspace: Workspace) -> None:
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    with pytest.raises(Problem) as problem:
        invitations.invite(workspace=workspace, by=bob, role=Role.OWNER)
    assert codes(problem) == "member.role"


def test_members_are_not_invited_again(alice: User, bob: User, workspace: Workspace) -> None:
    with pytest.raises(Problem) as problem:
        invitations.invite(workspace=workspace, by=alice, role=Role.VIEWER, email=bob.email)
    assert codes(problem) == "member.already"


def test_only_so_many_an_hour(alice: User, workspace: Workspace, settings: Any) -> None:
    settings.INVITATIONS_AN_HOUR = 1
    invitations.invite(workspace=workspace, by=alice, role=Role.VIEWER)
    with pytest.raises(Problem) as problem:
        invitations.invite(workspace=workspace, by=alice, role=Role.VIEWER)
    assert codes(problem) == "invitation.many"


def test_nobody_is_invited_by_a_mail_that_was_not_sent(
    alice: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr("accounts.invitations.EmailMessage.send", broken)
    with pytest.raises(Problem) as problem:
        invitations.invite(workspace=workspace, by=alice, role=Role.VIEWER, email="eve@example.org")
    assert codes(problem) == "invitation.mail"
    assert not Invitation.objects.exists()


def test_the_plan_may_have_no_room(link: str, charlie_client: Client, workspace: Workspace) -> None:
    def full(workspace: Workspace, wanted: int, **kwargs: Any) -> None:
        raise Problem("quota.projects", plan="Tight", limit=1, used=1, wanted=wanted)

    members_wanted.connect(full)
    try:
        assert charlie_client.post(link).status_code == 403
    finally:
        members_wanted.disconnect(full)
    assert Invitation.objects.get().used == 0
    assert charlie_client.post(link).status_code == 302
