"""The API of runs: estimate, start, follow, stop, report, artifact, predict."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.api import checked, paged
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import versions_in
from projects.models import Project
from projects.people import user_of
from projects.runs import costs, planning, predicting, selectors, services
from projects.runs.api_costs import CostField, PlanCostSerializer
from projects.runs.forms import default_base
from projects.runs.models import Artifact, Run, RunEvent
from projects.runs.polling import number
from projects.runs.views import artifact_response
from projects.runs.waiting import QueueField
from projects.schema import problems
from projects.selectors import project_for
from training.problems import Problem
from training.spec import EFFORTS

HEADER = "Idempotency-Key"
EFFORT = "`draft` fits a linear model in a minute; the others fine-tune, each longer than the one before."


class ChoiceSerializer(serializers.Serializer[Any]):
    version = serializers.UUIDField(
        required=False, help_text="Id of a dataset version; by default the newest of the project."
    )
    base = serializers.CharField(
        default="",
        help_text="Id of a base model; by default the usual one for the task and the data.",
    )
    effort = serializers.ChoiceField(EFFORTS, default="balanced", help_text=EFFORT)
    seed = serializers.IntegerField(default=13, min_value=0, max_value=2**31 - 1)
    settings = serializers.DictField(
        default=dict, help_text='Hyperparameters by name, such as {"epochs": 4}; all optional.'
    )
    search = serializers.DictField(
        default=dict,
        help_text=(
            'Search for better settings before the fine-tune: {"trials": 20}, {"minutes": 30} or both, whichever ends '
            "first; `parallel` trials at the same time, each with its share of the cores; `names` of the settings "
            "that are searched, by default all that can be; `pruner` is `asha`, `hyperband` or `none`. Without it "
            "there is no search."
        ),
    )
    prompt = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=4000,
        help_text="Of models that write: what is asked, with {fields}; by default the task's own.",
    )
    system = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=4000,
        help_text="Of models that write: what stands before every conversation.",
    )


class NewRunSerializer(ChoiceSerializer):
    confirmed = serializers.BooleanField(
        default=False, help_text="Needed to train with a version whose gate is red."
    )


class EstimateSerializer(serializers.Serializer[Any]):
    seconds = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    measured = serializers.BooleanField(help_text="The speed of this base model was measured here.")
    memory = serializers.IntegerField(help_text="Bytes at the most, on each device.")
    devices = serializers.IntegerField()
    minutes = serializers.IntegerField(help_text="Of the plan: each device counts.")
    plan = PlanCostSerializer(
        help_text="What a run would hold of the plan, and what is left of it."
    )


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = ("size", "sha256", "verified", "created_at")


class RunProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    expected = serializers.CharField()
    found = serializers.CharField()
    remedy = serializers.CharField()
    values = serializers.DictField()
    incident = serializers.CharField(
        help_text="To quote to the operator; empty when the cause is yours."
    )


# Of a run, in the order in which they are told.
_FIELDS = """
id project version test_hash number spec status pausing origin follows stage progress
seconds_left estimated_seconds train_seconds total_seconds attempt queue data_state
problem artifact cost created_at started_at ended_at
"""


class RunSerializer(serializers.ModelSerializer[Run]):
    queue = QueueField()
    problem = serializers.SerializerMethodField()
    artifact = serializers.SerializerMethodField()
    cost = CostField()
    test_hash = serializers.CharField(
        source="version.test_hash",
        read_only=True,
        help_text="Names the test rows. Scores can be compared where it is the same.",
    )

    data_state = serializers.DictField(
        read_only=True,
        help_text="Of the data at the start: `gate`, whether it was `confirmed`, what was `ignored` and by whom.",
    )

    class Meta:
        model = Run
        fields = tuple(_FIELDS.split())

    @extend_schema_field(RunProblemSerializer(allow_null=True))
    def get_problem(self, run: Run) -> dict[str, Any] | None:
        fault = selectors.fault_of(run)
        if fault is None:
            return None
        empty = {"title": "", "expected": "", "found": "", "remedy": ""}
        code = fault.code or "internal"
        return {
            "code": code,
            **empty,
            **fault.words,
            "values": fault.values,
            "incident": fault.incident,
        }

    @extend_schema_field(ArtifactSerializer(allow_null=True))
    def get_artifact(self, run: Run) -> dict[str, Any] | None:
        """Null until the run has succeeded."""
        found = getattr(run, "artifact", None)
        return dict(ArtifactSerializer(found).data) if found else None


class EventSerializer(serializers.ModelSerializer[RunEvent]):
    class Meta:
        model = RunEvent
        fields = ("seq", "attempt", "kind", "data", "at")


class EventPageSerializer(serializers.Serializer[Any]):
    events = EventSerializer(many=True)
    since = serializers.IntegerField(help_text="Ask with this number next.")
    ended = serializers.BooleanField(
        help_text="The run has ended and there is nothing after these."
    )


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "integer"},
            {"type": "array", "items": {"type": "object"}},
            {"type": "array", "items": {"type": "string"}},
        ]
    }
)
class ValueField(serializers.JSONField):
    """A text; a whole number for a place; a list of messages for a conversation, or of texts to search among."""


class PredictSerializer(serializers.Serializer[Any]):
    inputs = serializers.ListField(
        child=serializers.DictField(child=ValueField()),
        help_text=(
            f"At most {predicting.INPUTS}. Each has a text for every role that the run's report names in "
            '`details.inputs`, such as {"text": "…"} or {"context": "…", "question": "…"}; a model of two texts also '
            'takes {"text_a": "…", "candidates": ["…", "…"], "most": 10} and finds the nearest of the list.'
        ),
    )


class PredictedSerializer(serializers.Serializer[Any]):
    outputs = serializers.ListField(
        child=serializers.DictField(),
        help_text=(
            "One for each input: `label`, `probability`, `probabilities`; or `labels` and `probabilities`; `score`; "
            "`entities`; `answer`, `start`, `end`, `probability`, `no_answer`; `text`; or `nearest`, the best first: "
            "`place` in the list from 0, `text`, `probability` or `score`."
        ),
    )


class Estimates(APIView):
    @extend_schema(
        operation_id="runs_estimate",
        summary="Estimate how long a run will take here",
        tags=["runs"],
        request=ChoiceSerializer,
        responses={200: EstimateSerializer, **problems(400, 404, 422)},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        given = checked(ChoiceSerializer, request)
        version = _version(project, given.pop("version", None))
        given["base"] = given["base"] or default_base(project.task, version)
        spec = planning.spec(project, **given)
        planning.check_effort(spec, version)
        planning.check_base(spec, version.variant)
        found = planning.estimate(version, spec)
        told = {"plan": costs.expected(project.workspace, spec, found)}
        told |= {name: getattr(found, name) for name in costs.TOLD}
        return Response(EstimateSerializer(told).data)


class RunList(APIView):
    @extend_schema(
        operation_id="runs_list",
        summary="List the runs of a project",
        tags=["runs"],
        responses={200: RunSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.VIEW)
        runs = selectors.runs_in(project).select_related("artifact").defer("report")
        return paged(self, runs, RunSerializer)

    @extend_schema(
        operation_id="runs_create",
        summary="Start a run",
        description=(
            "Answers at once; ask for the run until its `status` is `succeeded`, `failed` or "
            f"`cancelled`. The same request sent again with the same `{HEADER}` header makes no second run."
        ),
        tags=["runs"],
        parameters=[OpenApiParameter(HEADER, str, OpenApiParameter.HEADER)],
        request=NewRunSerializer,
        responses={202: RunSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.TRAIN)
        given = checked(NewRunSerializer, request)
        version = _version(project, given.pop("version", None))
        given["base"] = given["base"] or default_base(project.task, version)
        key = request.headers.get(HEADER, "")[:64]
        run = services.start(
            project=project, version=version, user=user_of(request), start_key=key, **given
        )
        url = reverse("api-run", args=[run.pk])
        return Response(RunSerializer(run).data, 202, headers={"Location": url})


class RunDetail(APIView):
    @extend_schema(
        operation_id="runs_read",
        summary="Read a run",
        tags=["runs"],
        responses={200: RunSerializer, **problems(404)},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(RunSerializer(selectors.run_for(request, run_id, Action.VIEW)).data)


class RunEvents(APIView):
    @extend_schema(
        operation_id="runs_events",
        summary="Follow a run",
        description=f"What it said after the event `since`, at most {selectors.EVENTS} at once.",
        tags=["runs"],
        parameters=[
            OpenApiParameter(
                "since", int, description="Number of the last event you have; 0 for all."
            )
        ],
        responses={200: EventPageSerializer, **problems(404)},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.VIEW)
        over = selectors.ended(run)  # before the events: none may come between
        since = number(request.query_params.get("since"))
        events = list(selectors.events_since(run, since))
        page = {
            "events": events,
            "since": events[-1].seq if events else since,
            "ended": over and len(events) < selectors.EVENTS,
        }
        return Response(EventPageSerializer(page).data)


class RunCancel(APIView):
    @extend_schema(
        operation_id="runs_cancel",
        summary="Cancel a run",
        description="A run that has ended stays as it is.",
        tags=["runs"],
        request=None,
        responses={202: RunSerializer, **problems(403, 404)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.TRAIN)
        stopped = services.request_stop(run=run, user=user_of(request))
        return Response(RunSerializer(stopped).data, 202)


class RunReport(APIView):
    @extend_schema(
        operation_id="runs_report",
        summary="Read the report of a run",
        description="Metrics on the test rows, those of the baselines, seconds, and how it was trained.",
        tags=["runs"],
        responses={200: OpenApiTypes.OBJECT, **problems(404, 409)},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.VIEW)
        return Response({"event": "report", **selectors.report_of(run)})


class RunArtifact(APIView):
    @extend_schema(
        operation_id="runs_artifact",
        summary="Download the model",
        description="A zip with weights, tokenizer, predict.py and checksums. The ETag is its SHA-256.",
        tags=["runs"],
        responses={(200, "application/zip"): OpenApiTypes.BINARY, **problems(403, 404, 409, 410)},
    )
    def get(self, request: Request, run_id: UUID) -> StreamingHttpResponse:
        return artifact_response(selectors.run_for(request, run_id, Action.DOWNLOAD))


class RunPredict(APIView):
    @extend_schema(
        operation_id="runs_predict",
        summary="Predict with the model of a run",
        description=(
            f"At most {predicting.INPUTS} inputs, whose texts have at most {predicting.LETTERS} characters "
            f"(`context` and `source` {predicting.LONGER['source']}, `messages` {predicting.LONGER['messages']}); at "
            f"most {predicting.LIST} `candidates` with {predicting.LIST_LETTERS} characters together."
        ),
        tags=["runs"],
        request=PredictSerializer,
        responses={200: PredictedSerializer, **problems(400, 404, 409, 422, 503)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.VIEW)
        inputs = checked(PredictSerializer, request)["inputs"]
        _check_roles(inputs, predicting.required(run))
        return Response({"outputs": predicting.predict(run, inputs)})


def _check_roles(inputs: list[dict[str, Any]], required: tuple[str, ...]) -> None:
    """Raises ValidationError that names the first input without a text in one of its roles."""
    for place, given in enumerate(inputs):
        if predicting.CANDIDATES in given:
            _check_list(place, given)
        for role in required[:1] if predicting.CANDIDATES in given else required:
            value = given.get(role)
            if value is None or not (isinstance(value, str) or role == predicting.MESSAGES):
                raise serializers.ValidationError(
                    {"inputs": {str(place): {role: [_("A text is needed here.")]}}}
                )


def _check_list(place: int, given: dict[str, Any]) -> None:
    texts, most = given[predicting.CANDIDATES], given.get(predicting.MOST, predicting.NEAREST)
    wrong = {}
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        wrong[predicting.CANDIDATES] = [_("A list of texts is needed here.")]
    if type(most) is not int or most < 1:
        wrong[predicting.MOST] = [_("A whole number from 1 on is needed here.")]
    if wrong:
        raise serializers.ValidationError({"inputs": {str(place): wrong}})


def _version(project: Project, version_id: UUID | None) -> DatasetVersion:
    """Raises Problem(`run.version`) when the project has no such version, or none at all."""
    versions = versions_in(project)
    found = versions.filter(pk=version_id).first() if version_id else versions.first()
    if found is None:
        raise Problem("run.version")
    return found
