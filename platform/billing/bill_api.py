"""The API of a workspace's subscription and its invoices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action, require, user_of, workspace_for
from accounts.models import Workspace
from billing.bill_views import as_pdf
from billing.invoices import words
from billing.invoices.models import Invoice, InvoiceLine
from billing.invoices.selectors import due, invoices_of
from billing.models import Plan, Subscription
from billing.payment import collecting
from billing.services import subscription_of
from billing.subscriptions import changing, pricing
from web.api import checked, paged
from web.schema import problems

MINOR = "In minor units of the currency, such as cents."


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    workspace = serializers.SlugField(source="workspace.slug", read_only=True)
    plan = serializers.SlugField(source="plan_id", read_only=True)
    interval = serializers.CharField(help_text="`month`, `year`, or empty: nothing is charged.")
    status = serializers.CharField(
        help_text="`active`, `past_due`, `grace` (read-only for some time) or `ended` (read-only)."
    )
    next_plan = serializers.SlugField(
        source="next_plan_id", read_only=True, help_text="From the end of the period on."
    )
    next_total = serializers.SerializerMethodField(
        help_text=f"What the next period costs, with tax. {MINOR}"
    )
    next_interval = serializers.CharField(help_text="From the end of the period on.")
    currency = serializers.CharField(source="plan.currency", read_only=True)

    class Meta:
        model = Subscription
        fields = (
            "workspace", "plan", "interval", "status", "currency", "period_start", "period_end",
            "cancel_at_period_end", "next_plan", "next_interval", "next_total", "grace_ends",
        )  # fmt: skip

    def get_next_total(self, subscription: Subscription) -> int | None:
        draft = pricing.next_draft(subscription)
        return draft.total if draft else None


class LineSerializer(serializers.ModelSerializer[InvoiceLine]):
    kind = serializers.CharField(help_text="Such as `plan`, `unused`, `usage` or `coupon`.")
    title = serializers.SerializerMethodField()
    unit_price = serializers.DecimalField(20, 8, help_text=MINOR)
    amount = serializers.IntegerField(help_text=f"Net. {MINOR}")

    class Meta:
        model = InvoiceLine
        fields = ("kind", "title", "quantity", "unit_price", "amount")

    def get_title(self, line: InvoiceLine) -> str:
        return words.title(line.kind, line.values)


class InvoiceSerializer(serializers.ModelSerializer[Invoice]):
    workspace = serializers.SlugField(source="workspace.slug", read_only=True)
    plan = serializers.SlugField(source="plan_id", read_only=True)
    kind = serializers.CharField(help_text="`change`, `renewal`, `usage` or `credit_note`.")
    status = serializers.CharField(help_text="`open`, `paid`, `void` or `uncollectible`.")
    interval = serializers.CharField(help_text="`month` or `year`; empty where it is for no plan.")
    net = serializers.IntegerField(source="subtotal", help_text=MINOR)
    tax = serializers.IntegerField(help_text=MINOR)
    total = serializers.IntegerField(help_text=f"{MINOR} Below zero for a credit note.")
    credit = serializers.IntegerField(help_text=f"What credits have paid of it. {MINOR}")
    due = serializers.SerializerMethodField(help_text=f"What is still to be paid. {MINOR}")
    corrects = serializers.UUIDField(
        source="corrects_id", help_text="Of a credit note: the invoice that it corrects."
    )

    class Meta:
        model = Invoice
        fields = (
            "id", "workspace", "number", "kind", "status", "currency", "net", "tax_percent", "tax",
            "total", "credit", "due", "plan", "interval", "period_start", "period_end",
            "issued_at", "due_at", "paid_at", "corrects",
        )  # fmt: skip

    def get_due(self, invoice: Invoice) -> int:
        return due(invoice)


class InvoiceDetailSerializer(InvoiceSerializer):
    lines = LineSerializer(many=True)
    seller = serializers.DictField()
    customer = serializers.DictField()

    class Meta(InvoiceSerializer.Meta):
        fields = (*InvoiceSerializer.Meta.fields, "lines", "seller", "customer")  # type: ignore[assignment]


class ChangeSerializer(serializers.Serializer[Any]):
    plan = serializers.SlugRelatedField(
        slug_field="slug", queryset=Plan.objects.all(), required=False
    )
    interval = serializers.ChoiceField(Subscription.Interval.choices, required=False)
    cancel_at_period_end = serializers.BooleanField(
        required=False, help_text="`false` takes back what is planned for the end of the period."
    )


class ChangedSerializer(serializers.Serializer[Any]):
    subscription = SubscriptionSerializer()
    invoice = InvoiceSerializer(allow_null=True, help_text="That was written for the change.")
    pay_url = serializers.CharField(
        help_text="Where a person pays it; empty where that is not on a page, or not needed."
    )


class SubscriptionDetail(APIView):
    @extend_schema(
        operation_id="subscription_read",
        summary="Read the plan that a workspace pays for",
        tags=["billing"],
        responses={200: SubscriptionSerializer, **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.BILLING)
        return Response(SubscriptionSerializer(subscription_of(workspace)).data)

    @extend_schema(
        operation_id="subscription_change",
        summary="Change the plan, or cancel it",
        description="An upgrade happens now, or when its invoice is paid; all else at the end of the period.",
        tags=["billing"],
        request=ChangeSerializer,
        responses={200: ChangedSerializer, **problems(400, 403, 404, 409, 422, 503)},
    )
    def patch(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.BILLING)
        given = checked(ChangeSerializer, request)
        invoice = _change(request, workspace, given)
        pay_url = collecting.pay_or_lead(invoice) if invoice else ""
        if invoice:
            invoice.refresh_from_db()
        changed = {
            "subscription": subscription_of(workspace),
            "invoice": invoice,
            "pay_url": pay_url,
        }
        return Response(ChangedSerializer(changed).data)


def _change(request: Request, workspace: Workspace, given: dict[str, Any]) -> Invoice | None:
    user = user_of(request)
    if "plan" in given:
        interval = given.get("interval", "")
        return changing.choose(
            workspace=workspace, plan=given["plan"], interval=interval, user=user
        )
    if "cancel_at_period_end" not in given:
        raise serializers.ValidationError({"plan": "Give a plan, or cancel_at_period_end."})
    end = changing.cancel if given["cancel_at_period_end"] else changing.undo
    end(workspace=workspace, user=user)
    return None


class InvoiceList(APIView):
    @extend_schema(
        operation_id="invoices_list",
        summary="List invoices",
        description="The newest first, credit notes among them.",
        tags=["billing"],
        responses={200: InvoiceSerializer(many=True), **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.BILLING)
        return paged(self, invoices_of(workspace), InvoiceSerializer)


class InvoiceDetail(APIView):
    @extend_schema(
        operation_id="invoices_read",
        summary="Read an invoice, with its lines",
        tags=["billing"],
        responses={200: InvoiceDetailSerializer, **problems(403, 404)},
    )
    def get(self, request: Request, invoice_id: UUID) -> Response:
        return Response(InvoiceDetailSerializer(_invoice(request, invoice_id)).data)


class InvoicePdf(APIView):
    @extend_schema(
        operation_id="invoices_pdf",
        summary="Download an invoice as PDF",
        description="In the language of `Accept-Language`.",
        tags=["billing"],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, **problems(403, 404)},
    )
    def get(self, request: Request, invoice_id: UUID) -> HttpResponse:
        return as_pdf(_invoice(request, invoice_id))


def _invoice(request: Request, invoice_id: UUID) -> Invoice:
    found = Invoice.objects.filter(pk=invoice_id).select_related("workspace", "plan").first()
    if found is None or found.workspace is None:
        raise Http404
    require(request, found.workspace, Action.BILLING)
    return found
