"""Coupons, credits, tax and the seller in the admin. Invoices have a module of their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import audit
from billing import credits
from billing.invoice_admin import OnceForm
from billing.invoices.models import (
    BillingDetails,
    Coupon,
    CreditEntry,
    Redemption,
    Seller,
    TaxRate,
)
from billing.money import format_money
from billing.payment.models import ProviderEvent
from web.readonly import ReadOnly, never


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

    def save_model(self, request: HttpRequest, obj: Coupon, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = ", ".join(form.changed_data)
        audit.record(None, "coupon.saved", request=request, about=obj.code, fields=changed)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not (obj and obj.used) and super().has_delete_permission(request, obj)


class CreditForm(OnceForm, forms.ModelForm):
    amount = forms.IntegerField(
        label=_("amount in minor units"), min_value=1, help_text=_("500 are 5.00.")
    )


@admin.register(CreditEntry)
class CreditAdmin(admin.ModelAdmin):
    """Credits are given here; what was given or used stays."""

    list_display = ("at", "workspace", "shown", "reason", "invoice")
    list_select_related = ("workspace", "invoice")
    search_fields = ("workspace__name", "workspace__slug", "reason")
    date_hierarchy = "at"
    form = CreditForm
    fields = ("workspace", "currency", "amount", "reason", "key")
    autocomplete_fields = ("workspace",)

    @admin.display(description=_("amount"), ordering="amount")
    def shown(self, entry: CreditEntry) -> str:
        return format_money(entry.amount, entry.currency)

    def save_model(self, request: HttpRequest, obj: CreditEntry, form: Any, change: bool) -> None:
        key = f"hand:{form.cleaned_data['key']}"
        again = CreditEntry.objects.filter(key=key).exists()
        made = credits.grant(obj.workspace, obj.amount, obj.currency.upper(), obj.reason, key)
        obj.pk = made.pk
        if again:
            return
        said = {"amount": obj.amount, "currency": obj.currency}
        audit.record(obj.workspace, "credit.granted", request=request, about=obj.reason, **said)

    has_change_permission = never

    has_delete_permission = never


@admin.register(Seller)
class SellerAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Seller.objects.exists() and super().has_add_permission(request)

    has_delete_permission = never


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    list_display = ("country", "percent", "reverse_charge")


@admin.register(BillingDetails)
class DetailsAdmin(admin.ModelAdmin):
    list_display = ("workspace", "name", "country", "tax_id", "exempt")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "workspace__slug", "name", "tax_id")
    autocomplete_fields = ("workspace",)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "workspace", "coupon", "ends_at", "ended_at")
    list_select_related = ("workspace", "coupon")
    search_fields = ("workspace__name", "workspace__slug", "coupon__code")


@admin.register(ProviderEvent)
class ProviderEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("received_at", "kind", "about", "outcome", "happened_at")
    list_filter = ("outcome", "kind")
    search_fields = ("id", "about")
