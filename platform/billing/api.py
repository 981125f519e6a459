"""The API of plans and usage: what there is to be had, what a workspace may do, and what it has used."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action, workspace_for
from accounts.models import Workspace
from billing import reports, spending, views
from billing.allowing import of_plan
from billing.limits import LARGE, LIMITS, METERED
from billing.models import Plan
from billing.money import rounded
from billing.selectors import offered
from billing.services import allowance, subscription_of
from web.api import checked
from web.schema import problems


def _limits_field(text: str) -> serializers.DictField:
    names = ", ".join(f"`{name}`" for name in LIMITS)
    child = serializers.IntegerField(allow_null=True)
    return serializers.DictField(child=child, help_text=f"{text} By name: {names}.")


class PlanSerializer(serializers.Serializer[Any]):
    family = serializers.CharField(help_text="What all versions of a plan share.")
    version = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField()
    currency = serializers.CharField(help_text="ISO 4217.")
    price_monthly = serializers.IntegerField(
        allow_null=True, help_text="In minor units; null: not sold by the month."
    )
    price_yearly = serializers.IntegerField(
        allow_null=True, help_text="In minor units; null: not sold by the year."
    )
    features = serializers.ListField(child=serializers.CharField())
    limits = serializers.SerializerMethodField()
    overage = serializers.SerializerMethodField()

    def get_limits(self, plan: Plan) -> dict[str, int | None]:
        """By name; null: unlimited."""
        return of_plan(plan)

    def get_overage(self, plan: Plan) -> dict[str, str | None]:
        """By meter, minor units for a minute or a thousand beyond the limit; null: nothing beyond it."""
        prices = {name: getattr(plan, one.price) for name, one in METERED.items()}
        return {name: None if price is None else str(price) for name, price in prices.items()}


class LimitSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    limit = serializers.IntegerField(allow_null=True, help_text="Null: unlimited.")
    used = serializers.IntegerField(allow_null=True, help_text="Null where nothing adds up.")
    held = serializers.IntegerField(help_text="Of what is used, by runs that have not ended.")
    left = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField(help_text="`bytes`, `minutes`, `days`, or empty for a number.")
    overridden = serializers.BooleanField(help_text="It was agreed on beside the plan.")


class LimitsSerializer(serializers.Serializer[Any]):
    workspace = serializers.CharField()
    plan = serializers.CharField(help_text="The family of the plan that counts at the moment.")
    version = serializers.IntegerField()
    trial_ends_at = serializers.DateTimeField(
        allow_null=True, help_text="Until when the plan is tried; null without a trial."
    )
    features = serializers.ListField(child=serializers.CharField())
    spending_cap = serializers.IntegerField(
        help_text="Minor units a month beyond the limits; 0: nothing beyond them."
    )
    spent = serializers.IntegerField(help_text="Of the cap this month, in minor units.")
    limits = LimitSerializer(many=True)


class UsageRowSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    project_id = serializers.UUIDField(allow_null=True)
    project = serializers.CharField(help_text="Empty where the project is gone.")
    meter = serializers.ChoiceField(tuple(METERED))
    amount = serializers.FloatField(help_text="Seconds, predictions or tokens, less refunds.")
    beyond = serializers.FloatField(help_text="Of the amount, beyond the plan.")


class ForecastSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    expected = serializers.IntegerField(help_text="By the end of the month, in the limit's unit.")
    limit = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField(help_text="Days of use whose mean it rests on.")
    full_on = serializers.DateField(
        allow_null=True, help_text="About when the limit is reached, where it is this month."
    )


class UsageSerializer(serializers.Serializer[Any]):
    month = serializers.DateField(help_text="The first day of it.")
    rows = UsageRowSerializer(many=True)
    forecast = ForecastSerializer(many=True, help_text="Of this month, whichever is asked for.")


class CapSerializer(serializers.Serializer[Any]):
    spending_cap = serializers.IntegerField(
        min_value=0, max_value=10**9, help_text="Minor units a month; 0: nothing beyond the limits."
    )


class PlanList(APIView):
    @extend_schema(
        operation_id="plans_list",
        summary="List the plans that are offered",
        description="The newest version of each. Empty on an installation that offers none.",
        tags=["plans"],
        responses={200: PlanSerializer(many=True), **problems()},
    )
    def get(self, request: Request) -> Response:
        return Response(PlanSerializer(offered(), many=True).data)


class LimitList(APIView):
    @extend_schema(
        operation_id="limits_read",
        summary="What a workspace may do, and what is left of it",
        tags=["plans"],
        responses={200: LimitsSerializer, **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return Response(_told(workspace_for(request, slug, Action.USAGE)))


class UsageList(APIView):
    @extend_schema(
        operation_id="usage_read",
        summary="What a workspace has used in a month, by day, project and meter",
        tags=["plans"],
        parameters=[
            OpenApiParameter("month", str, description="Such as 2026-11; by default this one.")
        ],
        responses={200: UsageSerializer, **problems(403, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.USAGE)
        month = views.month_of_query(request.query_params.get("month"))
        expected = reports.forecast(workspace, allowance(workspace))
        told = {"month": month, "rows": reports.rows(workspace, month), "forecast": expected}
        return Response(UsageSerializer(told).data)


class SpendingCap(APIView):
    @extend_schema(
        operation_id="spending_cap_set",
        summary="Set what may be spent beyond the limits in a month",
        tags=["plans"],
        request=CapSerializer,
        responses={200: LimitsSerializer, **problems(400, 403, 404)},
    )
    def put(self, request: Request, slug: str) -> Response:
        workspace = workspace_for(request, slug, Action.BILLING)
        views.set_cap(workspace, checked(CapSerializer, request)["spending_cap"])
        return Response(_told(workspace))


def _unit(name: str) -> str:
    unit = LIMITS[name].unit
    return "" if unit == LARGE else unit


def _told(workspace: Workspace) -> dict[str, Any]:
    state, subscription = allowance(workspace), subscription_of(workspace)
    rows = [
        {
            "name": meter.name, "limit": meter.limit, "used": meter.used, "held": meter.held,
            "left": meter.left, "unit": _unit(meter.name),
            "overridden": meter.name in state.limits.overridden,
        }
        for meter in state.every.values()
    ]  # fmt: skip
    told = {
        "workspace": workspace.slug,
        "plan": state.plan.family,
        "version": state.plan.version,
        "trial_ends_at": subscription.trial_ends_at if subscription.in_trial else None,
        "features": sorted(state.limits.features),
        "spending_cap": subscription.spending_cap,
        "spent": rounded(spending.spent_of(workspace)),
        "limits": rows,
    }
    return dict(LimitsSerializer(told).data)
