"""The API of what is done with a run besides following it: pause, resume, repeat, add epochs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.api import checked
from projects.people import user_of
from projects.runs import again, pausing, selectors
from projects.runs.api import HEADER, RunSerializer
from projects.runs.models import Run, Status
from projects.schema import problems


class ExtendSerializer(serializers.Serializer[Any]):
    epochs = serializers.IntegerField(
        min_value=1, max_value=again.MOST, help_text="How many more than the run has had."
    )


class AgreementSerializer(serializers.Serializer[Any]):
    equal = serializers.BooleanField(help_text="All scores are the same, to the last digit.")
    weights = serializers.BooleanField(
        allow_null=True, help_text="So are the weights, bit for bit; null where files are gone."
    )
    difference = serializers.FloatField(help_text="The largest difference of a score.")
    figure = serializers.CharField(help_text="The score that differs most.")
    hardware = serializers.ListField(
        child=serializers.CharField(), help_text="What of the hardware is another."
    )
    versions = serializers.ListField(
        child=serializers.CharField(), help_text="Packages of which there is another version."
    )
    data = serializers.BooleanField(  # type: ignore[assignment]  # a field here, a property of serializers
        help_text="The data and the division of its rows are the same."
    )


class RunPause(APIView):
    @extend_schema(
        operation_id="runs_pause",
        summary="Pause a run",
        description=(
            "Its state is saved, and its place in the plan is free until it is resumed. It is `stopping` with "
            "`pausing` until then, and `paused` afterwards. A run that has ended stays as it is."
        ),
        tags=["runs"],
        request=None,
        responses={202: RunSerializer, **problems(403, 404)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.TRAIN)
        return _told(pausing.request_pause(run=run, user=user_of(request)))


class RunResume(APIView):
    @extend_schema(
        operation_id="runs_resume",
        summary="Resume a paused run",
        description=(
            "It goes on after the last step before the pause, as if there had been none. One that failed at a limit of "
            "the plan (`run.time_limit`, `run.memory_limit`) goes on likewise, as a new run, when the plan allows. "
            f"The same request sent again with the same `{HEADER}` header makes no second run."
        ),
        tags=["runs"],
        request=None,
        responses={202: RunSerializer, **problems(403, 404, 409)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.TRAIN)
        if run.status == Status.FAILED:
            given: dict[str, Any] = {"user": user_of(request), "start_key": _key(request)}
            return _told(again.go_on(run=run, **given), new=True)
        return _told(pausing.resume(run=run, user=user_of(request)))


class RunRepeat(APIView):
    @extend_schema(
        operation_id="runs_repeat",
        summary="Run it again, exactly",
        description=(
            "A new run with the same data, seed and settings, whose `agreement` says whether the figures hold. The "
            f"same request sent again with the same `{HEADER}` header makes no second run."
        ),
        tags=["runs"],
        request=None,
        responses={202: RunSerializer, **problems(403, 404, 409, 422)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.TRAIN)
        return _told(
            again.repeat(run=run, user=user_of(request), start_key=_key(request)), new=True
        )


class RunExtend(APIView):
    @extend_schema(
        operation_id="runs_extend",
        summary="Train on for more epochs",
        description=(
            "A new run that goes on where this one ended, with the same data and settings. The same request sent "
            f"again with the same `{HEADER}` header makes no second run."
        ),
        tags=["runs"],
        request=ExtendSerializer,
        responses={202: RunSerializer, **problems(400, 403, 404, 409, 422)},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        run = selectors.run_for(request, run_id, Action.TRAIN)
        epochs = checked(ExtendSerializer, request)["epochs"]
        given: dict[str, Any] = {"epochs": epochs, "start_key": _key(request)}
        return _told(again.extend(run=run, user=user_of(request), **given), new=True)


class RunAgreement(APIView):
    @extend_schema(
        operation_id="runs_agreement",
        summary="Compare a repeated run with the one before",
        description="Not found for a run that repeats none, or has not succeeded.",
        tags=["runs"],
        responses={200: AgreementSerializer, **problems(404)},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        found = again.agreement(selectors.run_for(request, run_id, Action.VIEW))
        if found is None:
            raise Http404
        return Response(AgreementSerializer(found).data)


def _told(run: Run, *, new: bool = False) -> Response:
    headers = {"Location": reverse("api-run", args=[run.pk])} if new else {}
    return Response(RunSerializer(run).data, 202, headers=headers)


def _key(request: Request) -> str:
    return str(request.headers.get(HEADER, ""))[:64]
