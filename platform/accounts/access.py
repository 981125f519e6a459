"""The one place where it is decided who may do what.

Pages and the API ask here alike. A stranger is told that there is nothing (404); a member whose role does not allow
an action is told so (403).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from accounts.factors import has_two_factors
from accounts.models import ApiToken, Member, Role, User, Workspace
from training.problems import Problem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Action(StrEnum):
    ENTER = "enter"  # be in the workspace: see its name and one's own place in it, and leave
    VIEW = "view"  # look at projects, data, runs and reports
    LABEL = "label"  # answer rows: correct labels, annotate texts; a new version of them is EDIT
    EDIT = "edit"  # make and delete projects, upload data, make versions of what was answered
    TRAIN = "train"  # start and stop runs, which costs the plan's minutes
    DOWNLOAD = "download"  # take data, predictions or a model away
    USAGE = "usage"  # see what of the plan was used, by project and day
    CONNECT = "connect"  # webhooks: where news of the workspace are sent to
    BILLING = "billing"  # see and change the plan, pay invoices
    MEET = "meet"  # see who else is in the workspace
    MEMBERS = "members"  # invite people, change their roles, remove them, share projects
    AUDIT = "audit"  # read who did what, and export it
    MANAGE = "manage"  # the workspace itself: its name, its API tokens, how people sign in
    OWN = "own"  # make owners, hand the workspace over, delete it


WORDS: dict[Action, Any] = {
    Action.ENTER: _("Be in the workspace, and leave it"),
    Action.VIEW: _("Look at projects, data, runs and reports; try models"),
    Action.LABEL: _("Correct labels and annotate rows"),
    Action.EDIT: _("Make and delete projects, upload data, make versions of it"),
    Action.TRAIN: _("Start and stop runs"),
    Action.DOWNLOAD: _("Download data, predictions and models"),
    Action.USAGE: _("See what was used of the plan"),
    Action.CONNECT: _("Connect webhooks"),
    Action.BILLING: _("Change the plan, see and pay invoices"),
    Action.MEET: _("See who else is in the workspace"),
    Action.MEMBERS: _("Invite and remove people, change roles, share projects"),
    Action.AUDIT: _("Read and export the audit trail"),
    Action.MANAGE: _("Rename the workspace, make API tokens, set rules for signing in"),
    Action.OWN: _("Make owners, hand the workspace over, delete it"),
}
_SEES = frozenset({Action.ENTER, Action.VIEW, Action.USAGE, Action.MEET})
_WORKS = _SEES | {Action.LABEL, Action.EDIT, Action.TRAIN, Action.DOWNLOAD}
TABLE: dict[str, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMIN: frozenset(Action) - {Action.OWN, Action.BILLING},
    Role.EDITOR: _WORKS,
    Role.ANNOTATOR: frozenset({Action.ENTER, Action.VIEW, Action.LABEL, Action.MEET}),
    Role.VIEWER: _SEES,
    Role.BILLING: frozenset({Action.ENTER, Action.USAGE, Action.BILLING}),
}
# What guests may do in the workspace itself; in the projects shared with them they may do what their role says.
GUESTS = frozenset({Action.ENTER, Action.VIEW})
# A token that leaks must not be able to make further tokens, nor to give the workspace away.
BY_TOKEN = frozenset(Action) - {Action.MANAGE, Action.OWN}


# What else may stand against an action that the role allows, such as an invoice that nobody pays: the parts above tell.
Check = Callable[[Any, Workspace, Action], None]
_CHECKS: list[Check] = []


def also_check(check: Check) -> None:
    """`check(request, workspace, action)` raises a Problem where the action is refused. Called in an app's ready()."""
    if check not in _CHECKS:
        _CHECKS.append(check)


def user_of(request: Any) -> User:
    """The user of a page or API request that an access check has let through."""
    if not isinstance(request.user, User):
        raise TypeError("No user is signed in")
    return request.user


@dataclass(frozen=True)
class Standing:
    """As what somebody is in a workspace. A guest sees the projects that are shared with him, and no others."""

    role: str
    guest: bool = False


def standing(
    user: User | AnonymousUser, workspace: Workspace, token: ApiToken | None = None
) -> Standing | None:
    """None for strangers. A token opens only its own workspace."""
    if not user.is_authenticated or not user.is_active:
        return None
    if token is not None and token.workspace_id != workspace.pk:
        return None
    mine = Member.objects.filter(workspace=workspace, user=user).values_list("role", "guest")
    found = mine.first()
    return Standing(*found) if found else None


def role_of(
    user: User | AnonymousUser, workspace: Workspace, token: ApiToken | None = None
) -> str | None:
    """The role in which `user` is in the workspace; None for strangers."""
    found = standing(user, workspace, token)
    return found.role if found else None


def allowed(
    user: User | AnonymousUser,
    workspace: Workspace,
    action: Action,
    token: ApiToken | None = None,
) -> bool:
    """The one decision. Operators are no exception: they see other people's work in the admin only."""
    return may(standing(user, workspace, token), action, token)


def may(found: Standing | None, action: Action, token: ApiToken | None = None) -> bool:
    """The decision about the workspace itself, for whoever knows the standing already."""
    if found is None or (found.guest and action not in GUESTS):
        return False
    return permits(found.role, action, token)


def require(request: Any, workspace: Workspace, action: Action) -> Workspace:
    """`workspace`, or Http404 for strangers, or PermissionDenied for members without the role.

    Raises Problem(`access.*`) where the workspace asks for another way of signing in.
    """
    token = getattr(request, "auth", None)
    found = standing(request.user, workspace, token)
    if found is None:
        raise Http404
    if not may(found, action, token):
        raise PermissionDenied
    check_entrance(request, workspace, action)
    return workspace


def check_entrance(request: Any, workspace: Workspace, action: Action) -> None:
    """What stands against `action` although the role allows it: the rules of the workspace for signing in (tokens were
    made by somebody who had kept them), and what the parts above have registered."""
    asked = workspace.needs_two_factors and getattr(request, "auth", None) is None
    if asked and not has_two_factors(request.user):
        raise Problem("access.two_factors", workspace=workspace.name)
    for check in _CHECKS:
        check(request, workspace, action)


def workspace_for(request: Any, slug: str, action: Action) -> Workspace:
    """The workspace at /w/<slug>/ for a page or API request, under the rules of `require`."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise Http404
    return require(request, workspace, action)


def workspaces(request: Any) -> QuerySet[Workspace]:
    """All whose projects the request may look at: the token's workspace, or those of its user."""
    if not request.user.is_authenticated:
        return Workspace.objects.none()
    mine = Workspace.objects.filter(
        memberships__user=request.user, memberships__role__in=roles_that(Action.VIEW)
    )
    token = getattr(request, "auth", None)
    if token is not None:
        mine = mine.filter(pk=token.workspace_id)
    return mine.order_by("memberships__joined_at", "name")


def permits(role: str | None, action: Action, token: ApiToken | None = None) -> bool:
    """Whether somebody in this role may do it; for reads that find the role along with what they read."""
    by_role = TABLE.get(role or "", frozenset())
    return action in by_role and (token is None or action in BY_TOKEN)


def roles_that(action: Action) -> list[str]:
    """Those that may do it, for reads of many rows at once."""
    return [role for role, actions in TABLE.items() if action in actions]
