"""Which plan a workspace is on, and the lock that all who take from it queue up on."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Workspace
from billing.models import Plan, Subscription


def subscription_of(workspace: Workspace) -> Subscription:
    """Every workspace has one; made here for a workspace that somehow missed it."""
    # Asked several times a page; the plan of a trial, which few have, is fetched where it counts.
    found = Subscription.objects.select_related("plan").filter(workspace=workspace)
    return found.first() or subscribe(workspace=workspace)


def subscribe(*, workspace: Workspace) -> Subscription:
    """Puts a workspace on the default plan, unless it has one."""
    plan = Plan.objects.get(is_default=True)
    found, made = Subscription.objects.get_or_create(workspace=workspace, defaults={"plan": plan})
    if made:
        mark_used(plan)
    return found


def mark_used(plan: Plan) -> None:
    """From now on, what it promises and costs stays as it is."""
    if plan.used_at is None:
        Plan.objects.filter(pk=plan.pk, used_at=None).update(used_at=timezone.now())


@transaction.atomic
def put_on(*, workspace: Workspace, plan: Plan) -> Subscription:
    """The workspace has this plan from now on; a trial of it, or of another, ends."""
    subscription = subscription_of(workspace)
    lock(workspace)
    mark_used(plan)
    given: dict[str, Any] = {"plan": plan, "since": timezone.now()}
    Subscription.objects.filter(pk=subscription.pk).update(
        **given, trial_plan=None, trial_ends_at=None
    )
    subscription.refresh_from_db()
    return subscription


@transaction.atomic
def make_default(*, plan: Plan) -> None:
    """The plan that new workspaces get from now on; those there are keep theirs."""
    Plan.objects.filter(is_default=True).exclude(pk=plan.pk).update(is_default=False)
    Plan.objects.filter(pk=plan.pk).update(is_default=True)


def lock(workspace: Workspace) -> None:
    """Writes the subscription's row: holds the others back until this transaction ends, on every database."""
    touched = Subscription.objects.filter(workspace=workspace)
    if not touched.update(holds_made=F("holds_made") + 1):
        subscribe(workspace=workspace)
        touched.update(holds_made=F("holds_made") + 1)
