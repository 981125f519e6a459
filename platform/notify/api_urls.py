"""The API of notifications and webhooks."""

from django.urls import path

from notify import api

HOOK = "webhooks/<uuid:webhook_id>/"

urlpatterns = [
    path("notifications/", api.NoticeList.as_view(), name="api-notices"),
    path("notifications/read/", api.NoticesRead.as_view(), name="api-notices-read"),
    path("webhooks/", api.WebhookList.as_view(), name="api-webhooks"),
    path(HOOK, api.WebhookDetail.as_view(), name="api-webhook"),
    path(f"{HOOK}test/", api.WebhookTest.as_view(), name="api-webhook-test"),
    path(f"{HOOK}deliveries/", api.Deliveries.as_view(), name="api-webhook-deliveries"),
]
