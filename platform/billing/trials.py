"""A larger plan for a while: plan X for so many days, then back, with word before and after."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format

from accounts import audit
from accounts.models import Workspace
from billing.models import Plan, Subscription
from billing.nearing import told_of
from billing.subscribing import mark_used, subscription_of
from notify.services import announce
from training.problems import Problem

BEFORE = timedelta(days=3)  # the end, in which people are told
LONGEST = 90  # days


@transaction.atomic
def start(*, workspace: Workspace, plan: Plan, days: int, again: bool = False) -> Subscription:
    """The limits of `plan` count for so many days. Raises Problem(`plan.trial`) where its family was tried before
    (`again`: an operator may give it once more), or for days that make no sense."""
    found = Subscription.objects.select_for_update().get(pk=subscription_of(workspace).pk)
    tried = plan.family in found.trials and not again
    if tried or found.in_trial or not 1 <= days <= LONGEST:
        raise Problem("plan.trial", plan=plan.name, days=days, most=LONGEST)
    mark_used(plan)
    found.trial_plan, found.trial_ends_at = plan, timezone.now() + timedelta(days=days)
    found.trials = [*{*found.trials, plan.family}]
    found.save(update_fields=["trial_plan", "trial_ends_at", "trials"])
    audit.record(workspace, "plan.trial", about=str(plan), days=days)
    return found


@transaction.atomic
def end(*, workspace: Workspace) -> None:
    """Now; without a trial, nothing happens."""
    mine = Subscription.objects.filter(workspace=workspace, trial_plan__isnull=False)
    if mine.update(trial_plan=None, trial_ends_at=None):
        audit.record(workspace, "plan.trial_ended")


def sweep() -> None:
    """Tells of trials that end soon, once each, and takes away those that have ended."""
    now = timezone.now()
    trials = Subscription.objects.filter(trial_plan__isnull=False).select_related(
        "workspace", "plan", "trial_plan"
    )
    for one in trials.filter(trial_ends_at__gt=now, trial_ends_at__lte=now + BEFORE):
        _tell(one, "trial.ending")
    for one in trials.filter(trial_ends_at__lte=now):
        with transaction.atomic():
            _tell(one, "trial.ended")
            end(workspace=one.workspace)


def _tell(one: Subscription, kind: str) -> None:
    ends = one.trial_ends_at or timezone.now()
    values = {
        "workspace_name": one.workspace.name,
        "plan": one.plan.name,
        "trial": one.trial_plan.name if one.trial_plan else "",
        "date": date_format(timezone.localtime(ends), "Y-m-d"),
    }
    announce(
        kind=kind,
        key=f"{kind}:{one.workspace_id}:{ends:%Y%m%d%H%M}",
        values=values,
        workspace=one.workspace,
        to=told_of(one.workspace),
        path=f"/w/{one.workspace.slug}/settings/usage/",
    )
