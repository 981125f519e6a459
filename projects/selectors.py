"""Reads of projects: always through the workspace of who asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from accounts.access import (
    Action,
    Standing,
    check_entrance,
    permits,
    roles_that,
    standing,
    workspaces,
)
from accounts.models import Member, User, Workspace
from projects.models import Project, Share
from training.tasks import TASKS
from training.tasks.shape import Task


def project_for(
    request: Any, project_id: UUID | str, action: Action, slug: str | None = None
) -> Project:
    """The project of a page or API request; Http404 for strangers and for a slug that is not its workspace's."""
    found = Project.objects.select_related("workspace").filter(pk=project_id)
    if slug is not None:
        found = found.filter(workspace__slug=slug)
    project = found.first()
    if project is None:
        raise Http404
    require_in(request, project, action)
    return project


def require_in(request: Any, project: Project, action: Action) -> Project:
    """`project`, or Http404 for strangers and for members who do not see it, or PermissionDenied for those whose role
    does not allow `action`. All that lies in a project asks here."""
    workspace, token = project.workspace, getattr(request, "auth", None)
    found = standing(request.user, workspace, token)
    if found is None or not _sees(found, request.user, project):
        raise Http404
    if not permits(found.role, action, token):
        raise PermissionDenied
    check_entrance(request, workspace, action)
    return project


def actions_in(user: User, project: Project) -> frozenset[Action]:
    """All that `user` may do in the project; of a guest, the role counts there as anybody's does."""
    found = standing(user, project.workspace)
    if found is None or not _sees(found, user, project):
        return frozenset()
    return frozenset(action for action in Action if permits(found.role, action))


def allowed_in(user: User, project: Project, action: Action) -> bool:
    return action in actions_in(user, project)


def _sees(found: Standing, user: Any, project: Project) -> bool:
    """The same as `seen_by`, of one project and without a query where none is needed."""
    if permits(found.role, Action.MEMBERS) or not (found.guest or project.restricted):
        return True
    return Share.objects.filter(project=project, user=user).exists()


def seen_by(user: Any, of: str = "") -> Q:
    """A filter of projects, or with `of` such as "project__" of what lies in them: those that `user` sees."""
    mine = Member.objects.filter(workspace=OuterRef(f"{of}workspace"), user=user)
    share = Share.objects.filter(project=OuterRef(f"{of}pk"), user=user)
    insider = Q(Exists(mine.filter(guest=False)), **{f"{of}restricted": False})
    return Q(Exists(mine.filter(role__in=roles_that(Action.MEMBERS)))) | Q(Exists(share)) | insider


def projects_in(workspace: Workspace) -> QuerySet[Project]:
    """All of them, whoever asks: for what counts and cleans up."""
    return Project.objects.filter(workspace=workspace)


def projects_of(request: Any) -> QuerySet[Project]:
    """All that the request may see, in every workspace of its user (or of its token)."""
    mine = Project.objects.filter(workspace__in=workspaces(request))
    return mine.filter(seen_by(request.user)).select_related("workspace")


def project_count(workspace: Workspace) -> int:
    return projects_in(workspace).count()


def project_names(ids: Collection[UUID]) -> dict[UUID, str]:
    """What those that are there are called."""
    return dict(Project.objects.filter(pk__in=ids).values_list("pk", "name"))


def task_of(project: Project) -> Task:
    return TASKS[project.task]


def task_names() -> list[str]:
    return list(TASKS)
