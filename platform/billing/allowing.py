"""What counts for a workspace: its plan, or the one it tries, and the overrides that were agreed on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Workspace
from billing.limits import FEATURES, LIMITS
from billing.models import Override, Plan, Subscription
from billing.subscribing import subscription_of


@dataclass(frozen=True)
class Limits:
    """`values`: name in LIMITS -> what is allowed; None: unlimited."""

    plan: Plan
    values: Mapping[str, int | None]
    features: frozenset[str]
    bases: frozenset[str]  # ids; empty: all
    overridden: frozenset[str]  # names of limits and features that are not as the plan says
    trial: bool

    @classmethod
    def of(cls, subscription: Subscription, overrides: Iterable[Override]) -> Limits:
        plan = subscription.effective
        values = of_plan(plan)
        features = set(plan.features) & FEATURES.keys()
        agreed = {one.name: one.value for one in overrides}
        values |= {name: value for name, value in agreed.items() if name in LIMITS}
        for name in agreed.keys() & FEATURES.keys():
            if agreed[name] == 0:
                features.discard(name)
            else:
                features.add(name)
        return cls(
            plan=plan,
            values=values,
            features=frozenset(features),
            bases=frozenset(plan.bases),
            overridden=frozenset(agreed),
            trial=subscription.in_trial,
        )

    def __getitem__(self, name: str) -> int | None:
        return self.values[name]


def of_plan(plan: Plan) -> dict[str, int | None]:
    """Name in LIMITS -> what the plan itself says."""
    return {name: getattr(plan, limit.field) for name, limit in LIMITS.items()}


def limits_of(workspace: Workspace) -> Limits:
    """What counts for a workspace: its plan or the one it tries, and what was agreed on beside it."""
    return Limits.of(subscription_of(workspace), live().filter(workspace=workspace))


def limits_of_many(workspaces: Collection[UUID]) -> dict[UUID, Limits]:
    """The same for many, by id, in two queries; those without a subscription are left out."""
    agreed: dict[UUID, list[Override]] = {}
    for override in live().filter(workspace__in=workspaces):
        agreed.setdefault(override.workspace_id, []).append(override)
    found = Subscription.objects.filter(workspace__in=workspaces)
    return {
        one.workspace_id: Limits.of(one, agreed.get(one.workspace_id, ()))
        for one in found.select_related("plan", "trial_plan")
    }


def live() -> QuerySet[Override]:
    """Overrides that count at the moment."""
    return Override.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


def plan_of(workspace: Workspace) -> Plan:
    """The plan that counts at the moment: that of a trial while there is one."""
    return subscription_of(workspace).effective


@dataclass(frozen=True)
class RunLimits:
    """What the plan allows one run. None: unlimited."""

    seconds: float | None
    memory: int | None  # bytes


def run_limits(workspace: Workspace) -> RunLimits:
    limits = limits_of(workspace)
    minutes = limits["run_minutes"]
    return RunLimits(None if minutes is None else 60.0 * minutes, limits["run_memory"])


def shares(workspaces: Collection[UUID]) -> dict[UUID, int]:
    """Workspace -> its share of the machines while runs wait; 1 or more."""
    found = limits_of_many(workspaces)
    return {one: max(1, found[one]["share"] or 1) if one in found else 1 for one in workspaces}
