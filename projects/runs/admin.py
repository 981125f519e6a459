"""Runs in the admin: to look at, not to change. Only the services move a run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.runs.models import Artifact, Run


def never(admin: Any, request: HttpRequest, *args: Any) -> bool:
    return False


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):
    has_add_permission = has_change_permission = has_delete_permission = never  # type: ignore[assignment]
    list_display = (
        "id",
        "project",
        "number",
        "status",
        "stage",
        "attempt",
        "created_at",
        "ended_at",
    )
    list_filter = ("status",)
    list_select_related = ("project",)
    search_fields = ("id", "project__name")
    ordering = ("-created_at",)


@admin.register(Artifact)
class ArtifactAdmin(admin.ModelAdmin):
    has_add_permission = has_change_permission = has_delete_permission = never  # type: ignore[assignment]
    list_display = ("id", "run", "size", "sha256", "created_at")
    list_select_related = ("run__project",)
    search_fields = ("run__id", "sha256")
