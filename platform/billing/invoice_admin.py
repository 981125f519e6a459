"""Invoices in the admin: they are read there; what happens to them is for the services."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing.bill_views import as_file, as_pdf
from billing.invoices import issuing, words
from billing.invoices.models import Invoice, InvoiceLine, Payment
from billing.invoices.selectors import due
from billing.invoices.telling import day
from billing.invoices.totals import totals
from billing.money import format_money, major, minor
from billing.payment import collecting
from training.problems import Problem
from web import errors
from web.readonly import ReadOnly

DASH = "–"


class LineInline(ReadOnly, admin.TabularInline):
    model = InvoiceLine
    extra = 0
    fields = readonly_fields = ("what", "count", "price", "sum")

    @admin.display(description=_("Description"))
    def what(self, line: InvoiceLine) -> str:
        return self._row(line).title

    @admin.display(description=_("Quantity"))
    def count(self, line: InvoiceLine) -> str:
        return self._row(line).quantity

    @admin.display(description=_("Price"))
    def price(self, line: InvoiceLine) -> str:
        return self._row(line).price

    @admin.display(description=_("Amount"))
    def sum(self, line: InvoiceLine) -> str:
        return self._row(line).amount

    def _row(self, line: InvoiceLine) -> words.Row:
        return words.row(line, line.invoice.currency)


class PaymentInline(ReadOnly, admin.TabularInline):
    model = Payment
    extra = 0
    fields = readonly_fields = ("at", "sum", "provider", "reference")

    @admin.display(description=_("Amount"))
    def sum(self, payment: Payment) -> str:
        return format_money(payment.amount, payment.invoice.currency)


class OnceForm(forms.Form):
    """Sent twice, by a double click or after an answer that was lost, it acts once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


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


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "number", "workspace", "kind", "status", "amount", "left", "issued", "due_on", "provider",
    )  # fmt: skip
    list_filter = ("status", "kind", "provider", "currency", "issued_at")
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
    actions = ("mark_paid", "give_up", "as_file")
    change_list_template = "admin/billing/invoice/change_list.html"
    change_form_template = "admin/billing/invoice/change_form.html"
    fieldsets = (
        (None, {"fields": ("number", "workspace", "kind", "status", "corrects", "reason")}),
        (_("Amounts"), {"fields": ("sums",)}),
        (_("Parties"), {"fields": ("bill_to", "bill_from")}),
        (_("Plan"), {"fields": ("plan", "interval", "period_start", "period_end", "applied_at")}),
        (_("Days"), {"fields": ("issued_at", "due_at", "paid_at", "overdue_at", "closed_at")}),
        (
            _("Collecting"),
            {"fields": ("provider", "reminded", "tries", "try_at", "checkout_ref", "key")},
        ),
    )
    readonly_fields = ("sums", "bill_to", "bill_from")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """With the sums of all that the filters leave, not of one page."""
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data:
            answer.context_data["totals"] = totals(answer.context_data["cl"].queryset)
        return answer

    @admin.display(description=_("total"), ordering="total")
    def amount(self, invoice: Invoice) -> str:
        return format_money(invoice.total, invoice.currency)

    @admin.display(description=_("to be paid"))
    def left(self, invoice: Invoice) -> str:
        left = due(invoice)
        return format_money(left, invoice.currency) if left else DASH

    @admin.display(description=_("issued"), ordering="issued_at")
    def issued(self, invoice: Invoice) -> str:
        return day(invoice.issued_at)

    @admin.display(description=_("due"), ordering="due_at")
    def due_on(self, invoice: Invoice) -> str:
        return day(invoice.due_at)

    @admin.display(description=_("Amounts"))
    def sums(self, invoice: Invoice) -> str:
        lines = ((one.label, one.amount) for one in words.sums(invoice))
        return format_html_join("", "{}: {}<br>", lines)

    @admin.display(description=_("Bill to"))
    def bill_to(self, invoice: Invoice) -> str:
        return _party(invoice.customer)

    @admin.display(description=_("Issued by"))
    def bill_from(self, invoice: Invoice) -> str:
        return _party(invoice.seller)

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
        return as_file(invoices)

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
            return HttpResponse(status=403)
        return as_pdf(get_object_or_404(Invoice, pk=pk))

    def act(self, request: HttpRequest, pk: str, act: str) -> HttpResponse:
        """One of ACTS, as a page with its form."""
        invoice = get_object_or_404(Invoice, pk=pk)
        if act not in ACTS or not self.has_bill_permission(request):
            return HttpResponse(status=403)
        kind, title = ACTS[act]
        form = kind(request.POST or None, initial=_most(invoice, act))
        if request.method == "POST" and form.is_valid():
            self._do(request, invoice, act, form.cleaned_data)
            return HttpResponseRedirect(reverse("admin:billing_invoice_change", args=[pk]))
        values = {"form": form, "invoice": invoice, "title": title, "opts": self.opts}
        values |= {"customer": invoice.customer.get("name"), "sums": words.sums(invoice)}
        values |= self.admin_site.each_context(request)
        return render(request, "admin/billing/invoice/act.html", values)

    def _do(self, request: HttpRequest, invoice: Invoice, act: str, given: dict[str, Any]) -> None:
        try:
            getattr(self, f"_{act}")(request, invoice, given)
        except Problem as problem:
            told = errors.words(problem.code, problem.values)
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


def _party(who: dict[str, str]) -> str:
    rest = (who.get(name, "") for name in ("email", "reference"))
    lines = [line for part in (*words.party(who), *rest) for line in part.splitlines()]
    return format_html_join("", "{}<br>", ((line,) for line in lines)) or DASH


def _most(invoice: Invoice, act: str) -> dict[str, Any]:
    """What an act is usually about: all that is to be paid, or that can go back."""
    amount = issuing.refundable(invoice) if act == "refund" else due(invoice)
    return {"amount": major(amount, invoice.currency)}
