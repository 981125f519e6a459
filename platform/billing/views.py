"""What a workspace has used of its plan: the page, its chart, its file, and the cap of what may be spent beyond it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.access import Action, allowed, workspace_for
from accounts.models import Workspace
from billing import figures, limits, reports, selectors, spending, words
from billing.forms import CapForm
from billing.meters import open_holds
from billing.models import Subscription
from billing.money import format_money, rounded
from billing.services import allowance, subscription_of


@require_safe
def usage(request: HttpRequest, slug: str) -> HttpResponse:
    """`?month=2026-11`: another month than this one."""
    workspace = workspace_for(request, slug, Action.USAGE)
    state, month = allowance(workspace), _month(request)
    found = reports.rows(workspace, month)
    values = {
        "workspace": workspace,
        "plan": state.plan,
        "trial": _trial(workspace),
        "meters": words.lines(state),
        "features": words.features(state.limits),
        "month": month,
        "months": reports.months(workspace),
        "projects": words.by_project(reports.by_project(found)),
        "used_meters": words.meters_in(found),
        "days": words.by_day(found),
        "forecasts": words.forecasts(reports.forecast(workspace, state)),
        "held": words.held(open_holds(workspace)),
        "offers": bool(selectors.offered(workspace)),
        **_money(request, workspace),
    }
    return render(request, "billing/usage.html", values)


def _trial(workspace: Workspace) -> Subscription | None:
    found = subscription_of(workspace)
    return found if found.in_trial else None


def _money(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """What use beyond the plan costs: for those who may pay, where the plan has a price for it."""
    subscription = subscription_of(workspace)
    plan = subscription.effective
    priced = any(getattr(plan, one.price) is not None for one in limits.METERED.values())
    if not priced or not allowed(request.user, workspace, Action.BILLING):
        return {"cap_form": None}
    spent = rounded(spending.spent_of(workspace))
    return {
        "cap_form": CapForm(currency=plan.currency, cap=subscription.spending_cap),
        "spent": format_money(spent, plan.currency),
        "cap": format_money(subscription.spending_cap, plan.currency),
        "prices": words.prices(plan),
    }


@require_safe
def usage_chart(request: HttpRequest, slug: str, meter: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.USAGE)
    if meter not in limits.METERED:
        raise Http404
    month = _month(request)
    last = min(timezone.localdate(), reports.bounds(month)[1].date() - timedelta(days=1))
    found = reports.rows(workspace, month)
    return JsonResponse(figures.by_day(found, meter, month, max(month, last)))


@require_safe
def usage_csv(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.USAGE)
    month = _month(request)
    found = reports.rows(workspace, month)
    currency = subscription_of(workspace).effective.currency
    response = HttpResponse(
        "".join(reports.as_csv(found, currency)), content_type="text/csv; charset=utf-8"
    )
    name = f"usage-{workspace.slug}-{month:%Y-%m}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
def spending_cap(request: HttpRequest, slug: str) -> HttpResponse:
    workspace = workspace_for(request, slug, Action.BILLING)
    subscription = subscription_of(workspace)
    form = CapForm(request.POST, currency=subscription.effective.currency)
    if form.is_valid():
        set_cap(workspace, form.cleaned_data["cap"])
        messages.success(request, _("The spending cap was changed."))
    else:
        messages.error(request, " ".join(map(str, form.errors["cap"])))
    return redirect("workspace-usage", slug=slug)


def set_cap(workspace: Workspace, cap: int) -> None:
    """`cap` in minor units."""
    before = subscription_of(workspace).spending_cap
    Subscription.objects.filter(workspace=workspace).update(spending_cap=cap)
    audit.record(workspace, "plan.spending_cap", before=before, after=cap)


def _month(request: HttpRequest) -> date:
    return month_of_query(request.GET.get("month"))


def month_of_query(asked: str | None) -> date:
    """“2026-11”; this month where none, or nonsense, is asked for."""
    try:
        return date.fromisoformat(f"{asked}-01")
    except ValueError:
        return timezone.localdate().replace(day=1)
