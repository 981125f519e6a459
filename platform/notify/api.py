"""The API of notifications and webhooks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action, require, user_of, workspace_for, workspaces
from accounts.models import Workspace
from notify import services, signing, webhooks
from notify.kinds import HOOKED
from notify.models import Delivery, Notice, Webhook
from notify.selectors import deliveries_of, notices_for, webhook_for, webhooks_for
from notify.words import told
from web.api import checked, paged
from web.schema import problems


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    kind = serializers.CharField(source="news.kind", help_text="Such as `run.succeeded`.")
    workspace = serializers.SlugField(source="news.workspace.slug", default=None)
    title = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    path = serializers.CharField(source="news.path", help_text="Of the page that shows it.")
    data = serializers.DictField(source="news.values")  # type: ignore[assignment]

    class Meta:
        model = Notice
        fields = ("id", "kind", "workspace", "title", "text", "path", "data", "at", "read_at")

    def get_title(self, notice: Notice) -> str:
        return told(notice.news.kind, notice.news.values).title

    def get_text(self, notice: Notice) -> str:
        return told(notice.news.kind, notice.news.values).text


class ReadSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        help_text="Ids of notifications; without it, all of them.",
    )


class CountSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread before.")


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    workspace = serializers.SlugField(source="workspace.slug", read_only=True)
    topics = serializers.ListField(child=serializers.ChoiceField(HOOKED))

    class Meta:
        model = Webhook
        fields = ("id", "workspace", "url", "topics", "active", "failures", "created_at")


class NewWebhookSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(
        max_length=500, help_text="Begins with https:// and can be reached from the internet."
    )
    topics = serializers.ListField(child=serializers.ChoiceField(HOOKED), min_length=1)
    workspace = serializers.SlugField(
        required=False,
        help_text="The workspace's slug; by default that of the token, or your first one.",
    )


class ChangedWebhookSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=500, required=False)
    topics = serializers.ListField(
        child=serializers.ChoiceField(HOOKED), min_length=1, required=False
    )
    active = serializers.BooleanField(required=False)


class SecretSerializer(WebhookSerializer):
    secret = serializers.SerializerMethodField(
        help_text="By which its messages are signed, as Standard Webhooks have it."
    )

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]

    def get_secret(self, hook: Webhook) -> str:
        return signing.secret(hook)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    kind = serializers.CharField(source="news.kind")

    class Meta:
        model = Delivery
        fields = (
            "id", "kind", "state", "attempts", "status", "said", "seconds", "created_at", "due_at", "ended_at",
        )  # fmt: skip


class NoticeList(APIView):
    @extend_schema(
        operation_id="notifications_list",
        summary="List your notifications",
        description="The newest first; with a token, those of its workspace.",
        tags=["notifications"],
        responses={200: NoticeSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        return paged(self, notices_for(request), NoticeSerializer)


class NoticesRead(APIView):
    @extend_schema(
        operation_id="notifications_read",
        summary="Mark notifications as read",
        tags=["notifications"],
        request=ReadSerializer,
        responses={200: CountSerializer, **problems(400)},
    )
    def post(self, request: Request) -> Response:
        ids = checked(ReadSerializer, request).get("ids")
        mine = notices_for(request)
        found = list(
            (mine if ids is None else mine.filter(pk__in=ids)).values_list("pk", flat=True)
        )
        return Response({"read": services.mark_read(user=user_of(request), ids=found)})


class WebhookList(APIView):
    @extend_schema(
        operation_id="webhooks_list",
        summary="List webhooks",
        description="Those of the workspaces that you own.",
        tags=["webhooks"],
        responses={200: WebhookSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        return paged(self, webhooks_for(request).order_by("created_at"), WebhookSerializer)

    @extend_schema(
        operation_id="webhooks_create",
        summary="Make a webhook",
        tags=["webhooks"],
        request=NewWebhookSerializer,
        responses={201: SecretSerializer, **problems(400, 403, 404, 422)},
    )
    def post(self, request: Request) -> Response:
        given = checked(NewWebhookSerializer, request)
        workspace = _workspace(request, given.pop("workspace", None))
        hook = webhooks.add(workspace=workspace, user=user_of(request), **given)
        return Response(SecretSerializer(hook).data, 201)


class WebhookDetail(APIView):
    @extend_schema(
        operation_id="webhooks_read",
        summary="Read a webhook, with its secret",
        tags=["webhooks"],
        responses={200: SecretSerializer, **problems(403, 404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        return Response(SecretSerializer(webhook_for(request, webhook_id)).data)

    @extend_schema(
        operation_id="webhooks_change",
        summary="Change a webhook",
        tags=["webhooks"],
        request=ChangedWebhookSerializer,
        responses={200: WebhookSerializer, **problems(400, 403, 404, 422)},
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        hook = webhook_for(request, webhook_id)
        changed = webhooks.change(hook=hook, **checked(ChangedWebhookSerializer, request))
        return Response(WebhookSerializer(changed).data)

    @extend_schema(
        operation_id="webhooks_delete",
        summary="Delete a webhook",
        tags=["webhooks"],
        request=None,
        responses={204: None, **problems(403, 404)},
    )
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        webhooks.remove(hook=webhook_for(request, webhook_id))
        return Response(status=204)


class WebhookTest(APIView):
    @extend_schema(
        operation_id="webhooks_test",
        summary="Send a test message to a webhook",
        description="Answers at once; see its deliveries for what came of it.",
        tags=["webhooks"],
        request=None,
        responses={202: DeliverySerializer, **problems(403, 404)},
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        sent = webhooks.test(hook=webhook_for(request, webhook_id))
        return Response(DeliverySerializer(sent).data, 202)


class Deliveries(APIView):
    @extend_schema(
        operation_id="webhooks_deliveries",
        summary="List what was sent to a webhook",
        tags=["webhooks"],
        responses={200: DeliverySerializer(many=True), **problems(403, 404)},
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        return paged(self, deliveries_of(webhook_for(request, webhook_id)), DeliverySerializer)


def _workspace(request: Request, slug: str | None) -> Workspace:
    if slug:
        return workspace_for(request, slug, Action.CONNECT)
    first = workspaces(request).first()
    if first is None:
        raise serializers.ValidationError({"workspace": "You are in no workspace."})
    return require(request, first, Action.CONNECT)
