"""What would lift a limit: the smallest offered plan that allows what was wanted, and who may change the plan."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.access import Action, allowed, roles_that
from accounts.models import Member, Workspace
from billing.allowing import of_plan
from billing.limits import METERED
from billing.models import Plan, Subscription
from billing.money import format_money, format_price, per, rounded
from billing.selectors import offered

NAMED = 3  # people


def for_limit(workspace: Workspace, plan: Plan, name: str, needed: int) -> dict[str, Any]:
    """Values of a problem: `offer` in words, `offer_plan`, `offer_url`. `needed`: how much has to be allowed."""
    larger = [
        one
        for one in offered(workspace)
        if one.family != plan.family and _allows(of_plan(one)[name], needed)
    ]
    return _told(workspace, larger, beyond(plan, name))


def for_feature(workspace: Workspace, plan: Plan, name: str) -> dict[str, Any]:
    having = [
        one
        for one in offered(workspace)
        if one.family != plan.family and name in one.features and one.position >= plan.position
    ]
    return _told(workspace, having)


def none() -> dict[str, Any]:
    return {"offer": _("Ask the operator of this site."), "offer_plan": "", "offer_url": ""}


def beyond(plan: Plan, name: str) -> str:
    """What use beyond the limit costs, in words; "" where there is none."""
    for metered in METERED.values():
        price = getattr(plan, metered.price)
        if metered.limit == name and price is not None:
            shown = format_price(price, plan.currency)
            if metered.per == 60:
                return _("%(price)s a minute") % {"price": shown}
            return _("%(price)s a thousand") % {"price": shown}
    return ""


def _allows(limit: int | None, needed: int) -> bool:
    return limit is None or limit >= needed


def _told(workspace: Workspace, plans: list[Plan], price: str = "") -> dict[str, Any]:
    parts = []
    if plans:
        parts.append(_allowing(plans[0]))
    if price:
        said = _("With a spending cap you can go on beyond the limit, at %(price)s.")
        parts.append(said % {"price": price})
    if parts:
        parts.append(_who(workspace))
    else:
        parts.append(_("Ask the operator of this site for more."))
    return {
        "offer": " ".join(parts),
        "offer_plan": plans[0].family if plans else "",
        "offer_url": _address(workspace, cap=not plans) if plans or price else "",
    }


def _allowing(plan: Plan) -> str:
    interval = "month" if plan.price_monthly else "year"
    amount = plan.price_monthly or plan.price_yearly
    if not amount:
        return _("The plan %(plan)s allows it.") % {"plan": plan.name}
    said = {"plan": plan.name, "price": per(amount, plan.currency, interval)}
    return _("The plan %(plan)s allows it, at %(price)s.") % said


def _who(workspace: Workspace) -> str:
    user = _asking()
    if user is not None and allowed(user, workspace, Action.BILLING):
        return _("You can change that.")
    return _("%(people)s can change that.") % {"people": ", ".join(payers(workspace))}


def _asking() -> Any:
    """Who sees the page; None outside of a request."""
    return getattr(audit.current.get(), "user", None)


def payers(workspace: Workspace) -> list[str]:
    """Addresses of those who may change the plan, a few of them."""
    roles = roles_that(Action.BILLING)
    found = Member.objects.filter(workspace=workspace, role__in=roles, user__is_active=True)
    return list(found.order_by("joined_at").values_list("user__email", flat=True)[:NAMED])


def billing_page(workspace: Workspace) -> str:
    """Its address; "" for somebody who asks and may not see it."""
    user = _asking()
    if user is not None and not allowed(user, workspace, Action.BILLING):
        return ""
    return reverse("workspace-billing", args=[workspace.slug])


def _address(workspace: Workspace, *, cap: bool) -> str:
    """Of the page on which the plan, or the spending cap, is changed; "" for somebody who asks and may not do that."""
    page = billing_page(workspace)
    if page and cap:
        return reverse("workspace-usage", args=[workspace.slug])
    return page and f"{page}#offers"


def spending(
    workspace: Workspace, subscription: Subscription, spent: Decimal, cost: Decimal
) -> dict[str, Any]:
    """Values of the problem `quota.spending`, amounts in minor units."""
    currency = subscription.effective.currency
    amounts = {"cap": subscription.spending_cap, "spent": rounded(spent), "cost": rounded(cost)}
    shown = {f"{name}_text": format_money(amount, currency) for name, amount in amounts.items()}
    return {
        **amounts,
        **shown,
        "offer": _who(workspace),
        "offer_url": _address(workspace, cap=True),
    }
