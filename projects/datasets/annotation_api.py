"""The API of answers to rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.api import checked, paged
from projects.datasets import annotating, drafts, selectors
from projects.datasets.api import ImportSerializer
from projects.datasets.models import RowEdit
from projects.people import user_of
from projects.schema import problems


class EditSerializer(serializers.ModelSerializer[RowEdit]):
    user = serializers.SerializerMethodField()

    class Meta:
        model = RowEdit
        fields = ("id", "version", "row", "user", "kind", "values", "created_at", "updated_at")

    @extend_schema_field(OpenApiTypes.STR)
    def get_user(self, edit: RowEdit) -> str:
        """E-mail address of whoever gave the answer; empty when the account is gone."""
        return str(edit.user or "")


class NewEditSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, help_text="Not given: a row is added."
    )
    kind = serializers.ChoiceField(
        ["set", "drop", "accept", "reject", "skip", "add"], default="set"
    )
    values = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        default=dict,
        help_text='Role → value, such as {"label": "refund"}; what is left out stays as it is.',
    )
    split = serializers.ChoiceField(list(selectors.SPLITS), default="train")


class CommitSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)


class EditList(APIView):
    @extend_schema(
        operation_id="edits_list",
        summary="List the answers to rows that no version was made of yet",
        tags=["annotation"],
        responses={200: EditSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.VIEW)
        return paged(self, drafts.open_edits(version).order_by("updated_at"), EditSerializer)

    @extend_schema(
        operation_id="edits_create",
        summary="Answer a row, or add one",
        description=(
            "Everybody has one answer a row: a second one takes the place of the first. Of several "
            "people's answers the newest goes into the next version."
        ),
        tags=["annotation"],
        request=NewEditSerializer,
        responses={201: EditSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.LABEL)
        given = checked(NewEditSerializer, request)
        row, user = given.get("row"), user_of(request)
        if row is None:
            edit = annotating.add_row(
                version=version, user=user, values=given["values"], split=given["split"]
            )
        else:
            edit = annotating.save(
                version=version, user=user, row=row, kind=given["kind"], values=given["values"]
            )
        return Response(EditSerializer(edit).data, 201)


class EditDetail(APIView):
    @extend_schema(
        operation_id="edits_delete",
        summary="Take an answer back",
        tags=["annotation"],
        request=None,
        responses={204: None, **problems(403, 404, 422)},
    )
    def delete(self, request: Request, version_id: UUID, edit_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.LABEL)
        annotating.remove(edit=drafts.edit_in(version, edit_id))
        return Response(status=204)


class EditCommit(APIView):
    @extend_schema(
        operation_id="edits_commit",
        summary="Make a version of the answers",
        description="Answers at once with the import that makes it, as for uploads.",
        tags=["annotation"],
        request=CommitSerializer,
        responses={202: ImportSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.EDIT)
        note = checked(CommitSerializer, request)["note"] or "Rows changed over the API"
        job = annotating.commit(version=version, user=user_of(request), note=note)
        url = reverse("api-import", args=[job.pk])
        return Response(ImportSerializer(job).data, 202, headers={"Location": url})
