"""The list of first steps on the page of a workspace: from what is there, until all is done or it is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import Action, permits, role_of
from accounts.models import User, Workspace
from projects.datasets.models import DatasetVersion
from projects.models import Project
from projects.portal import steering
from projects.runs.models import Run, Status

WHAT = "first-steps"


@dataclass(frozen=True)
class Step:
    title: Any
    text: Any
    done: bool
    url: str = ""


def shown(user: User, workspace: Workspace) -> list[Step]:
    """Empty on internal sites, for those who may not change anything, when all is done, and once it was closed."""
    role = role_of(user, workspace)
    if not settings.PUBLIC or not permits(role, Action.TRAIN):
        return []
    if steering.dismissed(user, f"{WHAT}:{workspace.pk}"):
        return []
    found = steps(workspace, permits(role, Action.MANAGE))
    return [] if all(step.done for step in found) else found


def steps(workspace: Workspace, owns: bool) -> list[Step]:
    slug = workspace.slug
    newest = Project.objects.filter(workspace=workspace).first()
    runs = Run.objects.filter(project__workspace=workspace)
    here = reverse("project", args=[slug, newest.pk]) if newest else ""
    found = [
        Step(
            _("Make a project"),
            _("Take a template with data, or begin with your own."),
            newest is not None,
            reverse("starters", args=[slug]),
        ),
        Step(
            _("Bring data"),
            _("Upload a file; it is checked line by line."),
            DatasetVersion.objects.filter(project__workspace=workspace).exists(),
            here,
        ),
        Step(
            _("Train a model"),
            _("Three steps with defaults that work."),
            runs.filter(status=Status.SUCCEEDED).exists(),
            here,
        ),
    ]
    if owns:
        members = Step(
            _("Ask somebody in"),
            _("Colleagues can label, look or train, by their role."),
            workspace.memberships.count() > 1,
            _members(slug),
        )
        found.append(members)
    return found


def _members(slug: str) -> str:
    return reverse("workspace-members", args=[slug])
