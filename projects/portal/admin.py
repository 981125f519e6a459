"""What operators steer with, in the admin; each change goes through the services, so that it is written down."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from projects.people import user_of
from projects.portal import sharing, steering
from projects.portal.models import (
    Announcement,
    Count,
    Demo,
    Flag,
    Impersonation,
    Price,
    Referral,
    Share,
    SwitchRow,
)
from web.readonly import ReadOnly, never
from web.switches import SWITCHES


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin):
    list_display = ("__str__", "level", "begins_at", "ends_at", "dismissible", "shown")
    list_filter = ("level", "begins_at")
    search_fields = ("text_en", "text_zh")
    fields = ("text_en", "text_zh", "level", "begins_at", "ends_at", "dismissible")

    @admin.display(description=_("shown now"), boolean=True)
    def shown(self, row: Announcement) -> bool:
        now = timezone.now()
        return row.begins_at <= now and (row.ends_at is None or row.ends_at > now)


@admin.register(SwitchRow)
class SwitchAdmin(admin.ModelAdmin):
    """The switches that the code knows; none is added or taken away by hand."""

    has_add_permission = has_delete_permission = never
    list_display = ("__str__", "on", "about", "changed_at", "changed_by")
    list_filter = ("on",)
    list_select_related = ("changed_by",)
    fields = ("about", "on", "message_en", "message_zh", "changed_at", "changed_by")
    readonly_fields = ("about", "changed_at", "changed_by")

    @admin.display(description=_("what it does"))
    def about(self, row: SwitchRow) -> str:
        known = SWITCHES.get(row.name)
        return str(known.help) if known else ""

    def save_model(
        self, request: HttpRequest, obj: SwitchRow, form: ModelForm, change: bool
    ) -> None:
        said = {"message_en": obj.message_en, "message_zh": obj.message_zh}
        steering.switch(name=obj.name, on=obj.on, user=user_of(request), **said)


@admin.register(Flag)
class FlagAdmin(admin.ModelAdmin):
    """A flag is made and lifted, never changed: the trail shall hold."""

    has_delete_permission = never
    list_display = ("workspace", "kind", "reason", "made_at", "made_by", "lifted_at", "lifted_by")
    list_filter = ("kind", ("lifted_at", admin.EmptyFieldListFilter), "made_at")
    list_select_related = ("workspace", "made_by", "lifted_by")
    search_fields = ("workspace__name", "workspace__slug", "reason")
    autocomplete_fields = ("workspace",)
    fields = ("workspace", "kind", "reason")
    actions = ("lift",)

    def has_change_permission(self, request: HttpRequest, obj: Flag | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Flag, form: ModelForm, change: bool) -> None:
        given: dict[str, Any] = {"workspace": obj.workspace, "kind": obj.kind, "reason": obj.reason}
        obj.pk = steering.flag(user=user_of(request), **given).pk

    @admin.action(description=_("Lift"), permissions=["change"])
    def lift(self, request: HttpRequest, flags: QuerySet[Flag]) -> None:
        found = flags.select_related("workspace")
        count = sum(steering.lift(flag=flag, user=user_of(request)) for flag in found)
        text = ngettext("%(count)d flag lifted.", "%(count)d flags lifted.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Impersonation)
class ImpersonationAdmin(ReadOnly, admin.ModelAdmin):
    """Begun on the page of a person; here it is read."""

    list_display = ("operator", "user", "reason", "started_at", "ended_at", "how", "changes")
    list_filter = ("how", "started_at")
    list_select_related = ("operator", "user")
    search_fields = ("operator__email", "user__email", "reason")


@admin.register(Price)
class PriceAdmin(admin.ModelAdmin):
    list_display = ("device", "since", "per_hour", "currency")
    list_filter = ("device",)

    def save_model(self, request: HttpRequest, obj: Price, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        told = {"per_hour": obj.per_hour, "currency": obj.currency}
        audit.record(None, "price.changed", user=user_of(request), about=obj.device, **told)


@admin.register(Demo)
class DemoAdmin(admin.ModelAdmin):
    """The model on the landing page: one row."""

    list_display = ("run", "title_en", "title_zh")
    list_select_related = ("run__project",)
    autocomplete_fields = ("run",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Demo.objects.exists()


@admin.register(Share)
class ShareAdmin(ReadOnly, admin.ModelAdmin):
    """To look at, and to revoke what should not be public."""

    list_display = ("title", "run", "made_by", "made_at", "listed", "can_try", "revoked_at")
    list_filter = ("listed", "made_at", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("run__project", "made_by")
    search_fields = ("title", "text", "run__project__name", "made_by__email")
    exclude = ("examples", "facts", "token")
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """The rows themselves nobody changes."""
        return user_of(request).has_perm("portal.change_share")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, shares: QuerySet[Share]) -> None:
        found = shares.select_related("run__project__workspace")
        count = sum(sharing.revoke(share=one, user=user_of(request)) for one in found)
        text = ngettext("%(count)d page revoked.", "%(count)d pages revoked.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Referral)
class ReferralAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("code", "sent_by", "workspace", "at", "earned_at", "amount", "currency")
    list_filter = (("earned_at", admin.EmptyFieldListFilter), "at")
    list_select_related = ("code__workspace", "workspace")
    search_fields = ("code__code", "code__workspace__name", "workspace__name")

    @admin.display(description=_("sent by"))
    def sent_by(self, row: Referral) -> str:
        return str(row.code.workspace)


@admin.register(Count)
class CountAdmin(ReadOnly, admin.ModelAdmin):
    """Numbers a day; nobody is named."""

    list_display = ("day", "name", "count")
    list_filter = ("name",)
    date_hierarchy = "day"
