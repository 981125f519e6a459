"""Invoices, coupons and tax in the admin. What was issued is read there; what happens to it are actions."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import user_of
from billing.invoices import issuing
from billing.invoices.models import (
    BillingDetails,
    Coupon,
    CreditEntry,
    Invoice,
    InvoiceLine,
    Payment,
    Seller,
    TaxRate,
)
from billing.money import format_money
from training.problems import Problem
from web.errors import words
from web.readonly import ReadOnly


class Lines(ReadOnly, admin.TabularInline):
    model = InvoiceLine
    extra = 0


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "workspace", "kind", "status", "amount", "issued_at", "due_at")
    list_filter = ("status", "kind", "provider", "issued_at")
    list_select_related = ("workspace",)
    search_fields = ("number", "workspace__name", "workspace__slug", "checkout_ref")
    date_hierarchy = "issued_at"
    inlines = (Lines,)
    actions = ("mark_paid", "make_void", "give_up")

    @admin.display(description=gettext_lazy("total"), ordering="total")
    def amount(self, invoice: Invoice) -> str:
        return format_money(invoice.total, invoice.currency)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whoever may change invoices by the permissions of Django."""
        return bool(request.user.has_perm("billing.change_invoice"))

    @admin.action(description=gettext_lazy("Mark as paid"), permissions=["act"])
    def mark_paid(self, request: HttpRequest, found: QuerySet[Invoice]) -> None:
        """All that is due of each, by hand. Twice is harmless: the key is that of the invoice."""
        self._each(request, found, lambda invoice: issuing.pay(
            invoice, provider="manual", key=f"manual:{invoice.pk}", user=user_of(request)
        ))  # fmt: skip

    @admin.action(description=gettext_lazy("Make void"), permissions=["act"])
    def make_void(self, request: HttpRequest, found: QuerySet[Invoice]) -> None:
        self._each(request, found, lambda invoice: issuing.void(invoice, user=user_of(request)))

    @admin.action(description=gettext_lazy("Give up, nobody will pay"), permissions=["act"])
    def give_up(self, request: HttpRequest, found: QuerySet[Invoice]) -> None:
        self._each(request, found, lambda invoice: issuing.give_up(invoice, user=user_of(request)))

    def _each(
        self, request: HttpRequest, found: QuerySet[Invoice], act: Callable[[Invoice], Invoice]
    ) -> None:
        for invoice in found:
            try:
                status = act(invoice).get_status_display()
            except Problem as problem:
                told = words(problem.code, problem.values)
                self.message_user(request, f"{invoice}: {told['title']}", messages.ERROR)
            else:
                said = _("%(number)s is %(status)s.") % {"number": invoice, "status": status}
                self.message_user(request, said, messages.SUCCESS)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("invoice", "amount", "provider", "reference", "at")
    list_filter = ("provider", "at")
    list_select_related = ("invoice",)
    search_fields = ("invoice__number", "reference")


@admin.register(CreditEntry)
class CreditAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "workspace", "amount", "currency", "reason")
    list_filter = ("currency", "at")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "reason")


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    list_display = ("code", "percent", "amount", "currency", "duration", "used", "most", "active")
    list_filter = ("active", "duration")
    search_fields = ("code", "note")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Coupon | None = None
    ) -> tuple[str, ...]:
        """What was promised to those who entered it stays as it is."""
        terms = ("code", "percent", "amount", "currency", "duration", "months", "families")
        return ("used", *terms) if obj and obj.used else ("used",)

    def has_delete_permission(self, request: HttpRequest, obj: Coupon | None = None) -> bool:
        return not (obj and obj.used) and super().has_delete_permission(request, obj)


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "percent", "reverse_charge")


@admin.register(Seller)
class SellerAdmin(admin.ModelAdmin):
    """One row: it is changed, never added a second time."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Seller.objects.exists() and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Seller | None = None) -> bool:
        return False


@admin.register(BillingDetails)
class DetailsAdmin(admin.ModelAdmin):
    list_display = ("workspace", "name", "country", "tax_id")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "name", "tax_id")
    autocomplete_fields = ("workspace",)
