"""What can be had of a version besides its page: a file of its rows, and what changed since another one."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import Action
from projects.datasets import differences, exporting
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import version_for, versions_in
from projects.datasets.views import of_project
from projects.selectors import project_for

OTHERS = 20  # versions that are offered to compare with


@require_GET
def export(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID
) -> StreamingHttpResponse:
    """`?format=`, `?safe=0`, `?split=`."""
    project = project_for(request, project_id, Action.DOWNLOAD, slug)
    found: DatasetVersion = of_project(version_for(request, version_id, Action.DOWNLOAD), project)
    return exporting.response(found, request.GET.dict())


@require_GET
def diff(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID, other_id: UUID
) -> HttpResponse:
    """What changed from the other version to this one."""
    project = project_for(request, project_id, Action.VIEW, slug)
    new: DatasetVersion = of_project(version_for(request, version_id, Action.VIEW), project)
    old = versions_in(project).filter(pk=other_id).first()
    if old is None:
        raise Http404
    found = differences.between(old, new)
    titles = differences.role_titles(new)
    values = {
        "project": project,
        "workspace": project.workspace,
        "old": old,
        "new": new,
        "others": versions_in(project).exclude(pk__in=(new.pk, old.pk))[:OTHERS],
        "found": found,
        "kinds": differences.kinds(found, titles),
        "roles": [(titles.get(role, role), rows) for role, rows in found.roles.items()],
        "labels": differences.counted(found.labels)[: differences.LABELS],
        "more_labels": max(0, len(found.labels) - differences.LABELS),
        "splits": differences.counted(found.splits),
    }
    return render(request, "datasets/diff.html", values)
