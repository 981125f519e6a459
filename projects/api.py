"""The API of projects."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action, require, workspace_for, workspaces
from accounts.models import Workspace
from projects import services
from projects.models import Project
from projects.people import user_of
from projects.schema import problems
from projects.selectors import project_for, projects_of
from web.api import checked, paged


class ProjectSerializer(serializers.ModelSerializer[Project]):
    workspace = serializers.SlugField(source="workspace.slug", read_only=True)

    class Meta:
        model = Project
        fields = ("id", "workspace", "name", "task", "created_at")


class NewProjectSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(trim_whitespace=True)
    task = serializers.CharField(default="text-classification")
    workspace = serializers.SlugField(
        required=False,
        help_text="The workspace's slug; by default that of the token, or your first one.",
    )


class RenameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()


class ProjectList(APIView):
    @extend_schema(
        operation_id="projects_list",
        summary="List projects",
        tags=["projects"],
        responses={200: ProjectSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        return paged(self, projects_of(request), ProjectSerializer)

    @extend_schema(
        operation_id="projects_create",
        summary="Create a project",
        tags=["projects"],
        request=NewProjectSerializer,
        responses={201: ProjectSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request) -> Response:
        given = checked(NewProjectSerializer, request)
        project = services.create_project(
            workspace=workspace_of(request, given.get("workspace")),
            user=user_of(request),
            name=given["name"],
            task=given["task"],
        )
        return Response(ProjectSerializer(project).data, 201)


class ProjectDetail(APIView):
    @extend_schema(
        operation_id="projects_read",
        summary="Read a project",
        tags=["projects"],
        responses={200: ProjectSerializer, **problems(404)},
    )
    def get(self, request: Request, project_id: UUID) -> Response:
        return Response(ProjectSerializer(project_for(request, project_id, Action.VIEW)).data)

    @extend_schema(
        operation_id="projects_rename",
        summary="Rename a project",
        tags=["projects"],
        request=RenameSerializer,
        responses={200: ProjectSerializer, **problems(400, 403, 404, 422)},
    )
    def patch(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.EDIT)
        name = checked(RenameSerializer, request)["name"]
        return Response(ProjectSerializer(services.rename_project(project=project, name=name)).data)

    @extend_schema(
        operation_id="projects_delete",
        summary="Delete a project with its data, runs and models",
        description="Refused while a run is queued or running.",
        tags=["projects"],
        request=None,
        responses={204: None, **problems(403, 404, 422)},
    )
    def delete(self, request: Request, project_id: UUID) -> Response:
        services.delete_project(project=project_for(request, project_id, Action.EDIT))
        return Response(status=204)


def workspace_of(request: Request, slug: str | None) -> Workspace:
    """In which something is made: that of the slug, else of the token, else the user's first one."""
    if slug:
        return workspace_for(request, slug, Action.EDIT)
    first = workspaces(request).first()
    if first is None:
        raise serializers.ValidationError({"workspace": "You are in no workspace."})
    return require(request, first, Action.EDIT)
