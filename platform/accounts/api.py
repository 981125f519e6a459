"""The API of workspaces: who is in them, invitations, and what was done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, invitations, members
from accounts.access import Action, user_of, workspace_for, workspaces
from accounts.models import ApiToken, AuditEntry, Invitation, Member, Role, Workspace
from accounts.selectors import invitations_of, members_of
from web.api import checked, paged
from web.schema import problems


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields = ("id", "slug", "name", "needs_two_factors", "created_at")


class MemberSerializer(serializers.ModelSerializer[Member]):
    email = serializers.EmailField(source="user.email")

    class Meta:
        model = Member
        fields = ("id", "email", "role", "guest", "joined_at")


class ChangedMemberSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(Role.choices)
    guest = serializers.BooleanField(
        required=False, help_text="Sees only the projects that are shared with this person."
    )


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    created_by = serializers.EmailField(source="created_by.email")

    class Meta:
        model = Invitation
        fields = (
            "id", "email", "role", "guest", "uses", "used", "created_by", "created_at", "expires_at",
        )  # fmt: skip


class MadeInvitationSerializer(InvitationSerializer):
    url = serializers.CharField(
        read_only=True, help_text="The link, told only now; empty where it went out by mail."
    )

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "url")  # type: ignore[assignment]


class NewInvitationSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField(
        required=False, default="", help_text="Gets the link by mail. Without it, you get one."
    )
    role = serializers.ChoiceField(Role.choices, help_text="Any but `owner`.")
    days = serializers.IntegerField(min_value=1, max_value=30, default=7)
    uses = serializers.IntegerField(min_value=1, max_value=25, default=1)


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    class Meta:
        model = AuditEntry
        fields = ("id", "at", "who", "via", "verb", "about", "values", "address")


class WorkspaceList(APIView):
    @extend_schema(
        operation_id="workspaces_list",
        summary="List your workspaces",
        description="With a token, the one that it opens.",
        tags=["workspaces"],
        responses={200: WorkspaceSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        return paged(self, workspaces(request), WorkspaceSerializer)


class MemberList(APIView):
    @extend_schema(
        operation_id="members_list",
        summary="List the members of a workspace",
        tags=["workspaces"],
        responses={200: MemberSerializer(many=True), **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.MEET)
        return paged(self, members_of(workspace), MemberSerializer)


class MemberDetail(APIView):
    @extend_schema(
        operation_id="members_change",
        summary="Change the role of a member",
        description="With a token, neither to nor from a role that makes tokens.",
        tags=["workspaces"],
        request=ChangedMemberSerializer,
        responses={200: MemberSerializer, **problems(400, 403, 404, 409)},
    )
    def patch(self, request: Request, slug: str, member_id: int) -> Response:
        found = _member(request, slug, member_id)
        given = {"guest": found.guest} | checked(ChangedMemberSerializer, request)
        changed = members.change_role(
            member=found, by=user_of(request), token=_token(request), **given
        )
        return Response(MemberSerializer(changed).data)

    @extend_schema(
        operation_id="members_remove",
        summary="Remove a member",
        description="Tokens and invitations that the person has made in the workspace end with it.",
        tags=["workspaces"],
        request=None,
        responses={204: None, **problems(403, 404, 409)},
    )
    def delete(self, request: Request, slug: str, member_id: int) -> Response:
        found = _member(request, slug, member_id)
        members.remove_member(member=found, by=user_of(request), token=_token(request))
        return Response(status=204)


class InvitationList(APIView):
    @extend_schema(
        operation_id="invitations_list",
        summary="List the open invitations of a workspace",
        tags=["workspaces"],
        responses={200: InvitationSerializer(many=True), **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.MEMBERS)
        return paged(self, invitations_of(workspace), InvitationSerializer)

    @extend_schema(
        operation_id="invitations_create",
        summary="Invite somebody",
        description="With `email`, the link goes there by mail; without it, it is in the answer.",
        tags=["workspaces"],
        request=NewInvitationSerializer,
        responses={201: MadeInvitationSerializer, **problems(400, 403, 404, 409, 429, 503)},
    )
    def post(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.MEMBERS)
        given = checked(NewInvitationSerializer, request)
        made, url = invitations.invite(
            workspace=workspace, by=user_of(request), token=_token(request), **given
        )
        made.url = "" if made.email else url  # type: ignore[attr-defined]
        return Response(MadeInvitationSerializer(made).data, 201)


class InvitationDetail(APIView):
    @extend_schema(
        operation_id="invitations_revoke",
        summary="Take an invitation back",
        tags=["workspaces"],
        request=None,
        responses={204: None, **problems(403, 404)},
    )
    def delete(self, request: Request, slug: str, invitation_id: UUID) -> Response:
        workspace = workspace_for(request, slug, Action.MEMBERS)
        found = get_object_or_404(invitations_of(workspace), pk=invitation_id)
        invitations.revoke(invitation=found, by=user_of(request))
        return Response(status=204)


class AuditList(APIView):
    @extend_schema(
        operation_id="audit_list",
        summary="Read the audit trail of a workspace",
        description="The newest first.",
        tags=["workspaces"],
        parameters=[
            OpenApiParameter("who", str, description="A part of the person's address."),
            OpenApiParameter(
                "verb", str, description="Such as `member.invited`, or its first word."
            ),
        ],
        responses={200: AuditSerializer(many=True), **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.AUDIT)
        who, verb = (request.query_params.get(name, "")[:254] for name in ("who", "verb"))
        return paged(self, audit.entries(workspace, who=who, verb=verb), AuditSerializer)


def _token(request: Request) -> ApiToken | None:
    return request.auth if isinstance(request.auth, ApiToken) else None


def _member(request: Request, slug: str, member_id: int) -> Member:
    workspace = workspace_for(request, slug, Action.MEMBERS)
    return get_object_or_404(members_of(workspace), pk=member_id)
