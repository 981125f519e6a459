"""The API of uploads, imports and dataset versions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.api import checked, paged
from projects.datasets import diagnosis, selectors, services
from projects.datasets.findings import said, said_problem
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.people import user_of
from projects.schema import problems
from projects.selectors import project_for
from training.table import FORMATS


class UploadSerializer(serializers.ModelSerializer[Upload]):
    class Meta:
        model = Upload
        fields = ("id", "project", "name", "size", "sha256", "created_at")


class FileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class PreviewRowSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="Line of the file on which the row begins, from 1.")
    cells = serializers.ListField(child=serializers.CharField())


class PreviewSerializer(serializers.Serializer[Any]):
    upload = UploadSerializer()
    format = serializers.CharField(help_text="What the file was taken for.")
    headerless = serializers.BooleanField(help_text="The first row is data.")
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    guessed = serializers.BooleanField(help_text="The encoding is a guess: look at the rows.")
    header = serializers.BooleanField(help_text="False: the first line looks like data.")
    columns = serializers.ListField(child=serializers.CharField())
    rows = PreviewRowSerializer(many=True)
    mapping = serializers.DictField(help_text="A guess of role → column.")


class NewImportSerializer(serializers.Serializer[Any]):
    train = serializers.UUIDField(help_text="Id of the upload with the training rows.")
    valid = serializers.UUIDField(required=False, allow_null=True)
    test = serializers.UUIDField(required=False, allow_null=True)
    encoding = serializers.CharField(required=False, allow_blank=True, max_length=40)
    delimiter = serializers.CharField(
        required=False, allow_blank=True, max_length=4, trim_whitespace=False
    )
    format = serializers.ChoiceField(list(FORMATS), required=False, allow_blank=True)
    header = serializers.BooleanField(required=False, allow_null=True, default=None)
    columns = serializers.DictField(
        child=serializers.CharField(), help_text='Role → column, such as {"text": "message"}.'
    )
    variant = serializers.CharField(
        required=False, allow_blank=True, max_length=20, help_text="Empty: told from the data."
    )
    split = serializers.ChoiceField(["random", "group", "time"], default="random")
    keep_test = serializers.BooleanField(
        default=True, help_text="The project's test rows stay what they are."
    )
    seed = serializers.IntegerField(default=13, min_value=0, max_value=2**31 - 1)


class FindingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    severity = serializers.ChoiceField(["blocking", "red", "amber", "info"])
    count = serializers.IntegerField()
    title = serializers.CharField()
    expected = serializers.CharField()
    found = serializers.CharField()
    remedy = serializers.CharField()
    places = serializers.ListField(
        child=serializers.DictField(), help_text="The first of them: file, line, column, value."
    )


class ImportSerializer(serializers.ModelSerializer[Import]):
    version = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = (
            "id",
            "project",
            "train",
            "valid",
            "test",
            "encoding",
            "delimiter",
            "format",
            "header",
            "columns",
            "variant",
            "split",
            "keep_test",
            "base",
            "changes",
            "note",
            "seed",
            "status",
            "progress",
            "findings",
            "problem",
            "version",
            "created_at",
            "ended_at",
        )

    @extend_schema_field(OpenApiTypes.UUID)
    def get_version(self, job: Import) -> str | None:
        """Id of the dataset version; null until the import is ready."""
        version = DatasetVersion.objects.filter(source=job).values_list("pk", flat=True).first()
        return str(version) if version else None

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, job: Import) -> list[dict[str, Any]]:
        return findings_of(job.findings)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_problem(self, job: Import) -> dict[str, Any] | None:
        return said_problem(job.problem)


class VersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    findings = serializers.SerializerMethodField(
        help_text="Of the check; all are in the health report."
    )
    gate = serializers.SerializerMethodField(
        help_text="Of all findings that are not ignored. Training with `red` has to be `confirmed`."
    )

    class Meta:
        model = DatasetVersion
        fields = (
            "id",
            "project",
            "number",
            "name",
            "sha256",
            "size",
            "rows",
            "variant",
            "test_hash",
            "parent",
            "splits",
            "labels",
            "stats",
            "gate",
            "findings",
            "created_at",
        )

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, version: DatasetVersion) -> list[dict[str, Any]]:
        return findings_of(version.findings)

    @extend_schema_field(serializers.ChoiceField(["green", "amber", "red", "blocked"]))
    def get_gate(self, version: DatasetVersion) -> str:
        return diagnosis.standing(version)


class RowSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    file = serializers.CharField()
    line = serializers.IntegerField()
    split = serializers.CharField()
    values = serializers.DictField(child=serializers.CharField())
    extra = serializers.DictField(child=serializers.CharField())


class RowPageSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    rows = RowSerializer(many=True)


def findings_of(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    items = [said(finding) for finding in findings]
    return [
        {
            "code": item.code,
            "severity": item.severity,
            "count": item.count,
            **item.words,
            "places": item.places,
        }
        for item in items
    ]


class UploadList(APIView):
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="uploads_list",
        summary="List the uploads of a project",
        tags=["data"],
        responses={200: UploadSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        return paged(self, Upload.objects.filter(project=project), UploadSerializer)

    @extend_schema(
        operation_id="uploads_create",
        summary="Upload a file",
        description="One file in the field `file`. It is kept only if it looks like a text table.",
        tags=["data"],
        request={"multipart/form-data": FileSerializer},
        responses={201: UploadSerializer, **problems(403, 404, 411, 413, 422)},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.EDIT)
        file = services.one_file(request.FILES)
        upload = services.add_upload(project=project, user=user_of(request), file=file)
        url = reverse("api-upload", args=[upload.pk])
        return Response(UploadSerializer(upload).data, 201, headers={"Location": url})


class UploadDetail(APIView):
    @extend_schema(
        operation_id="uploads_read",
        summary="Preview an upload",
        description="The first 20 rows, as read with the encoding and delimiter found or given.",
        tags=["data"],
        parameters=[
            OpenApiParameter("encoding"),
            OpenApiParameter("delimiter"),
            OpenApiParameter("format", enum=list(FORMATS)),
            OpenApiParameter("header", bool, description="Whether the first row is a header."),
        ],
        responses={200: PreviewSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, upload_id: UUID) -> Response:
        upload = selectors.upload_for(request, upload_id, Action.VIEW)
        names = ("encoding", "delimiter", "format")
        asked = {name: request.query_params.get(name, "") for name in names}
        header = {"true": True, "false": False}.get(request.query_params.get("header", ""))
        found = selectors.preview_of(upload, selectors.Reading(**asked, header=header))
        rows = zip(found.lines, found.rows, strict=True)
        return Response(
            {
                "upload": UploadSerializer(upload).data,
                "format": found.format,
                "headerless": found.headerless,
                "encoding": found.encoding,
                "delimiter": found.delimiter,
                "guessed": found.guessed,
                "header": found.header,
                "columns": found.columns,
                "rows": [{"line": line, "cells": cells} for line, cells in rows],
                "mapping": selectors.guessed_columns(upload.project, found),
            }
        )


class ImportList(APIView):
    @extend_schema(
        operation_id="imports_list",
        summary="List the imports of a project",
        tags=["data"],
        responses={200: ImportSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        return paged(self, selectors.imports_in(project), ImportSerializer)

    @extend_schema(
        operation_id="imports_create",
        summary="Check uploads and make a dataset version of them",
        description=(
            "Answers at once; ask for the import until its `status` is `ready`, `blocked` or "
            "`failed`. The same import asked for while it is under way is the same import."
        ),
        tags=["data"],
        request=NewImportSerializer,
        responses={202: ImportSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.EDIT)
        given = checked(NewImportSerializer, request)
        for role in ("train", "valid", "test"):
            pk = given.get(role)
            given[role] = selectors.upload_in(project, pk) if pk else None
        job = services.start_import(project=project, user=user_of(request), **given)
        url = reverse("api-import", args=[job.pk])
        return Response(ImportSerializer(job).data, 202, headers={"Location": url})


class ImportDetail(APIView):
    @extend_schema(
        operation_id="imports_read",
        summary="Read an import",
        tags=["data"],
        responses={200: ImportSerializer, **problems(404)},
    )
    def get(self, request: Request, import_id: UUID) -> Response:
        return Response(
            ImportSerializer(selectors.import_for(request, import_id, Action.VIEW)).data
        )


class VersionList(APIView):
    @extend_schema(
        operation_id="versions_list",
        summary="List the dataset versions of a project",
        tags=["data"],
        responses={200: VersionSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        return paged(
            self, selectors.versions_in(project).select_related("health"), VersionSerializer
        )


class VersionDetail(APIView):
    @extend_schema(
        operation_id="versions_read",
        summary="Read a dataset version",
        tags=["data"],
        responses={200: VersionSerializer, **problems(404)},
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.VIEW)
        return Response(VersionSerializer(version).data)


class VersionRows(APIView):
    @extend_schema(
        operation_id="versions_rows",
        summary="Read rows of a dataset version",
        tags=["data"],
        parameters=[
            OpenApiParameter("page", int, description="From 1; 50 rows a page."),
            OpenApiParameter("split", enum=list(selectors.SPLITS)),
            OpenApiParameter("label"),
            OpenApiParameter("q", description="Part of a text, in any case."),
        ],
        responses={200: RowPageSerializer, **problems(404, 422)},
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.VIEW)
        asked = selectors.read_row_query(request.query_params, version)
        return Response(RowPageSerializer(selectors.rows_of(version, asked)).data)
