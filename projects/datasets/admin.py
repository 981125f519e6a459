"""Uploads, imports and versions as operators see them: figures and states, never texts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.datasets.models import DatasetVersion, HealthReport, Import, PartialUpload, Upload


class ReadOnly:
    """What was uploaded and made of it is the users'; operators only look."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Upload)
class UploadAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "project", "size", "created_at")
    list_select_related = ("project",)
    search_fields = ("id", "sha256", "project__name")


@admin.register(PartialUpload)
class PartialUploadAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "project", "size", "created_at", "expires_at", "ended_at")
    list_select_related = ("project",)
    exclude = ("metadata", "location", "problem")


@admin.register(Import)
class ImportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "project", "status", "attempt", "created_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("project",)
    exclude = ("findings",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("project", "number", "rows", "gate", "size", "created_at")
    list_filter = ("gate",)
    list_select_related = ("project",)
    exclude = ("findings", "labels")


@admin.register(HealthReport)
class HealthReportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("version", "base", "status", "attempt", "created_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("version__project",)
    exclude = ("findings", "stats", "ignored")
