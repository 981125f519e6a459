"""Who may do what, at the one place where it is decided."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import RequestFactory

from accounts.access import TABLE, WORDS, Action, allowed, require, workspace_for, workspaces
from accounts.models import ApiToken, Member, Role, User, Workspace
from accounts.services import create_token

MATRIX = """
         owner admin editor annotator viewer billing
enter    x     x     x      x         x      x
view     x     x     x      x         x      -
label    x     x     x      x         -      -
edit     x     x     x      -         -      -
train    x     x     x      -         -      -
download x     x     x      -         -      -
usage    x     x     x      -         x      x
connect  x     x     -      -         -      -
billing  x     -     -      -         -      x
meet     x     x     x      x         x      -
members  x     x     -      -         -      -
audit    x     x     -      -         -      -
manage   x     x     -      -         -      -
own      x     -     -      -         -      -
"""


def request_of(user: Any, token: Any = None) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    request.auth = token
    return request


def test_every_role_is_in_the_table() -> None:
    assert set(TABLE) == set(Role.values)


def test_the_matrix(workspace: Workspace, vera: User) -> None:
    """Every role by every action, as the database has them."""
    names, *lines = (line.split() for line in MATRIX.strip().splitlines())
    assert names == list(Role.values)
    assert [line[0] for line in lines] == list(Action)
    for column, role in enumerate(names, 1):
        Member.objects.filter(workspace=workspace, user=vera).update(role=role)
        for line in lines:
            may = allowed(vera, workspace, Action(line[0]))
            assert may == (line[column] == "x"), (role, line[0])


def test_every_action_is_told_in_words() -> None:
    assert set(WORDS) == set(Action)


@pytest.mark.parametrize("action", Action)
def test_strangers_operators_and_the_anonymous_may_nothing(
    charlie: User, workspace: Workspace, action: Action
) -> None:
    operator = User.objects.create_superuser("operator@example.org")
    for user in (charlie, operator, AnonymousUser()):
        assert not allowed(user, workspace, action)


def test_a_deactivated_owner_may_nothing(alice: User, workspace: Workspace) -> None:
    alice.is_active = False
    assert not allowed(alice, workspace, Action.VIEW)


@pytest.mark.parametrize("action", Action)
def test_a_token_may_do_what_its_maker_may_but_not_manage(
    alice: User, workspace: Workspace, action: Action
) -> None:
    token = ApiToken(workspace=workspace, created_by=alice)
    assert allowed(alice, workspace, action, token) == (action not in ("manage", "own"))


def test_a_token_opens_only_its_own_workspace(alice: User, bob: User, workspace: Workspace) -> None:
    token = ApiToken(workspace=workspace, created_by=bob)
    own = bob.workspaces.exclude(pk=workspace.pk).get()
    assert allowed(bob, workspace, Action.VIEW, token)
    assert not allowed(bob, own, Action.VIEW, token)


def test_an_unknown_role_opens_nothing(bob: User, workspace: Workspace) -> None:
    Member.objects.filter(user=bob, workspace=workspace).update(role="janitor")
    assert not allowed(bob, workspace, Action.VIEW)


def test_strangers_learn_nothing_and_members_learn_why(
    bob: User, charlie: User, workspace: Workspace
) -> None:
    with pytest.raises(Http404):
        require(request_of(charlie), workspace, Action.VIEW)
    with pytest.raises(PermissionDenied):
        require(request_of(bob), workspace, Action.MANAGE)
    assert require(request_of(bob), workspace, Action.VIEW) == workspace


def test_workspace_for_finds_by_slug(
    alice: User, workspace: Workspace, charlies_workspace: Workspace
) -> None:
    assert workspace_for(request_of(alice), workspace.slug, Action.MANAGE) == workspace
    for slug in (charlies_workspace.slug, "no-such-workspace"):
        with pytest.raises(Http404):
            workspace_for(request_of(alice), slug, Action.VIEW)


def test_workspaces_lists_what_the_request_may_look_into(
    bob: User, workspace: Workspace, charlies_workspace: Workspace
) -> None:
    own = Workspace.objects.exclude(pk=workspace.pk).get(members=bob)
    assert list(workspaces(request_of(bob))) == [own, workspace]
    token, _text = create_token(workspace=workspace, user=bob, name="x")
    assert list(workspaces(request_of(bob, token))) == [workspace]
    assert not workspaces(request_of(AnonymousUser()))
