"""Versions of a plan: a change of what somebody has had is the next version of its family."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts import audit
from billing.models import Plan, Subscription
from billing.subscribing import make_default


@transaction.atomic
def save(plan: Plan) -> Plan:
    """Writes a plan as it was edited. Where its terms were in use and differ, that becomes the next version, which new
    workspaces get from now on; whoever has the old one keeps it. Returns what was written."""
    list(Plan.objects.select_for_update().filter(family=plan.family or plan.slug))
    if plan._state.adding or not _in_use(plan) or not plan.changes():
        plan.save()
        return plan
    return _next(plan)


def _in_use(plan: Plan) -> bool:
    """Also where it was given by hand, past the services."""
    stored = Plan.objects.get(pk=plan.pk)
    return bool(stored.used_at) or stored.subscriptions.exists()


def _next(plan: Plan) -> Plan:
    before = Plan.objects.get(pk=plan.pk)
    newest = Plan.objects.filter(family=before.family).aggregate(last=Max("version"))["last"]
    terms: dict[str, Any] = {
        name: getattr(plan, name) for name in Plan.objects.filter(pk=plan.pk).values()[0]
    }
    terms |= {"slug": f"{before.family}-v{newest + 1}", "family": before.family}
    terms |= {"version": newest + 1, "is_default": False, "used_at": None, "retired_at": None}
    made = Plan.objects.create(**terms)
    if before.is_default:
        make_default(plan=made)
    if before.retired_at is None:
        Plan.objects.filter(pk=before.pk).update(retired_at=timezone.now())
    audit.record(None, "plan.version", about=str(made), family=made.family, version=made.version)
    return made


def newest(family: str) -> Plan:
    """Raises Plan.DoesNotExist."""
    found = Plan.objects.filter(family=family).order_by("-version").first()
    if found is None:
        raise Plan.DoesNotExist(family)
    return found


@transaction.atomic
def move_subscribers(family: str) -> int:
    """Puts all who have an older version on the newest one, each audited. Returns how many."""
    plan = newest(family)
    older = Subscription.objects.filter(plan__family=family).exclude(plan=plan)
    moved = 0
    for one in older.select_related("workspace", "plan").select_for_update(of=("self",)):
        audit.record(
            one.workspace, "plan.changed", about=str(plan), before=one.plan.pk, after=plan.pk
        )
        moved += Subscription.objects.filter(pk=one.pk).update(plan=plan)
    if moved and plan.used_at is None:
        Plan.objects.filter(pk=plan.pk).update(used_at=timezone.now())
    return moved
