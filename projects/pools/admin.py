"""Pools as operators see them: figures and states, never texts."""

from django.contrib import admin

from projects.datasets.admin import ReadOnly
from projects.pools.models import Pool, Round


@admin.register(Pool)
class PoolAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "project", "status", "rows", "copies", "created_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("project",)
    fields = ("id", "project", "status", "rows", "copies", "empty", "faulty", "problem")


@admin.register(Round)
class RoundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "pool", "run", "status", "attempt", "created_at", "ended_at")
    list_filter = ("status",)
    list_select_related = ("pool", "run__project")
    fields = ("id", "pool", "run", "status", "attempt", "problem")
