"""Plans and usage in the admin. The ledger can be read there, and nothing else."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.access import user_of
from accounts.admin import WorkspaceAdmin
from billing import (
    bill_admin,  # noqa: F401  (registers itself)
    overriding,
    services,
    trials,
    versions,
)
from billing.limits import FEATURES, LIMITS, METERED
from billing.models import Balance, Hold, LedgerEntry, Override, Plan, Subscription
from billing.money import format_money
from training.problems import Problem
from web.readonly import ReadOnly

# Moved by the services of subscriptions alone.
PAID_FOR = (
    "status", "interval", "period_start", "period_end", "cancel_at_period_end", "next_plan",
    "next_interval", "late_since", "grace_ends", "provider", "provider_ref", "provider_method",
)  # fmt: skip


class SubscriptionInline(admin.StackedInline):
    model = Subscription
    verbose_name_plural = _("plan")
    can_delete = False
    readonly_fields = ("since", "trial_plan", "trial_ends_at", *PAID_FOR)


# accounts may not import billing, so that the plan is added to its page from here.
WorkspaceAdmin.inlines = (SubscriptionInline, *WorkspaceAdmin.inlines)


class PlanForm(forms.ModelForm):
    """Limits and features come from their tables, words and all."""

    features = forms.MultipleChoiceField(
        choices=[(name, one.label) for name, one in FEATURES.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label=_("Features"),
    )

    class Meta:
        model = Plan
        fields = (
            "name", "slug", "family", "version", "description", "public", "position", "currency",
            "price_monthly", "price_yearly", "features", "bases", *(limit.field for limit in LIMITS.values()),
            *(one.price for one in METERED.values()),
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for limit in LIMITS.values():
            if limit.field in self.fields:
                self.fields[limit.field].label = limit.label
                self.fields[limit.field].help_text = limit.help

    def clean_features(self) -> list[str]:
        """In the order of the table, so that the same choice is the same value."""
        chosen = set(self.cleaned_data["features"])
        return [name for name in FEATURES if name in chosen]


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    """An empty limit means unlimited. There is always one default plan: it is moved, never taken away."""

    form = PlanForm
    list_display = ("label", "version", "public", "is_default", "monthly", "yearly", "workspaces")
    list_filter = ("public", ("retired_at", admin.EmptyFieldListFilter), "family")
    search_fields = ("name", "slug", "family")
    actions = ("make_default", "move_subscribers", "retire")
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", "public", "position", "is_default")}),
        (_("Version"), {"fields": ("family", "version", "used_at", "retired_at")}),
        (_("Price"), {"fields": ("currency", "price_monthly", "price_yearly")}),
        (
            _("Limits"),
            {
                "description": _("An empty limit means unlimited."),
                "fields": tuple(limit.field for limit in LIMITS.values()),
            },
        ),
        (_("Features"), {"fields": ("features", "bases")}),
        (_("Beyond the limits"), {"fields": tuple(one.price for one in METERED.values())}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return super().get_queryset(request).annotate(subscribers=Count("subscriptions"))

    def get_readonly_fields(self, request: HttpRequest, obj: Plan | None = None) -> tuple[str, ...]:
        # The slug is the key: changing it would make a second plan.
        known = ("slug", "family", "used_at") if obj else ("used_at",)
        return (*known, "is_default", "version", "retired_at")

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        """Of a plan in use, the edited terms are the next version."""
        written = versions.save(obj)
        if written.pk != obj.pk:
            request.__dict__["next_version"] = written
        audit.record(None, "plan.edited", request=request, about=str(written), plan=written.pk)

    def response_change(self, request: HttpRequest, obj: Plan) -> HttpResponse:
        made = request.__dict__.get("next_version")
        if made is None:
            return super().response_change(request, obj)
        text = _(
            "The plan “%(plan)s” is in use and stays as it was. Version %(version)s was made of it, for those who take "
            "it from now on. “Move subscribers to the newest version” puts the others on it."
        )
        self.message_user(request, text % {"plan": obj.name, "version": made.version})
        return HttpResponseRedirect(reverse("admin:billing_plan_change", args=[made.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        kept = obj is not None and (obj.is_default or obj.used_at is not None)
        return not kept and super().has_delete_permission(request, obj)

    @admin.action(description=_("Make default for new workspaces"), permissions=["change"])
    def make_default(self, request: HttpRequest, plans: QuerySet[Plan]) -> None:
        if plans.count() != 1:
            self.message_user(request, _("Choose one plan."), messages.ERROR)
            return
        plan = plans.get()
        services.make_default(plan=plan)
        audit.record(None, "plan.default", request=request, about=str(plan))
        text = _("New workspaces get the plan “%(plan)s” now.") % {"plan": plan}
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Move subscribers to the newest version"), permissions=["change"])
    def move_subscribers(self, request: HttpRequest, plans: QuerySet[Plan]) -> None:
        families = set(plans.values_list("family", flat=True))
        count = sum(map(versions.move_subscribers, sorted(families)))
        text = ngettext("%(count)d workspace was moved.", "%(count)d workspaces were moved.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("No longer offer"), permissions=["change"])
    def retire(self, request: HttpRequest, plans: QuerySet[Plan]) -> None:
        plans.filter(is_default=False).update(public=False)
        names = ", ".join(map(str, plans))
        audit.record(None, "plan.retired", request=request, about=names)

    @admin.display(description=_("plan"), ordering="position")
    def label(self, plan: Plan) -> str:
        return str(plan)

    @admin.display(description=_("a month"))
    def monthly(self, plan: Plan) -> str:
        return _money(plan, plan.price_monthly)

    @admin.display(description=_("a year"))
    def yearly(self, plan: Plan) -> str:
        return _money(plan, plan.price_yearly)

    @admin.display(description=_("workspaces"), ordering="subscribers")
    def workspaces(self, plan: Plan) -> int:
        return int(getattr(plan, "subscribers", 0))


def _money(plan: Plan, amount: int | None) -> str:
    return "–" if amount is None else format_money(amount, plan.currency)


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):
    list_display = (
        "workspace", "plan", "status", "period_end", "trial_plan", "trial_ends_at", "concession", "since",
    )  # fmt: skip
    list_filter = ("plan", "status", "concession", ("trial_plan", admin.EmptyFieldListFilter))
    list_editable = ("plan",)
    list_select_related = ("workspace", "plan", "trial_plan")
    search_fields = ("workspace__name", "workspace__slug", "workspace__members__email")
    autocomplete_fields = ("workspace",)
    readonly_fields = ("since", *PAID_FOR)
    actions = ("try_largest",)

    def save_model(self, request: HttpRequest, obj: Subscription, form: Any, change: bool) -> None:
        """A plan that is given by hand is in use like any other, and the trail says who gave it."""
        super().save_model(request, obj, form, change)
        services.mark_used(obj.plan)
        if obj.trial_plan:
            services.mark_used(obj.trial_plan)
        changed = ", ".join(form.changed_data)
        audit.record(
            obj.workspace, "plan.changed", request=request, about=str(obj.plan), fields=changed
        )

    @admin.action(description=_("Let try the plan Team for 14 days"), permissions=["change"])
    def try_largest(self, request: HttpRequest, rows: QuerySet[Subscription]) -> None:
        plan, given = versions.newest("team"), 0
        for one in rows.select_related("workspace"):
            try:
                trials.start(workspace=one.workspace, plan=plan, days=14, again=True)
                given += 1
            except Problem as problem:
                self.message_user(request, f"{one.workspace}: {problem}", messages.ERROR)
        text = ngettext("%(count)d trial has begun.", "%(count)d trials have begun.", given)
        self.message_user(request, text % {"count": given})


class OverrideForm(forms.ModelForm):
    name = forms.ChoiceField(label=_("Limit or feature"))

    class Meta:
        model = Override
        fields = ("workspace", "name", "value", "reason", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].choices = [  # type: ignore[attr-defined]
                (name, f"{label} ({name})") for name, label in overriding.NAMES.items()
            ]


@admin.register(Override)
class OverrideAdmin(admin.ModelAdmin):
    form = OverrideForm
    list_display = ("workspace", "name", "value", "reason", "expires_at", "made_by")
    list_filter = ("name", ("expires_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "made_by")
    search_fields = ("workspace__name", "workspace__slug", "reason")
    autocomplete_fields = ("workspace",)

    def save_model(self, request: HttpRequest, obj: Override, form: Any, change: bool) -> None:
        obj.made_by = user_of(request)
        super().save_model(request, obj, form, change)
        audit.record(
            obj.workspace, "plan.override", request=request, about=obj.name, value=obj.value,
            reason=obj.reason, until=str(obj.expires_at or ""),
        )  # fmt: skip

    def delete_model(self, request: HttpRequest, obj: Override) -> None:
        overriding.lift(override=obj, user=user_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Override]) -> None:
        for one in queryset.select_related("workspace"):
            overriding.lift(override=one, user=user_of(request))


@admin.register(LedgerEntry)
class LedgerAdmin(ReadOnly, admin.ModelAdmin):
    """Written by the site alone."""

    list_display = (
        "at", "workspace", "meter", "kind", "amount", "beyond", "run_id", "attempt", "note",
    )  # fmt: skip
    list_filter = ("meter", "kind", "at")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "run_id", "project_id", "note")
    date_hierarchy = "at"


@admin.register(Balance)
class BalanceAdmin(ReadOnly, admin.ModelAdmin):
    """What the ledger adds up to; compared with it every night."""

    list_display = ("month", "workspace", "meter", "used", "beyond")
    list_filter = ("meter", "month")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug")
    ordering = ("-month",)


@admin.register(Hold)
class HoldAdmin(admin.ModelAdmin):
    """To look at; what was left behind is given back by the action."""

    list_display = ("run_id", "workspace", "meter", "seconds", "made_at", "released_at")
    list_filter = ("made_at", ("released_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "run_id", "project_id")
    readonly_fields = (
        "workspace", "run_id", "project_id", "meter", "seconds", "cost", "times", "made_at", "released_at",
    )  # fmt: skip
    actions = ("release",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        return False

    @admin.action(description=_("Give back what is held"), permissions=["change"])
    def release(self, request: HttpRequest, rows: QuerySet[Hold]) -> None:
        """For a hold whose run has gone; through the service, so that the ledger says so as well."""
        for one in rows:
            services.release(run_id=one.run_id)
            audit.record(one.workspace, "hold.released", request=request, about=str(one.run_id))
