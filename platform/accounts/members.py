"""Writes about who is in a workspace, and as what.

Every change of owners locks the workspace's row first: of two owners who leave at once, the second finds that he is
the last.
"""

from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.access import Action, permits, role_of
from accounts.audit import record
from accounts.models import ApiToken, Invitation, Member, Role, User, Workspace
from accounts.services import create_workspace
from accounts.signals import member_joined, member_left, members_wanted, workspace_deleted
from training.problems import Problem


def grantable(user: User, workspace: Workspace, token: ApiToken | None = None) -> list[str]:
    """Roles that `user` may give and take, the mightiest first. A token makes nobody who could make tokens."""
    if not permits(role_of(user, workspace, token), Action.MEMBERS, token):
        return []
    if token is not None:
        return [role for role in Role.values if not permits(role, Action.MANAGE)]
    owns = permits(role_of(user, workspace), Action.OWN)
    return [role for role in Role.values if owns or role != Role.OWNER]


def check_grant(
    user: User, workspace: Workspace, *roles: str, token: ApiToken | None = None
) -> None:
    """Raises Problem(`member.role`) unless all of these roles are for `user` to give and to take."""
    known = grantable(user, workspace, token)
    for role in roles:
        if role not in known:
            labels = ", ".join(str(Role(name).label) for name in known)
            raise Problem("member.role", role=str(Role(role).label), known=labels or "–")


@transaction.atomic
def add_member(
    *,
    workspace: Workspace,
    user: User,
    role: str,
    guest: bool = False,
    projects: Collection[str] = (),
) -> Member:
    """Raises Problem(`member.already`, `quota.members`)."""
    _lock(workspace)
    if Member.objects.filter(workspace=workspace, user=user).exists():
        raise Problem("member.already", email=user.email, workspace=workspace.name)
    members_wanted.send(Workspace, workspace=workspace, wanted=1)
    member = Member.objects.create(workspace=workspace, user=user, role=role, guest=guest)
    record(workspace, "member.joined", user=user, about=user.email, role=role, guest=guest)
    member_joined.send(Member, member=member, projects=projects)
    return member


@transaction.atomic
def change_role(
    *, member: Member, role: str, guest: bool, by: User, token: ApiToken | None = None
) -> Member:
    """Raises Problem(`member.role`, `member.last_owner`). Owners and admins are never guests."""
    _lock(member.workspace)
    member.refresh_from_db()
    check_grant(by, member.workspace, member.role, role, token=token)
    if role != Role.OWNER:
        _check_not_last(member)
    before, member.role = member.role, role
    member.guest = guest and not permits(role, Action.MEMBERS)
    member.save(update_fields=["role", "guest"])
    if not permits(role, Action.MEMBERS):
        _end_invitations(member)
    said = {"before": before, "after": role, "guest": member.guest}
    record(member.workspace, "member.changed", user=by, about=member.user.email, **said)
    return member


@transaction.atomic
def remove_member(*, member: Member, by: User, token: ApiToken | None = None) -> None:
    """Raises Problem(`member.role`, `member.last_owner`)."""
    _lock(member.workspace)
    check_grant(by, member.workspace, member.role, token=token)
    _check_not_last(member)
    _take_out(member)
    record(member.workspace, "member.removed", user=by, about=member.user.email, role=member.role)


@transaction.atomic
def leave(*, member: Member) -> None:
    """Raises Problem(`member.last_owner`)."""
    _lock(member.workspace)
    _check_not_last(member)
    _take_out(member)
    record(member.workspace, "member.left", user=member.user, about=member.user.email)


@transaction.atomic
def hand_over(*, to: Member, by: Member, typed: str) -> None:
    """Makes `to` an owner, and `by`, who is one, an admin. Raises Problem(`workspace.confirm`, `member.role`)."""
    workspace = by.workspace
    _lock(workspace)
    _check_name(workspace, typed)
    check_grant(by.user, workspace, Role.OWNER)
    Member.objects.filter(pk=to.pk).update(role=Role.OWNER, guest=False)
    if to.pk != by.pk:
        Member.objects.filter(pk=by.pk).update(role=Role.ADMIN)
    record(workspace, "workspace.handed_over", user=by.user, about=to.user.email)


@transaction.atomic
def open_workspace(*, user: User, name: str) -> Workspace:
    """A further one. Raises Problem(`workspace.limit`)."""
    User.objects.select_for_update().get(pk=user.pk)
    limit = settings.WORKSPACES
    owned = Member.objects.filter(user=user, role=Role.OWNER).count()
    if owned >= limit:
        raise Problem("workspace.limit", limit=limit, count=owned)
    return create_workspace(user=user, name=name)


@transaction.atomic
def delete_workspace(*, workspace: Workspace, user: User, typed: str) -> None:
    """All that it holds goes; its row, its audit trail and what was billed stay for the operator.

    Raises Problem(`workspace.confirm`, `project.busy`).
    """
    _lock(workspace)
    _check_name(workspace, typed)
    workspace_deleted.send(Workspace, workspace=workspace, user=user)
    record(workspace, "workspace.deleted", user=user, about=workspace.name)
    now = timezone.now()
    workspace.tokens.filter(revoked_at=None).update(revoked_at=now)
    workspace.invitations.filter(revoked_at=None).update(revoked_at=now)
    workspace.domains.all().delete()
    workspace.memberships.all().delete()
    gone = f"deleted-{workspace.pk.hex}"
    Workspace.objects.filter(pk=workspace.pk).update(deleted_at=now, slug=gone)


def _take_out(member: Member) -> None:
    """With the tokens and open invitations that the person has made."""
    workspace, user = member.workspace, member.user
    now = timezone.now()
    ApiToken.objects.filter(workspace=workspace, created_by=user, revoked_at=None).update(
        revoked_at=now
    )
    _end_invitations(member)
    Member.objects.filter(pk=member.pk).delete()
    member_left.send(Member, workspace=workspace, user=user)


def _end_invitations(member: Member) -> None:
    mine = Invitation.objects.filter(workspace=member.workspace, created_by=member.user)
    mine.filter(revoked_at=None).update(revoked_at=timezone.now())


def _lock(workspace: Workspace) -> None:
    Workspace.objects.select_for_update().get(pk=workspace.pk)


def _check_not_last(member: Member) -> None:
    owners = Member.objects.filter(workspace=member.workspace, role=Role.OWNER)
    if not owners.filter(user__is_active=True).exclude(pk=member.pk).exists() and (
        member.role == Role.OWNER
    ):
        raise Problem("member.last_owner", email=member.user.email, workspace=member.workspace.name)


def _check_name(workspace: Workspace, typed: str) -> None:
    if typed.strip() != workspace.name:
        raise Problem("workspace.confirm", name=workspace.name, typed=typed.strip()[:80])
