"""Runs in the admin: to look at, to cancel and to put back. Only the services move a run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.access import user_of
from projects.runs import services
from projects.runs.models import Artifact, Run, Status
from web.errors import words
from web.readonly import ReadOnly

OURS = "internal"  # of runs that failed on our side, for no known cause


class CauseFilter(admin.SimpleListFilter):
    """By the code of the problem with which runs have failed."""

    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        failed = Run.objects.filter(status=Status.FAILED).order_by()
        codes = failed.values_list("problem__code").annotate(count=Count("pk")).order_by("-count")
        return [
            (code or OURS, words(code, {})["title"] if code else str(_("Failed on our side")))
            for code, _count in codes[:20]
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        if not self.value():
            return queryset
        failed = queryset.filter(status=Status.FAILED)
        ours = Q(problem__isnull=True) | Q(problem__code__isnull=True) | Q(problem__code="")
        return failed.filter(ours if self.value() == OURS else Q(problem__code=self.value()))


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "name",
        "workspace",
        "status",
        "cause",
        "cluster",
        "created_by",
        "created_at",
        "started_at",
        "ended_at",
        "inspect",
    )
    list_filter = ("status", CauseFilter, "cluster", "created_at", "started_at", "ended_at")
    list_select_related = ("project__workspace", "created_by")
    search_fields = ("id", "project__name", "project__workspace__name", "created_by__email")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    actions = ("cancel", "requeue")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).defer("report", "estimate", "data_state")

    @admin.display(description=_("run"), ordering="project__name")
    def name(self, run: Run) -> str:
        return str(run)

    @admin.display(description=_("workspace"), ordering="project__workspace__name")
    def workspace(self, run: Run) -> str:
        return run.project.workspace.name

    @admin.display(description=_("cause"))
    def cause(self, run: Run) -> str:
        if run.status != Status.FAILED:
            return ""
        found = run.problem or {}
        return str(found.get("code") or found.get("incident") or OURS)

    @admin.display(description=_("inspect"))
    def inspect(self, run: Run) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("panel-run", args=[run.pk]), _("Inspect"))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Of what is done with runs; the rows themselves only the services change."""
        return user_of(request).has_perm("runs.change_run")

    @admin.action(description=_("Cancel"), permissions=["operate"])
    def cancel(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        """Each is in the trail by the service."""
        ended = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
        operator = user_of(request)
        found = _named(runs.exclude(status__in=ended))
        stopped = [services.request_stop(run=run, user=operator).status for run in found]
        self._tell(request, len([s for s in stopped if s in (Status.STOPPING, Status.CANCELLED)]))

    @admin.action(description=_("Put back into the queue"), permissions=["operate"])
    def requeue(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        """Away from the worker that has it, which then finds that it is another one's."""
        held, operator = (Status.STARTING, Status.RUNNING), user_of(request)
        count = 0
        for run in _named(runs.filter(status__in=held)):
            if services.give_back(run.pk, attempt=run.attempt, reason="operator"):
                count += 1
                audit.record(run.project.workspace, "run.requeued", user=operator, about=str(run))
        self._tell(request, count)

    def _tell(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)d run.", "%(count)d runs.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)


def _named(runs: QuerySet[Run]) -> QuerySet[Run]:
    return runs.select_related("project__workspace")


@admin.register(Artifact)
class ArtifactAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "run", "size", "created_at", "stored_at", "removed_at")
    list_filter = ("created_at", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("run__project",)
    search_fields = ("run__id", "run__project__name", "sha256")
