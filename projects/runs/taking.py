"""What is taken away of a run: its model, its predictions and its metrics. Each is written into the audit trail."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from accounts.access import Action
from projects.runs import results, selectors, services, storing
from projects.runs.models import Run
from web.streams import parts

CSV = "text/csv; charset=utf-8"


@require_GET
def run_predictions(
    request: HttpRequest, slug: str, project_id: UUID, run_id: UUID
) -> StreamingHttpResponse:
    """Every test row as CSV; `?spreadsheet=1` makes formulas harmless."""
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    path = selectors.predictions_of(found)
    result = selectors.result_of(found)
    lines = results.predictions_csv(result, path, spreadsheet=_for_spreadsheet(request))
    headers = _named(found, "predictions.csv")
    services.note("predictions.downloaded", found)
    return StreamingHttpResponse(parts(lines), content_type=CSV, headers=headers)


@require_GET
def run_metrics(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    result = selectors.result_of(found)
    body = results.metrics_csv(result, spreadsheet=_for_spreadsheet(request))
    services.note("metrics.downloaded", found)
    return HttpResponse(body, content_type=CSV, headers=_named(found, "metrics.csv"))


@require_GET
def run_artifact(
    request: HttpRequest, slug: str, project_id: UUID, run_id: UUID
) -> StreamingHttpResponse:
    found = selectors.run_for(request, run_id, Action.DOWNLOAD, project_id, slug)
    return artifact_response(found)


def artifact_response(found: Run) -> StreamingHttpResponse:
    """The zip, streamed; its checksum is the ETag."""
    artifact = selectors.artifact_of(found)
    body = storing.body(artifact)
    services.note("model.downloaded", found)
    headers = {
        "Content-Disposition": f'attachment; filename="{_stem(found)}.zip"',
        "Content-Length": str(artifact.size),
        "ETag": f'"{artifact.sha256}"',
    }
    return StreamingHttpResponse(body, content_type="application/zip", headers=headers)


def _stem(found: Run) -> str:
    return f"{slugify(found.project.name) or 'model'}-run-{found.number}"


def _named(found: Run, name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{_stem(found)}-{name}"'}


def _for_spreadsheet(request: HttpRequest) -> bool:
    return request.GET.get("spreadsheet") == "1"
