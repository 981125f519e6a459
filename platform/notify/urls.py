"""URLs of a person's notifications and of a workspace's webhooks."""

from django.urls import path

from notify import views
from notify import webhook_views as hooks

HOOK = "w/<slug:slug>/webhooks/<uuid:webhook_id>/"

urlpatterns = [
    path("notifications/", views.notices, name="notices"),
    path("notifications/new.json", views.notices_new, name="notices-new"),
    path("notifications/read/", views.notices_read, name="notices-read"),
    path("notifications/settings/", views.notices_settings, name="notices-settings"),
    path("notifications/off/<str:token>/", views.notices_off, name="notices-off"),
    path("notifications/<uuid:notice_id>/open/", views.notice_open, name="notice-open"),
    path("w/<slug:slug>/webhooks/", hooks.webhook_list, name="webhooks"),
    path(HOOK, hooks.webhook, name="webhook"),
    path(f"{HOOK}log/", hooks.webhook_log, name="webhook-log"),
    path(f"{HOOK}test/", hooks.webhook_test, name="webhook-test"),
    path(f"{HOOK}switch/", hooks.webhook_switch, name="webhook-switch"),
    path(f"{HOOK}secret/", hooks.webhook_secret, name="webhook-secret"),
    path(f"{HOOK}delete/", hooks.webhook_delete, name="webhook-delete"),
    path(f"{HOOK}<uuid:delivery_id>/again/", hooks.webhook_again, name="webhook-again"),
]
