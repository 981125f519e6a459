"""Reads for the pages that show everything a workspace or a project has."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest

from accounts.models import User, Workspace
from projects.datasets.files import vectors_size
from projects.datasets.models import DatasetVersion, PartialUpload, Upload
from projects.models import Project
from projects.runs.models import Artifact, Run, Status
from projects.selectors import seen_by


def project_rows(workspace: Workspace, user: User) -> QuerySet[Project]:
    """The workspace's projects that `user` sees, with `data_rows`, `run_status`, `finished` (the newest run with a
    model) and `updated_at`; last touched first."""
    of_project = {"project": OuterRef("pk")}
    versions = DatasetVersion.objects.filter(**of_project).order_by("-number")
    runs = Run.objects.filter(**of_project).order_by("-number")
    finished = runs.filter(status=Status.SUCCEEDED)
    return (
        Project.objects.filter(workspace=workspace)
        .filter(seen_by(user))
        .annotate(
            data_rows=Subquery(versions.values("rows")[:1]),
            version_number=Subquery(versions.values("number")[:1]),
            run_count=Coalesce(Subquery(_count(Run)), 0),
            run_id=Subquery(runs.values("pk")[:1]),
            run_status=Subquery(runs.values("status")[:1]),
            finished=Subquery(finished.values("pk")[:1]),
            updated_at=_updated(versions, runs),
        )
        .order_by("-updated_at")
    )


def _count(model: Any) -> Any:
    rows = model.objects.filter(project=OuterRef("pk")).order_by().values("project")
    return rows.annotate(count=Count("pk")).values("count")


def _updated(versions: Any, runs: Any) -> Any:
    """The newest of the project's own making, its data and its runs."""
    data = Coalesce(Subquery(versions.values("created_at")[:1]), "created_at")
    run = Coalesce(Subquery(runs.values("created_at")[:1]), "created_at")
    return Greatest("created_at", data, run)


def runs_in(project: Project) -> QuerySet[Run]:
    return Run.objects.filter(project=project).select_related("version", "created_by")


def storage_used(workspace: Workspace) -> int:
    """Bytes of uploads, versions with what base models made of them, and artifacts; of a file that is still coming, all
    that was announced."""
    mine = {"project__workspace": workspace}
    uploads = Upload.objects.filter(**mine)
    coming = PartialUpload.objects.filter(**mine, ended_at=None)
    versions = DatasetVersion.objects.filter(**mine)
    artifacts = Artifact.objects.filter(run__project__workspace=workspace, removed_at=None)
    kept = (uploads, coming, versions, artifacts)
    stored = sum(rows.aggregate(bytes=Sum("size"))["bytes"] or 0 for rows in kept)
    return stored + sum(map(vectors_size, Project.objects.filter(workspace=workspace)))


def newest_result(project: Project) -> Run | None:
    """The newest run that has a model."""
    return runs_in(project).filter(status=Status.SUCCEEDED).first()
