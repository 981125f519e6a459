"""Who sees a project: everybody, chosen people, guests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client, RequestFactory

from accounts import members
from accounts.access import Action
from accounts.models import Member, Role, User, Workspace
from accounts.services import create_token
from projects.models import Project
from projects.selectors import allowed_in, projects_of, seen_by
from projects.services import create_project
from tests.conftest import api_client


@pytest.fixture
def project(alice: User, workspace: Workspace) -> Project:
    return create_project(workspace=workspace, user=alice, name="One", task="text-classification")


@pytest.fixture
def other(alice: User, workspace: Workspace) -> Project:
    return create_project(workspace=workspace, user=alice, name="Two", task="text-classification")


@pytest.fixture
def url(project: Project) -> str:
    return f"/w/{project.workspace.slug}/p/{project.pk}/people/"


def seen(user: User) -> set[str]:
    request: Any = RequestFactory().get("/")
    request.user = user
    return {project.name for project in projects_of(request)}


def test_only_for_chosen_people(
    alice_client: Client, bob: User, vera: User, project: Project, other: Project, url: str
) -> None:
    assert alice_client.get(url).status_code == 200
    alice_client.post(url, {"who": "chosen", "user": [str(vera.pk), str(UUID(int=7)), "nonsense"]})
    assert (seen(vera), seen(bob)) == ({"One", "Two"}, {"Two"})
    alice_client.post(url, {"who": "all"})
    assert seen(bob) == {"One", "Two"}


def test_owners_and_admins_see_everything(
    alice: User, bob: User, workspace: Workspace, project: Project
) -> None:
    Project.objects.update(restricted=True)
    Member.objects.filter(user=bob, workspace=workspace).update(role=Role.ADMIN)
    assert seen(alice) == seen(bob) == {"One"}


def test_a_guest_sees_what_is_shared_and_works_there_by_role(
    alice_client: Client,
    charlie: User,
    charlie_client: Client,
    workspace: Workspace,
    project: Project,
    other: Project,
    url: str,
) -> None:
    form = {"role": "editor", "days": "7", "uses": "1", "emails": ""}
    page = alice_client.post(f"{url}invite/", form).content.decode()
    link = page[page.index("/invitation/") :].partition("&quot;")[0].partition('"')[0]
    assert charlie_client.post(link).status_code == 302
    assert seen(charlie) == {"One"}
    assert allowed_in(charlie, project, Action.EDIT)
    assert not allowed_in(charlie, other, Action.VIEW)
    of = f"/w/{workspace.slug}"
    answers = {
        f"{of}/": 200,
        f"{of}/p/{project.pk}/": 200,
        f"{of}/p/{other.pk}/": 404,
        f"{of}/new/": 403,
        f"{of}/settings/": 200,
        f"{of}/settings/members/": 403,
        f"{of}/settings/usage/": 403,
    }
    assert {path: charlie_client.get(path).status_code for path in answers} == answers
    token = create_token(workspace=workspace, user=charlie, name="x")[1]
    found = api_client(token).get("/api/v1/projects/").json()["results"]
    assert [row["name"] for row in found] == ["One"]


def test_whoever_leaves_loses_the_shares(
    alice: User, bob: User, workspace: Workspace, project: Project
) -> None:
    project.shares.create(user=bob)
    members.remove_member(member=Member.objects.get(user=bob, workspace=workspace), by=alice)
    assert not project.shares.exists()


def test_only_those_who_may_share(bob_client: Client, charlie_client: Client, url: str) -> None:
    assert bob_client.get(url).status_code == 403
    assert charlie_client.post(url, {"who": "chosen"}).status_code == 404


def test_a_filter_and_a_single_look_agree(
    alice: User, bob: User, vera: User, charlie: User, workspace: Workspace, project: Project
) -> None:
    """The two ways in which it is decided, over every role, guest or not, restricted or not, shared or not."""
    member = Member.objects.get(user=bob, workspace=workspace)
    for role in Role.values:
        for guest in (False, True):
            Member.objects.filter(pk=member.pk).update(role=role, guest=guest)
            for restricted in (False, True):
                Project.objects.update(restricted=restricted)
                for shared in (False, True):
                    project.shares.all().delete()
                    if shared:
                        project.shares.create(user=bob)
                    project.refresh_from_db()
                    listed = role != Role.BILLING and Project.objects.filter(seen_by(bob)).exists()
                    assert allowed_in(bob, project, Action.VIEW) == listed
