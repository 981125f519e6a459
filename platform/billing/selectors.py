"""Reads about plans: those that are offered, their versions."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Workspace
from billing.models import Plan, Subscription


def current_plans() -> list[Plan]:
    """The newest public version of each family, by position."""
    return _newest(Plan.objects.filter(public=True, retired_at=None))


def newest_plans() -> list[Plan]:
    """The newest version of each family, offered or not, by position."""
    return _newest(Plan.objects.filter(retired_at=None))


def _newest(plans: object) -> list[Plan]:
    found: dict[str, Plan] = {}
    for plan in plans.order_by("version"):  # type: ignore[attr-defined]
        found[plan.family] = plan
    return sorted(found.values(), key=lambda plan: (plan.position, plan.family))


def offered(workspace: Workspace | None = None) -> list[Plan]:
    """The plans that are shown to people with their prices; none on an installation of one's own.

    That is one whose default plan is not offered itself, unless the site is public or the workspace's is.
    """
    shown = settings.PUBLIC
    shown = shown or Plan.objects.filter(is_default=True, public=True).exists()
    if not shown and workspace is not None:
        shown = Subscription.objects.filter(workspace=workspace, plan__public=True).exists()
    return current_plans() if shown else []
