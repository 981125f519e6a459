"""What can be had of a version besides its page: a file of its rows, and what changed since another one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from accounts.access import Action
from projects.datasets import exporting
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import version_for
from projects.datasets.views import of_project
from projects.selectors import project_for


@require_GET
def export(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID
) -> StreamingHttpResponse:
    """`?format=`, `?safe=0`, `?split=`."""
    project = project_for(request, project_id, Action.DOWNLOAD, slug)
    found: DatasetVersion = of_project(version_for(request, version_id, Action.DOWNLOAD), project)
    return exporting.response(found, request.GET.dict())
