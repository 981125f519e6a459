"""Writes about projects."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts.audit import record
from accounts.models import User, Workspace
from billing.services import check_projects
from projects.models import Project
from projects.names import one_line
from projects.selectors import task_names
from training.problems import Problem

NAME_LIMIT = 120
ACTIVE_RUNS = ("waiting", "queued", "starting", "running", "stopping")


@transaction.atomic
def create_project(*, workspace: Workspace, user: User, name: str, task: str) -> Project:
    """Raises Problem(`project.*`, `quota.projects`)."""
    name, known = _clean_name(name), task_names()
    if task not in known:
        raise Problem("project.task", task=task, known=", ".join(known))
    check_projects(workspace)
    project = Project.objects.create(workspace=workspace, name=name, task=task, created_by=user)
    record(workspace, "project.created", user=user, about=name, task=task)
    return project


@transaction.atomic
def rename_project(*, project: Project, name: str) -> Project:
    before, project.name = project.name, _clean_name(name)
    project.save(update_fields=["name"])
    record(project.workspace, "project.renamed", about=project.name, before=before)
    return project


@transaction.atomic
def delete_project(*, project: Project) -> None:
    """Deletes rows and files. Refused while a run is active: Problem(`project.busy`).

    The row is locked first, so that a run which starts at this instant waits, and then finds no project.
    """
    Project.objects.select_for_update().get(pk=project.pk)
    active = project.runs.filter(status__in=ACTIVE_RUNS).count()
    if active:
        raise Problem("project.busy", count=active)
    folders = _folders(project)
    runs = project.runs.count()
    record(project.workspace, "project.deleted", about=project.name, runs=runs)
    project.runs.all().delete()  # they protect their versions
    project.delete()
    transaction.on_commit(lambda: _remove(folders))


def check_confirmation(*, project: Project, typed: str) -> None:
    if typed.strip() != project.name:
        raise Problem("project.confirm", name=project.name, typed=typed.strip()[:NAME_LIMIT])


def _clean_name(name: str) -> str:
    clean = one_line(name)
    if not 1 <= len(clean) <= NAME_LIMIT:
        raise Problem("project.name", name=clean[:40], limit=NAME_LIMIT)
    return clean


def _folders(project: Project) -> list[Path]:
    runs = [str(pk) for pk in project.runs.values_list("pk", flat=True)]
    roots = (settings.UPLOADS_DIR, settings.VERSIONS_DIR, settings.RUNS_DIR)
    return [Path(root) / str(project.pk) for root in roots] + [
        Path(settings.RUNS_DIR) / run for run in runs
    ]


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
