"""The API of unlabelled texts: pools, the next texts to label, and the answers."""

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
from projects.datasets.annotation_api import CommitSerializer
from projects.datasets.api import ImportSerializer
from projects.datasets.findings import said_problem
from projects.datasets.selectors import Reading, upload_in
from projects.people import user_of
from projects.pools import kinds, labelling, selectors, services
from projects.pools.models import Pool, PoolRow, Round
from projects.schema import problems
from projects.selectors import project_for
from training.problems import Problem
from training.table import FORMATS


class RoundSerializer(serializers.ModelSerializer[Round]):
    progress = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()

    class Meta:
        model = Round
        fields = ("id", "run", "status", "progress", "problem", "created_at", "ended_at")

    @extend_schema_field(OpenApiTypes.FLOAT)
    def get_progress(self, asked: Round) -> float:
        """0 to 1, of the rows that are open now."""
        return selectors.progress_of(asked)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_problem(self, asked: Round) -> dict[str, Any] | None:
        return said_problem(asked.problem)


class PoolSerializer(serializers.ModelSerializer[Pool]):
    problem = serializers.SerializerMethodField()
    open = serializers.SerializerMethodField()
    labelled = serializers.SerializerMethodField()
    skipped = serializers.SerializerMethodField()
    suggestions = serializers.SerializerMethodField()

    class Meta:
        model = Pool
        fields = (
            "id",
            "project",
            "name",
            "columns",
            "status",
            "progress",
            "rows",
            "copies",
            "empty",
            "faulty",
            "cut",
            "open",
            "labelled",
            "skipped",
            "problem",
            "suggestions",
            "created_at",
            "ended_at",
        )

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_problem(self, pool: Pool) -> dict[str, Any] | None:
        return said_problem(pool.problem)

    def get_open(self, pool: Pool) -> int:
        return selectors.counts_of(pool).open

    def get_labelled(self, pool: Pool) -> int:
        return selectors.counts_of(pool).labelled

    def get_skipped(self, pool: Pool) -> int:
        return selectors.counts_of(pool).skipped

    @extend_schema_field(RoundSerializer(allow_null=True))
    def get_suggestions(self, pool: Pool) -> Any:
        """The newest round of suggestions; null where no model was asked."""
        asked = selectors.newest_round(pool)
        return RoundSerializer(asked).data if asked else None


class NewPoolSerializer(serializers.Serializer[Any]):
    upload = serializers.UUIDField(help_text="Id of the upload with the texts.")
    columns = serializers.DictField(
        child=serializers.CharField(), help_text='Role → column, such as {"text": "message"}.'
    )
    run = serializers.UUIDField(
        required=False, allow_null=True, help_text="Whose model makes the suggestions."
    )
    encoding = serializers.CharField(default="", allow_blank=True, max_length=40)
    delimiter = serializers.CharField(
        default="", allow_blank=True, max_length=4, trim_whitespace=False
    )
    format = serializers.ChoiceField(list(FORMATS), default="", allow_blank=True)
    header = serializers.BooleanField(required=False, allow_null=True, default=None)


class TextSerializer(serializers.ModelSerializer[PoolRow]):
    row = serializers.IntegerField(source="number", help_text="Number of the text, from 0.")
    suggestions = serializers.ListField(
        source="shares", help_text="[label, probability] of the likeliest labels, best first."
    )
    margin = serializers.SerializerMethodField()

    class Meta:
        model = PoolRow
        fields = ("row", "line", "values", "state", "suggestions", "margin", "until")

    @extend_schema_field(OpenApiTypes.FLOAT)
    def get_margin(self, row: PoolRow) -> float | None:
        """Between the two best probabilities: small where the model is uncertain; null where it was not asked."""
        return row.order if row.shares else None


class NextSerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(default=1, min_value=1, max_value=100)


class NewAnswerSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(min_value=0)
    kind = serializers.ChoiceField(["label", "skip"], default="label")
    values = serializers.DictField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        default=dict,
        help_text='Such as {"label": "refund"}.',
    )


class AskSerializer(serializers.Serializer[Any]):
    run = serializers.UUIDField(help_text="A run of the project that has succeeded.")


