"""Tells that a check of data has ended."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.urls import reverse

from billing.nearing import look
from notify.services import announce
from projects.datasets.models import DatasetVersion, Import


def ended(import_id: UUID, status: str) -> None:
    """Once an import. A version is made after its import has ended, so that it is looked for when all is written."""
    transaction.on_commit(lambda: _tell(import_id, status), robust=True)


def _tell(import_id: UUID, status: str) -> None:
    related = Import.objects.select_related("project__workspace", "created_by", "train")
    job = related.filter(pk=import_id).first()
    if job is None:
        return
    project, workspace = job.project, job.project.workspace
    version = DatasetVersion.objects.filter(source=job).first()
    values = {
        "import": str(job.pk),
        "file": job.title,
        "project": project.name,
        "project_id": str(project.pk),
        "status": status,
        "version": version.number if version else None,
        "rows": version.rows if version else None,
        "gate": version.gate if version else "blocked",
    }
    address = [workspace.slug, project.pk, version.pk if version else job.pk]
    announce(
        kind=f"data.{status}",
        key=f"import:{job.pk}",
        values=values,
        workspace=workspace,
        to=[job.created_by] if job.created_by else [],
        path=reverse("version" if version else "import", args=address),
    )
    look(workspace)
