"""The API of templates and of the site's state."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.api import ProjectSerializer, workspace_of
from projects.people import user_of
from projects.portal import starters, state
from projects.schema import problems
from web.api import checked


class StarterSerializer(serializers.Serializer[starters.Starter]):
    name = serializers.SlugField()
    title = serializers.CharField()
    text = serializers.CharField(help_text="What it is good for, in the language of the request.")
    task = serializers.CharField()
    languages = serializers.ListField(child=serializers.CharField())


class UseSerializer(serializers.Serializer[Any]):
    workspace = serializers.SlugField(
        required=False,
        help_text="The workspace's slug; by default that of the token, or your first one.",
    )


class StarterList(APIView):
    @extend_schema(
        operation_id="templates_list",
        summary="List templates",
        tags=["projects"],
        responses={200: StarterSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        found: Any = list(starters.STARTERS.values())
        return Response(StarterSerializer(found, many=True).data)


class StarterUse(APIView):
    @extend_schema(
        operation_id="templates_use",
        summary="Make a project from a template, with its data",
        description="The data's check is queued; the project's versions tell when it is ready.",
        tags=["projects"],
        request=UseSerializer,
        responses={201: ProjectSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request, name: str) -> Response:
        given = checked(UseSerializer, request)
        workspace = workspace_of(request, given.get("workspace"))
        project = starters.begin(
            workspace=workspace, user=user_of(request), starter=starters.starter_of(name)
        )
        return Response(ProjectSerializer(project).data, 201)


class PartSerializer(serializers.Serializer[state.Part]):
    name = serializers.SlugField(help_text="`site`, `checks`, `training`, `serving` or `storage`.")
    state = serializers.ChoiceField((state.OK, state.SLOW, state.DOWN))


class StatusSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        (state.OK, state.SLOW, state.DOWN), help_text="That of the part that does worst."
    )
    parts = PartSerializer(many=True)


class Status(APIView):
    @extend_schema(
        operation_id="status_read",
        summary="Read whether the parts of the site work",
        tags=["site"],
        responses={200: StatusSerializer, **problems()},
    )
    def get(self, request: Request) -> Response:
        parts = state.parts()
        found = {"state": state.worst(parts), "parts": parts}
        return Response(StatusSerializer(found).data)
