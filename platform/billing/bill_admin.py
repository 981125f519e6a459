"""Invoices, coupons and credits in the admin. Invoices are read there; what happens to them is for the services."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.access import user_of
from billing import credits
from billing import invoice_fields as shown
from billing.bill_views import as_pdf
from billing.invoices import export, issuing
from billing.invoices import words as invoice_words
from billing.invoices.models import (
    BillingDetails,
    Coupon,
    CreditEntry,
    Invoice,
    InvoiceLine,
    Payment,
    Redemption,
    Seller,
    TaxRate,
)
from billing.invoices.selectors import due
from billing.money import format_money, format_price, major, minor
from billing.payment import collecting
from billing.payment.models import ProviderEvent
from training.problems import Problem
from web.errors import words
from web.readonly import ReadOnly, never


class LineInline(ReadOnly, admin.TabularInline):
    model = InvoiceLine
    extra = 0
    fields = readonly_fields = ("title", "number", "price", "sum")

    @admin.display(description=_("Description"))
    def title(self, line: InvoiceLine) -> str:
        return invoice_words.title(line.kind, line.values)

    @admin.display(description=_("Quantity"))
    def number(self, line: InvoiceLine) -> str:
        return invoice_words.number(line.quantity)

    @admin.display(description=_("Price"))
    def price(self, line: InvoiceLine) -> str:
        return format_price(line.unit_price, line.invoice.currency)

    @admin.display(description=_("Amount"))
    def sum(self, line: InvoiceLine) -> str:
        return format_money(line.amount, line.invoice.currency)


class PaymentInline(ReadOnly, admin.TabularInline):
    model = Payment
    extra = 0
    fields = readonly_fields = ("day", "sum", "provider", "reference")

    @admin.display(description=_("Date"))
    def day(self, payment: Payment) -> str:
        return shown.written(payment.at)

    @admin.display(description=_("Amount"))
    def sum(self, payment: Payment) -> str:
        return format_money(payment.amount, payment.invoice.currency)


class OnceForm(forms.Form):
    """Sent twice, by a double click or after an answer that was lost, it acts once."""

    key = forms.UUIDField(widget=forms.HiddenInput)


class PayForm(OnceForm):
    """Money that came by hand."""

    amount = forms.DecimalField(label=_("Amount"), min_value=Decimal("0.001"))
    reference = forms.CharField(
        label=_("Reference"), max_length=120, help_text=_("Such as the text of the transfer.")
    )


class RefundForm(OnceForm):
    amount = forms.DecimalField(label=_("Amount, with tax"), min_value=Decimal("0.001"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("Stands on the credit note.")
    )
    to_credits = forms.BooleanField(
        label=_("As credits, not as money"),
        required=False,
        help_text=_(
            "Credits pay for the next invoices. Money goes back as it came; after a transfer you send it yourself."
        ),
    )


class VoidForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


# What an operator does to one invoice: its form, and the words of its page.
ACTS: dict[str, tuple[type[forms.Form], Any]] = {
    "pay": (PayForm, _("Record a payment")),
    "refund": (RefundForm, _("Send money back")),
    "void": (VoidForm, _("Make void")),
}


SUMS = (shown.NET, shown.TAX, "amount", shown.CREDIT, "left")


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "number", "workspace", "kind", "status", "amount", "left", shown.ISSUED, shown.DUE, "provider",
    )  # fmt: skip
    list_filter = (
        "status", "kind", ("provider", shown.named(_("payment by"))),
        ("currency", shown.named(_("currency"))), "issued_at",
    )  # fmt: skip
    list_select_related = ("workspace",)
    search_fields = (
        "number",
        "workspace__name",
        "workspace__slug",
        "customer",
        "payments__reference",
    )
    date_hierarchy = "issued_at"
    inlines = (LineInline, PaymentInline)
    fieldsets = (
        (None, {"fields": ("number", "workspace", "kind", "status", *shown.CLAIM)}),
        (_("Amounts"), {"fields": SUMS}),
        (_("Dates"), {"fields": ("issued_at", "due_at", *shown.TIMES)}),
        (_("Customer and seller"), {"fields": shown.PARTIES}),
        (_("Payment"), {"fields": shown.WAY}),
    )
    readonly_fields = (*shown.CLAIM, *SUMS, *shown.TIMES, *shown.PARTIES, *shown.WAY)
    actions = ("mark_paid", "give_up", "as_file")
    change_form_template = "admin/billing/invoice/change_form.html"

    @admin.display(description=_("total"), ordering="total")
    def amount(self, invoice: Invoice) -> str:
        return format_money(invoice.total, invoice.currency)

    @admin.display(description=_("to be paid"))
    def left(self, invoice: Invoice) -> str:
        left = due(invoice)
        return format_money(left, invoice.currency) if left else "–"

    @admin.action(description=_("Mark as paid in full"), permissions=["bill"])
    def mark_paid(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        """All that is due of each. Clicked twice it is booked once."""
        for invoice in invoices:
            self._do(request, invoice, "pay", {"reference": "", "key": invoice.pk})

    @admin.action(description=_("Give up: not collectible"), permissions=["bill"])
    def give_up(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> None:
        for invoice in invoices:
            self._do(request, invoice, "give_up", {})

    @admin.action(description=_("Download as CSV"))
    def as_file(self, request: HttpRequest, invoices: QuerySet[Invoice]) -> StreamingHttpResponse:
        rows = invoices.select_related("corrects").prefetch_related("payments")
        answer = StreamingHttpResponse(export.as_csv(rows), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="invoices.csv"'
        return answer

    def has_bill_permission(self, request: HttpRequest) -> bool:
        """To write what happens to invoices; the rows themselves nobody changes."""
        return request.user.has_perm("billing.change_invoice")

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("<path:pk>/pdf/", self.admin_site.admin_view(self.pdf), name="invoice-as-pdf"),
            path(
                "<path:pk>/act/<slug:act>/",
                self.admin_site.admin_view(self.act),
                name="invoice-act",
            ),
        ]
        return mine + super().get_urls()

    def pdf(self, request: HttpRequest, pk: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return as_pdf(get_object_or_404(Invoice, pk=pk))

    def act(self, request: HttpRequest, pk: str, act: str) -> HttpResponse:
        """One of ACTS, as a page with its form."""
        invoice = get_object_or_404(Invoice, pk=pk)
        if act not in ACTS or not self.has_bill_permission(request):
            return HttpResponse(status=403)
        kind, title = ACTS[act]
        left = issuing.refundable(invoice) if act == "refund" else due(invoice)
        asked: dict[str, Any] = {"key": uuid.uuid4()}
        asked |= {"amount": major(left, invoice.currency)} if left else {}
        form = kind(request.POST or None, initial=asked)
        if request.method == "POST" and form.is_valid():
            self._do(request, invoice, act, form.cleaned_data)
            return HttpResponseRedirect(reverse("admin:billing_invoice_change", args=[pk]))
        values = {"form": form, "invoice": invoice, "title": title, "opts": self.opts}
        values |= self.admin_site.each_context(request)
        return render(request, "admin/billing/invoice/act.html", values)

    def _do(self, request: HttpRequest, invoice: Invoice, act: str, given: dict[str, Any]) -> None:
        try:
            getattr(self, f"_{act}")(request, invoice, given)
        except Problem as problem:
            told = words(problem.code, problem.values)
            self.message_user(
                request, f"{invoice.number}: {told['title']}. {told['remedy']}", messages.ERROR
            )
        else:
            self.message_user(request, _("%s: done.") % invoice.number, messages.SUCCESS)

    def _pay(self, request: HttpRequest, invoice: Invoice, given: dict[str, Any]) -> None:
        amount = minor(given["amount"], invoice.currency) if "amount" in given else None
        issuing.pay(
            invoice,
            amount=amount,
            provider="manual",
            reference=given["reference"],
            key=f"hand:{given['key']}",
            user=user_of(request),
        )

    def _refund(self, request: HttpRequest, invoice: Invoice, given: dict[str, Any]) -> None:
        said = {"amount": minor(given["amount"], invoice.currency), "reason": given["reason"]}
        said |= {"key": f"hand:{given['key']}", "user": user_of(request)}
        if given["to_credits"]:
            issuing.correct(invoice, to_credits=True, **said)
        else:
            collecting.refund(invoice, **said)

    def _give_up(self, request: HttpRequest, invoice: Invoice, given: dict[str, Any]) -> None:
        issuing.give_up(invoice, user=user_of(request))

    def _void(self, request: HttpRequest, invoice: Invoice, given: dict[str, Any]) -> None:
        issuing.void(invoice, reason=given["reason"], user=user_of(request))


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


@admin.register(CreditEntry)
class CreditAdmin(admin.ModelAdmin):
    """Credits are given here; what was given or used stays."""

    list_display = ("at", "workspace", "shown", "reason", "invoice")
    list_select_related = ("workspace", "invoice")
    search_fields = ("workspace__name", "workspace__slug", "reason")
    date_hierarchy = "at"
    fields = ("workspace", "currency", "amount", "reason")
    autocomplete_fields = ("workspace",)

    @admin.display(description=_("amount"), ordering="amount")
    def shown(self, entry: CreditEntry) -> str:
        return format_money(entry.amount, entry.currency)

    def save_model(self, request: HttpRequest, obj: CreditEntry, form: Any, change: bool) -> None:
        key = f"hand:{uuid.uuid4()}"
        made = credits.grant(obj.workspace, obj.amount, obj.currency.upper(), obj.reason, key)
        obj.pk = made.pk
        said = {"amount": obj.amount, "currency": obj.currency}
        audit.record(obj.workspace, "credit.granted", request=request, about=obj.reason, **said)

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(*args, **kwargs)
        if "amount" in form.base_fields:
            form.base_fields["amount"] = forms.IntegerField(
                label=_("amount in minor units"), min_value=1, help_text=_("500 are 5.00.")
            )
        return form

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
