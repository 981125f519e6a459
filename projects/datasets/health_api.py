"""The API of a version's health, and of new versions made from old ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.api import checked
from projects.datasets import diagnosis, health, selectors, services
from projects.datasets.api import FindingSerializer, ImportSerializer
from projects.datasets.findings import Said, said_problem
from projects.datasets.models import DatasetVersion, HealthReport
from projects.people import user_of
from projects.schema import problems

MOST = 10_000  # changes in one request


class RemedySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    says = serializers.CharField(help_text="What it does.")
    rows = serializers.IntegerField()
    changes = serializers.ListField(
        child=serializers.DictField(), help_text="Send them to `revisions/` as they are."
    )


class HealthFindingSerializer(FindingSerializer):
    name = serializers.CharField(help_text="The code, and what tells several of one code apart.")
    why = serializers.CharField(help_text="Why it matters.")
    ignored = serializers.BooleanField()
    remedies = RemedySerializer(many=True)


class HealthSerializer(serializers.Serializer[Any]):
    version = serializers.UUIDField()
    status = serializers.ChoiceField(["none", *HealthReport.Status.values])
    progress = serializers.FloatField(help_text="0 to 1.")
    gate = serializers.ChoiceField(
        ["green", "amber", "red", "blocked"], help_text="Of the findings that are not ignored."
    )
    base = serializers.CharField(help_text="The base model that was used for the close look.")
    findings = HealthFindingSerializer(many=True)
    stats = serializers.DictField(help_text="Lengths, languages, unknown words, doubtful labels.")
    problem = serializers.DictField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class NewRevisionSerializer(serializers.Serializer[Any]):
    changes = serializers.ListField(
        child=serializers.DictField(), max_length=MOST, help_text="See the documentation of data."
    )
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=200, default="", help_text="For the history."
    )


class IgnoreSerializer(serializers.Serializer[Any]):
    finding = serializers.CharField(max_length=200, help_text="The name of a finding.")
    ignored = serializers.BooleanField(default=True, help_text="False takes it back.")


def health_of(version: DatasetVersion) -> dict[str, Any]:
    report = diagnosis.report_of(version)
    found = diagnosis.diagnosis(version, report)
    return {
        "version": version.pk,
        "status": report.status if report else "none",
        "progress": report.progress if report else 0,
        "gate": found.gate,
        "base": report.base if report else "",
        "findings": [_finding(item) for group in found.groups for item in group.items],
        "stats": report.stats if report else {},
        "problem": said_problem(report.problem) if report else None,
        "ended_at": report.ended_at if report else None,
    }


def _finding(item: Said) -> dict[str, Any]:
    return {
        "code": item.code,
        "name": item.name,
        "severity": item.severity,
        "count": item.count,
        **item.words,
        "why": item.why,
        "places": item.places,
        "ignored": bool(item.ignored),
        "remedies": [
            {
                "name": offer.remedy.name,
                "title": offer.title,
                "says": offer.says,
                "rows": offer.rows,
                "changes": offer.changes,
            }
            for offer in item.offers
        ],
    }


class VersionHealth(APIView):
    @extend_schema(
        operation_id="versions_health",
        summary="Read the health report of a dataset version",
        description=(
            "What the check found is there at once; near duplicates, personal data and doubtful labels come when "
            "`status` is `ready`. `none` means that nobody has asked for a close look at this version."
        ),
        tags=["data"],
        responses={200: HealthSerializer, **problems(404)},
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.VIEW)
        return Response(HealthSerializer(health_of(version)).data)


class VersionIgnore(APIView):
    @extend_schema(
        operation_id="versions_health_ignore",
        summary="Ignore a finding of a dataset version, or take that back",
        tags=["data"],
        request=IgnoreSerializer,
        responses={200: HealthSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.EDIT)
        given = checked(IgnoreSerializer, request)
        name, ignored = given["finding"], given["ignored"]
        health.ignore(version=version, user=user_of(request), name=name, ignored=ignored)
        return Response(HealthSerializer(health_of(version)).data)


class VersionRevisions(APIView):
    @extend_schema(
        operation_id="versions_revise",
        summary="Make a new dataset version out of one and a list of changes",
        description=(
            "The version itself never changes. Without changes the new version has the same rows: that is how to go "
            "back to an old one. Ask for the import until its `status` is `ready`, `blocked` or `failed`."
        ),
        tags=["data"],
        request=NewRevisionSerializer,
        responses={202: ImportSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        version = selectors.version_for(request, version_id, Action.EDIT)
        given = checked(NewRevisionSerializer, request)
        job = services.start_revision(
            project=version.project, user=user_of(request), base=version, **given
        )
        url = reverse("api-import", args=[job.pk])
        return Response(ImportSerializer(job).data, 202, headers={"Location": url})
