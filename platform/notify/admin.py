"""Notifications in the admin: to look at what was sent and what came of it. Secrets are not shown."""

from __future__ import annotations

from django.contrib import admin

from notify.models import Delivery, News, Webhook
from web.readonly import ReadOnly, never


@admin.register(News)
class NewsAdmin(ReadOnly, admin.ModelAdmin):
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
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("created_at", "news", "webhook", "user", "state", "attempts", "status", "said")
    list_filter = ("state", "created_at")
    list_select_related = ("news", "webhook", "user")
    search_fields = ("news__key", "webhook__url", "user__email")
