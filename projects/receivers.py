"""What follows for projects when people come and go, and when a workspace ends."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from accounts.models import Member, User, Workspace
from accounts.signals import member_joined, member_left, workspace_deleted
from projects.models import Share
from projects.selectors import projects_in
from projects.services import delete_project
from projects.sharing import share_along


@receiver(member_joined)
def share(member: Member, projects: Collection[str], **kwargs: Any) -> None:
    share_along(member, projects)


@receiver(member_left)
def forget(workspace: Workspace, user: User, **kwargs: Any) -> None:
    Share.objects.filter(project__workspace=workspace, user=user).delete()


@receiver(workspace_deleted)
def delete_all(workspace: Workspace, **kwargs: Any) -> None:
    """Raises Problem(`project.busy`), which undoes the whole."""
    for project in projects_in(workspace):
        delete_project(project=project)
