"""Reads of projects: always through the workspace of who asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from accounts.access import Action, require, workspaces
from accounts.models import Workspace
from projects.models import Project
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
    require(request, project.workspace, action)
    return project


def projects_in(workspace: Workspace) -> QuerySet[Project]:
    return Project.objects.filter(workspace=workspace)


def projects_of(request: Any) -> QuerySet[Project]:
    """All that the request may see, in every workspace of its user (or of its token)."""
    return Project.objects.filter(workspace__in=workspaces(request)).select_related("workspace")


def project_count(workspace: Workspace) -> int:
    return projects_in(workspace).count()


def task_of(project: Project) -> Task:
    return TASKS[project.task]


def task_names() -> list[str]:
    return list(TASKS)
