"""The one place where it is decided who may do what.

Pages and the API ask here alike. A stranger is told that there is nothing (404); a member whose role does not allow
an action is told so (403).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import ApiToken, Member, Role, User, Workspace

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Action(StrEnum):
    VIEW = "view"  # look at projects, data, runs and reports
    EDIT = "edit"  # make and delete projects, upload data
    TRAIN = "train"  # start and stop runs, which costs the plan's minutes
    DOWNLOAD = "download"  # take data, predictions or a model away
    CONNECT = "connect"  # webhooks: where news of the workspace are sent to
    BILLING = "billing"  # see and change the plan, pay invoices
    MANAGE = "manage"  # the workspace itself: its name and its API tokens


TABLE: dict[str, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MEMBER: frozenset({Action.VIEW, Action.EDIT, Action.TRAIN, Action.DOWNLOAD}),
    Role.VIEWER: frozenset({Action.VIEW}),
}
# A token that leaks must not be able to make further tokens.
BY_TOKEN = frozenset(Action) - {Action.MANAGE}


def user_of(request: Any) -> User:
    """The user of a page or API request that an access check has let through."""
    if not isinstance(request.user, User):
        raise TypeError("No user is signed in")
    return request.user


def role_of(
    user: User | AnonymousUser, workspace: Workspace, token: ApiToken | None = None
) -> str | None:
    """The role in which `user` is in the workspace; None for strangers. A token opens only its own workspace."""
    if not user.is_authenticated or not user.is_active:
        return None
    if token is not None and token.workspace_id != workspace.pk:
        return None
    return (
        Member.objects.filter(workspace=workspace, user=user).values_list("role", flat=True).first()
    )


def allowed(
    user: User | AnonymousUser,
    workspace: Workspace,
    action: Action,
    token: ApiToken | None = None,
) -> bool:
    """The one decision. Operators are no exception: they see other people's work in the admin only."""
    return permits(role_of(user, workspace, token), action, token)


def require(request: Any, workspace: Workspace, action: Action) -> Workspace:
    """`workspace`, or Http404 for strangers, or PermissionDenied for members without the role."""
    token = getattr(request, "auth", None)
    role = role_of(request.user, workspace, token)
    if role is None:
        raise Http404
    if not permits(role, action, token):
        raise PermissionDenied
    return workspace


def workspace_for(request: Any, slug: str, action: Action) -> Workspace:
    """The workspace at /w/<slug>/ for a page or API request, under the rules of `require`."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise Http404
    return require(request, workspace, action)


def workspaces(request: Any) -> QuerySet[Workspace]:
    """All that the request may look into: the token's workspace, or those its user is a member of."""
    if not request.user.is_authenticated:
        return Workspace.objects.none()
    mine = Workspace.objects.filter(memberships__user=request.user)
    token = getattr(request, "auth", None)
    if token is not None:
        mine = mine.filter(pk=token.workspace_id)
    return mine.order_by("memberships__joined_at", "name")


def permits(role: str | None, action: Action, token: ApiToken | None = None) -> bool:
    """Whether somebody in this role may do it; for reads that find the role along with what they read."""
    by_role = TABLE.get(role or "", frozenset())
    return action in by_role and (token is None or action in BY_TOKEN)
