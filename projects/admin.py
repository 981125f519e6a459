"""Projects as operators see them: whose they are and what they hold, never the texts in them."""

from django.contrib import admin

from projects.models import Project


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("name", "task", "workspace", "created_at")
    list_filter = ("task",)
    search_fields = ("name", "workspace__name", "id")
    list_select_related = ("workspace",)
    readonly_fields = ("id", "workspace", "task", "created_by", "created_at")
