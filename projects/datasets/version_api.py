"""The API of what can be had of a version besides its rows: a file of them, and what changed since another one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.datasets import differences, exporting, selectors
from projects.datasets.api import RowSerializer
from projects.schema import problems
from training.differ import KINDS
from training.exports import EXPORTS

MOST = 200  # rows of each kind in one answer
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


class ChangeSerializer(serializers.Serializer[Any]):
    old = serializers.CharField()
    new = serializers.CharField()
    rows = serializers.IntegerField()


class PairSerializer(serializers.Serializer[Any]):
    old = RowSerializer(allow_null=True)
    new = RowSerializer(allow_null=True)


class PairsSerializer(serializers.Serializer[Any]):
    changed = PairSerializer(many=True)
    added = PairSerializer(many=True)
    dropped = PairSerializer(many=True)
    moved = PairSerializer(many=True)


class DiffSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Rows by kind: {', '.join(KINDS)}, same."
    )
    roles = serializers.DictField(
        child=serializers.IntegerField(), help_text="Role → rows in which it changed."
    )
    labels = ChangeSerializer(many=True, help_text="Most frequent first.")
    splits = ChangeSerializer(many=True)
    rows = PairsSerializer(help_text="The first rows of each kind.")


class VersionDiff(APIView):
    @extend_schema(
        operation_id="versions_diff",
        summary="Read what changed since another dataset version",
        description="From the other version to this one; both are of one project.",
        tags=["data"],
        parameters=[
            OpenApiParameter("limit", int, description=f"Rows of each kind; at most {MOST}.")
        ],
        responses={200: DiffSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, version_id: UUID, other_id: UUID) -> Response:
        new = selectors.version_for(request, version_id, Action.VIEW)
        old = selectors.version_for(request, other_id, Action.VIEW)
        if old.project_id != new.project_id:
            raise Http404
        found = differences.between(old, new, _limit(request.query_params.get("limit", "")))
        return Response(DiffSerializer(differences.as_data(found)).data)


def _limit(text: str) -> int:
    """What makes no sense is left out."""
    sane = text.isascii() and text.isdigit() and len(text) < 9
    return min(int(text), MOST) if sane else differences.SHOWN
