"""The API of what can be had of a version besides its rows: a file of them, and what changed since another one."""

from __future__ import annotations

from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import Action
from projects.datasets import exporting, selectors
from projects.schema import problems
from training.exports import EXPORTS

MEDIA = sorted({export.media for export in EXPORTS.values()})


class VersionExport(APIView):
    @extend_schema(
        operation_id="versions_export",
        summary="Export a dataset version as a file",
        description=(
            "All rows, streamed. `csv` and `jsonl` hold any version; the others hold what their "
            "task has."
        ),
        tags=["data"],
        parameters=[
            OpenApiParameter("format", enum=list(EXPORTS), default="csv"),
            OpenApiParameter(
                "safe",
                bool,
                description="In CSV, formulas become harmless text. On unless it is `false`.",
            ),
            OpenApiParameter("split", enum=list(selectors.SPLITS)),
        ],
        responses={
            **{(200, media): OpenApiTypes.BINARY for media in MEDIA},
            **problems(403, 404, 422),
        },
    )
    def get(self, request: Request, version_id: UUID) -> StreamingHttpResponse:
        version = selectors.version_for(request, version_id, Action.DOWNLOAD)
        return exporting.response(version, request.query_params.dict())
