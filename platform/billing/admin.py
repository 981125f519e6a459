"""Plans and usage in the admin. The ledger can be read there, and nothing else."""

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import WorkspaceAdmin
from billing import services
from billing.models import Hold, LedgerEntry, Plan, Subscription


class SubscriptionInline(admin.StackedInline):
    model = Subscription
    verbose_name_plural = _("plan")
    can_delete = False
    readonly_fields = ("since",)


# accounts may not import billing, so that the plan is added to its page from here.
WorkspaceAdmin.inlines = (SubscriptionInline, *WorkspaceAdmin.inlines)


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    """An empty limit means unlimited. There is always one default plan: it is moved, never taken away."""

    list_display = (
        "name",
        "is_default",
        "max_projects",
        "max_rows",
        "max_storage_bytes",
        "max_concurrent_runs",
        "max_training_minutes",
        "share",
        "max_devices",
        "workspaces",
    )
    search_fields = ("name", "slug")
    actions = ("make_default",)
    fieldsets = (
        (None, {"fields": ("name", "slug", "is_default")}),
        (
            _("Limits"),
            {
                "description": _("An empty limit means unlimited."),
                "fields": (
                    "max_projects",
                    "max_rows",
                    "max_storage_bytes",
                    "max_concurrent_runs",
                    "max_training_minutes",
                    "max_run_minutes",
                    "max_run_memory_bytes",
                    "max_devices",
                    "keep_models_days",
                ),
            },
        ),
        (_("Priority"), {"fields": ("share",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return super().get_queryset(request).annotate(subscribers=Count("subscriptions"))

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        # The slug is the key: changing it would make a second plan.
        return ("slug", "is_default") if obj else ("is_default",)

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        return not (obj and obj.is_default) and super().has_delete_permission(request, obj)

    @admin.action(description=_("Make default for new workspaces"), permissions=["change"])
    def make_default(self, request: HttpRequest, plans: QuerySet[Plan]) -> None:
        if plans.count() != 1:
            self.message_user(request, _("Choose one plan."), messages.ERROR)
            return
        plan = plans.get()
        services.make_default(plan=plan)
        text = _("New workspaces get the plan “%(plan)s” now.") % {"plan": plan}
        self.message_user(request, text, messages.SUCCESS)

    @admin.display(description=_("workspaces"), ordering="subscribers")
    def workspaces(self, plan: Plan) -> int:
        return int(getattr(plan, "subscribers", 0))


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):
    list_display = ("workspace", "plan", "since")
    list_filter = ("plan",)
    list_editable = ("plan",)
    list_select_related = ("workspace", "plan")
    search_fields = ("workspace__name", "workspace__slug", "workspace__members__email")
    autocomplete_fields = ("workspace",)
    readonly_fields = ("since",)


@admin.register(LedgerEntry)
class LedgerAdmin(admin.ModelAdmin):
    """Written by the site alone."""

    list_display = ("at", "workspace", "meter", "amount", "run_id", "attempt", "note")
    list_filter = ("meter", "at")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "run_id", "project_id", "note")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LedgerEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LedgerEntry | None = None) -> bool:
        return False


@admin.register(Hold)
class HoldAdmin(admin.ModelAdmin):
    """To look at; a hold that was left behind can be given back by setting its time of release."""

    list_display = ("run_id", "workspace", "made_at", "released_at")
    list_filter = ("made_at", ("released_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "run_id", "project_id")
    readonly_fields = ("workspace", "run_id", "project_id", "made_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
