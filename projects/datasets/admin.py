"""Uploads, imports, versions and answers to rows as operators see them: figures and states, never texts."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from projects.datasets.drafts import OPEN
from projects.datasets.models import (
    DatasetVersion,
    HealthReport,
    Import,
    PartialUpload,
    RowClaim,
    RowEdit,
    Upload,
)
from web.readonly import ReadOnly


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


class Twice(admin.SimpleListFilter):
    """The answers over which agreement is measured."""

    title = _("answered by")
    parameter_name = "twice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Two people or more"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RowEdit]) -> QuerySet[RowEdit]:
        if self.value() != "yes":
            return queryset
        same = RowEdit.objects.filter(version=OuterRef("version"), row=OuterRef("row"))
        people = same.exclude(kind=RowEdit.Kind.SKIP).order_by().values("version", "row")
        several = people.annotate(people=Count("user", distinct=True)).filter(people__gt=1)
        return queryset.filter(Exists(several)).exclude(kind=RowEdit.Kind.SKIP)


class InDraft(admin.SimpleListFilter):
    title = _("draft")
    parameter_name = "draft"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("In the draft")), ("no", _("In a version"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[RowEdit]) -> QuerySet[RowEdit]:
        asked = {"yes": OPEN, "no": ~OPEN}.get(self.value() or "")
        return queryset.filter(asked) if asked is not None else queryset


@admin.register(RowEdit)
class RowEditAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "version", "row", "kind", "user", "applied", "updated_at")
    list_filter = ("kind", InDraft, Twice)
    list_select_related = ("version", "user", "applied__train")
    search_fields = ("id", "version__id", "version__project__name", "user__email")
    ordering = ("-updated_at",)
    exclude = ("values",)


@admin.register(RowClaim)
class RowClaimAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("version", "row", "user", "until")
    list_select_related = ("version", "user")
    search_fields = ("version__id", "version__project__name", "user__email")
    ordering = ("-until",)
