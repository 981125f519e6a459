"""Notifications in the admin: to look at what was sent and what came of it. Secrets are not shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from notify.models import Delivery, News, Webhook


def never(admin: Any, request: HttpRequest, *args: Any) -> bool:
    return False


@admin.register(News)
class NewsAdmin(admin.ModelAdmin):
    has_add_permission = has_change_permission = has_delete_permission = never  # type: ignore[assignment]
    list_display = ("at", "kind", "workspace", "key", "spread_at")
    list_filter = ("kind", "at")
    list_select_related = ("workspace",)
    search_fields = ("key", "workspace__name", "workspace__slug")


@admin.register(Webhook)
class WebhookAdmin(admin.ModelAdmin):
    """Can be switched off here; addresses are written by the workspace's owners."""

    has_add_permission = never
    list_display = ("url", "workspace", "active", "failures", "created_at")
    list_filter = ("active",)
    list_select_related = ("workspace",)
    search_fields = ("url", "workspace__name", "workspace__slug")
    fields = ("url", "workspace", "topics", "active", "failures", "created_by", "created_at")
    readonly_fields = ("url", "workspace", "topics", "failures", "created_by", "created_at")


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    has_add_permission = has_change_permission = has_delete_permission = never  # type: ignore[assignment]
    list_display = ("created_at", "news", "webhook", "user", "state", "attempts", "status", "said")
    list_filter = ("state", "created_at")
    list_select_related = ("news", "webhook", "user")
    search_fields = ("news__key", "webhook__url", "user__email")
