"""Addresses of a project's data pages that more than one module must know."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from projects.datasets import selectors
from projects.datasets.forms import ROLE
from projects.models import Project

KEPT = ("encoding", "delimiter", "format", "header", "valid", "test", "split", "new_test")


def after_upload(project: Project, upload_id: UUID, said: Mapping[str, str]) -> str:
    """The preview of the training file: of this one, or of the one that it is a validation or test file for; of a file
    without labels (`for` says pool), the page that asks how to read it.

    `said` are the fields of the form. Raises Problem(`import.upload`).
    """
    if said.get("for") == "pool":
        return reverse("pool-new", args=[project.workspace.slug, project.pk, upload_id])
    role, train = said.get("role", ""), said.get("train", "")
    if role not in ("valid", "test") or not train:
        return preview_url(project, upload_id, {})
    main = selectors.upload_in(project, train)
    query = {name: said.get(name, "") for name in (*KEPT, *role_fields(project))}
    return preview_url(project, main.pk, query | {role: str(upload_id)})


def role_fields(project: Project) -> list[str]:
    return [ROLE + column.role for column in selectors.roles_of(project)]


def preview_url(project: Project, upload_id: UUID, query: dict[str, str]) -> str:
    url = reverse("upload-preview", args=[project.workspace.slug, project.pk, upload_id])
    said = {name: value for name, value in query.items() if value}
    return f"{url}?{urlencode(said)}" if said else url
