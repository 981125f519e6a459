"""People in the admin. Secrets are never shown: of a token only its first characters are stored."""

from collections.abc import Sequence
from typing import ClassVar

from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import domains
from accounts.access import user_of
from accounts.models import ApiToken, AuditEntry, MailDomain, Member, User, Workspace
from web.readonly import ReadOnly

admin.site.unregister(Group)  # roles are of workspaces, not of groups


TO_GRANT = ("is_staff", "is_superuser", "user_permissions")  # by superusers alone


class MemberInline(admin.TabularInline):
    model = Member
    extra = 0
    autocomplete_fields = ("user",)


class MembershipInline(admin.TabularInline):
    model = Member
    extra = 0
    autocomplete_fields = ("workspace",)


class UserCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email",)
        field_classes: ClassVar[dict[str, type]] = {}


@admin.register(User)
class UserAdmin(StockUserAdmin):
    add_form = UserCreationForm
    ordering = ("email",)
    list_display = ("email", "full_name", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "date_joined")
    search_fields = ("email", "first_name", "last_name")
    readonly_fields = ("date_joined", "last_login")
    filter_horizontal = ("user_permissions",)
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name")}),
        (_("Access"), {"fields": ("is_active", *TO_GRANT)}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody grants what they may not do themselves."""
        own = () if user_of(request).is_superuser else TO_GRANT
        return (*self.readonly_fields, *own)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[type]:
        """Not while a user is added: the personal workspace comes by itself."""
        return [MembershipInline] if obj else []

    @admin.display(description=_("name"), ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "plan", "member_count", "created_at")
    list_filter = ("subscription__plan", "created_at")
    list_select_related = ("subscription__plan",)
    search_fields = ("name", "slug", "members__email")
    prepopulated_fields: ClassVar[dict[str, Sequence[str]]] = {"slug": ("name",)}
    readonly_fields = ("created_at",)
    inlines: ClassVar[tuple[type[InlineModelAdmin], ...]] = (MemberInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        return super().get_queryset(request).annotate(people=Count("memberships", distinct=True))

    @admin.display(description=_("plan"), ordering="subscription__plan")
    def plan(self, workspace: Workspace) -> str:
        subscription = getattr(workspace, "subscription", None)
        return str(subscription.plan) if subscription else "–"

    @admin.display(description=_("members"), ordering="people")
    def member_count(self, workspace: Workspace) -> int:
        return int(getattr(workspace, "people", 0))


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """To look at and to revoke; tokens are made on the workspace's own page."""

    list_display = (
        "name",
        "prefix",
        "workspace",
        "created_by",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("created_at", "revoked_at")
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "prefix", "workspace__name", "workspace__slug", "created_by__email")
    fields = (*list_display,)
    readonly_fields = tuple(
        name for name in list_display if name not in ("expires_at", "revoked_at")
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(MailDomain)
class MailDomainAdmin(admin.ModelAdmin):
    """Claims wait here for somebody who knows whose the domain is."""

    list_display = ("domain", "workspace", "role", "sign_on", "claimed_by", "confirmed_at")
    list_filter = ("sign_on", ("confirmed_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace", "claimed_by")
    search_fields = ("domain", "workspace__name", "workspace__slug")
    autocomplete_fields = ("workspace",)
    readonly_fields = ("claimed_by", "claimed_at")
    actions = ("confirm",)

    @admin.action(description=_("Confirm the chosen domains"))
    def confirm(self, request: HttpRequest, rows: QuerySet[MailDomain]) -> None:
        for domain in rows:
            domains.confirm(domain=domain, by=user_of(request))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, admin.ModelAdmin):
    """To look at: nobody adds, changes or deletes here."""

    list_display = ("at", "who", "via", "verb", "about", "workspace", "address")
    list_filter = ("at",)
    list_select_related = ("workspace",)
    search_fields = ("who", "verb", "about", "workspace__slug", "address")
    show_full_result_count = False