class PoolList(APIView):
    @extend_schema(
        operation_id="pools_list",
        summary="List the pools of unlabelled texts of a project",
        tags=["annotation"],
        responses={200: PoolSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        return paged(self, Pool.objects.filter(project=project), PoolSerializer)

    @extend_schema(
        operation_id="pools_create",
        summary="Read an upload without labels into a pool",
        description="Texts that the project has already are left out and counted.",
        tags=["annotation"],
        request=NewPoolSerializer,
        responses={202: PoolSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.EDIT)
        given = checked(NewPoolSerializer, request)
        version, _kind = kinds.target(project)
        read = {name: given[name] for name in ("encoding", "delimiter", "format", "header")}
        pool = services.add_pool(
            project=project,
            user=user_of(request),
            upload=upload_in(project, given["upload"]),
            columns=given["columns"],
            reading=Reading(**read),
            run=selectors.model_in(project, version, str(given.get("run") or "")),
        )
        url = reverse("api-pool", args=[pool.pk])
        return Response(PoolSerializer(pool).data, 202, headers={"Location": url})


class PoolDetail(APIView):
    @extend_schema(
        operation_id="pools_read",
        summary="Read a pool of unlabelled texts",
        tags=["annotation"],
        responses={200: PoolSerializer, **problems(404)},
    )
    def get(self, request: Request, pool_id: UUID) -> Response:
        return Response(PoolSerializer(selectors.pool_for(request, pool_id, Action.VIEW)).data)

    @extend_schema(
        operation_id="pools_delete",
        summary="Delete a pool; the labels given stay",
        tags=["annotation"],
        request=None,
        responses={204: None, **problems(403, 404)},
    )
    def delete(self, request: Request, pool_id: UUID) -> Response:
        services.remove(pool=selectors.pool_for(request, pool_id, Action.EDIT))
        return Response(status=204)


class PoolNext(APIView):
    @extend_schema(
        operation_id="pools_next",
        summary="Take the next texts to label, the most uncertain first",
        description="They are yours for five minutes; nobody else is given them meanwhile.",
        tags=["annotation"],
        request=NextSerializer,
        responses={200: TextSerializer(many=True), **problems(400, 403, 404, 409)},
    )
    def post(self, request: Request, pool_id: UUID) -> Response:
        pool = selectors.pool_for(request, pool_id, Action.LABEL)
        limit = checked(NextSerializer, request)["limit"]
        if pool.status != Pool.Status.READY:
            raise Problem("pool.unread")
        rows = labelling.claim(pool=pool, user=user_of(request), limit=limit)
        return Response(TextSerializer(rows, many=True).data)


class PoolAnswers(APIView):
    @extend_schema(
        operation_id="pools_answer",
        summary="Label a text, or skip it",
        description="A labelled text goes into the draft of the newest version, as a row to train on.",
        tags=["annotation"],
        request=NewAnswerSerializer,
        responses={201: TextSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def post(self, request: Request, pool_id: UUID) -> Response:
        pool = selectors.pool_for(request, pool_id, Action.LABEL)
        given, user = checked(NewAnswerSerializer, request), user_of(request)
        if given["kind"] == "skip":
            row = labelling.skip(pool=pool, user=user, number=given["row"])
        else:
            row = labelling.answer(
                pool=pool, user=user, number=given["row"], values=given["values"]
            )
        return Response(TextSerializer(row).data, 201)


class PoolAnswer(APIView):
    @extend_schema(
        operation_id="pools_undo",
        summary="Take your answer to a text back",
        tags=["annotation"],
        request=None,
        responses={204: None, **problems(403, 404, 422)},
    )
    def delete(self, request: Request, pool_id: UUID, number: int) -> Response:
        pool = selectors.pool_for(request, pool_id, Action.LABEL)
        if labelling.undo(pool=pool, user=user_of(request), number=number) is None:
            raise Problem("pool.row", row=number)
        return Response(status=204)


class PoolSuggest(APIView):
    @extend_schema(
        operation_id="pools_suggest",
        summary="Ask a model for suggestions",
        description="Follow `suggestions` of the pool; texts can be labelled meanwhile.",
        tags=["annotation"],
        request=AskSerializer,
        responses={202: RoundSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def post(self, request: Request, pool_id: UUID) -> Response:
        pool = selectors.pool_for(request, pool_id, Action.EDIT)
        chosen = str(checked(AskSerializer, request)["run"])
        version, _kind = kinds.target(pool.project)
        run = selectors.model_in(pool.project, version, chosen)
        if run is None:
            raise Problem("pool.run", run=chosen)
        asked = services.suggest(pool=pool, run=run, user=user_of(request))
        return Response(RoundSerializer(asked).data, 202)


class PoolCommit(APIView):
    @extend_schema(
        operation_id="pools_commit",
        summary="Make a version of the newest one and its draft",
        description="Answers at once with the import that makes it, as for uploads.",
        tags=["annotation"],
        request=CommitSerializer,
        responses={202: ImportSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, pool_id: UUID) -> Response:
        pool = selectors.pool_for(request, pool_id, Action.EDIT)
        note = checked(CommitSerializer, request)["note"] or "New texts labelled over the API"
        job = labelling.commit(pool=pool, user=user_of(request), note=note)
        url = reverse("api-import", args=[job.pk])
        return Response(ImportSerializer(job).data, 202, headers={"Location": url})
