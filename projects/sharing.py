"""Who sees a project: everybody in the workspace, or chosen people; and guests, who see what is shared with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.access import Action, permits
from accounts.audit import record
from accounts.invitations import invite
from accounts.models import Invitation, Member, User
from accounts.selectors import members_of
from projects.models import Project, Share


@dataclass(frozen=True)
class Person:
    """A member, and how it stands with the project. `always`: sees every project of the workspace."""

    member: Member
    always: bool
    shared: bool


def people_of(project: Project) -> list[Person]:
    shared = set(project.shares.values_list("user", flat=True))
    return [
        Person(member, permits(member.role, Action.MEMBERS), member.user_id in shared)
        for member in members_of(project.workspace)
        if permits(member.role, Action.VIEW)
    ]


@transaction.atomic
def set_people(*, project: Project, restricted: bool, users: Collection[str], by: User) -> None:
    """From now on the project is shared with the members among `users` (ids), and with nobody else by name."""
    Project.objects.select_for_update().get(pk=project.pk)
    known = {str(person.member.user_id) for person in people_of(project)}
    wanted = {UUID(user) for user in users if user in known}
    project.restricted = restricted
    project.save(update_fields=["restricted"])
    project.shares.exclude(user__in=wanted).delete()
    _share(project, wanted)
    names = list(
        User.objects.filter(pk__in=wanted).order_by("email").values_list("email", flat=True)
    )
    said = {"restricted": restricted, "people": names[:50]}
    record(project.workspace, "project.shared", user=by, about=project.name, **said)


def invite_guest(*, project: Project, by: User, role: str, **how: Any) -> tuple[Invitation, str]:
    """Into this project alone; `how` is as of `accounts.invitations.invite`, whose Problems this raises."""
    return invite(
        workspace=project.workspace, by=by, role=role, guest=True, projects=[str(project.pk)], **how
    )


def share_along(member: Member, projects: Collection[str]) -> None:
    """What came with an invitation; a project that is gone meanwhile is left out."""
    found = Project.objects.filter(
        workspace=member.workspace_id, pk__in=[UUID(p) for p in projects]
    )
    for project in found:
        _share(project, [member.user_id])


def _share(project: Project, users: Collection[UUID]) -> None:
    rows = [Share(project=project, user_id=user) for user in users]
    Share.objects.bulk_create(rows, ignore_conflicts=True)
