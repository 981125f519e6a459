"""What a plan allows and what is left of it now, meter by meter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from accounts.models import Workspace
from billing import usage
from billing.allowing import Limits, limits_of
from billing.limits import LIMITS, METERED
from billing.models import Balance, Hold, Plan, month_of

USUAL = ("projects", "members", "rows", "storage", "runs", "minutes", "gpu_minutes", "predictions")
METER_OF = {one.limit: one for one in METERED.values()}


@dataclass(frozen=True)
class Meter:
    """One limit of the plan and what is used of it. `limit` None: unlimited; `used` None: nothing adds up."""

    name: str  # in limits.LIMITS
    limit: int | None
    used: int | None
    held: int = 0  # of `used`, what runs that have not ended are expected to take

    @property
    def left(self) -> int | None:
        """None: unlimited. Never below zero, also after a change to a smaller plan."""
        if self.limit is None:
            return None
        return max(0, self.limit - (self.used or 0))

    @property
    def full(self) -> bool:
        return self.left == 0


@dataclass(frozen=True)
class Allowance:
    limits: Limits
    every: Mapping[str, Meter]  # all limits, by name

    @property
    def plan(self) -> Plan:
        return self.limits.plan

    def __getattr__(self, name: str) -> Meter:
        """A meter by its name, such as `allowance.projects`."""
        try:
            return self.every[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def meters(self) -> tuple[Meter, ...]:
        """Those that are shown: what is used or limited. What is not limited and adds up to nothing tells nothing."""
        return tuple(
            meter
            for name, meter in self.every.items()
            if name != "share"
            and not LIMITS[name].later
            and (name in USUAL or meter.limit is not None)
        )


def allowance(workspace: Workspace, names: Collection[str] = tuple(LIMITS)) -> Allowance:
    """What the plan allows and what is left of it now, of these limits or of all."""
    limits = limits_of(workspace)
    taken = _taken(workspace)
    every = {}
    for name in names:
        used, held = taken[name] if name in taken else (_count(name, workspace), 0)
        every[name] = Meter(name, limits[name], used, held)
    return Allowance(limits, every)


def _count(name: str, workspace: Workspace) -> int | None:
    if name == "runs":
        return open_holds(workspace).count()
    return usage.count(name, workspace) if name in usage.NAMES else None


def _taken(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Of what is metered by the month: used and held together, and held, in the limit's unit."""
    found = {}
    used, held = used_by_meter(workspace), held_by_meter(workspace)
    for metered in METERED.values():
        one, other = used.get(metered.name, Decimal(0)), held.get(metered.name, 0)
        per = 60 if metered.per == 60 else 1
        found[metered.limit] = int((one + other) // per), int(other // per)
    return found


def used_by_meter(workspace: Workspace, now: datetime | None = None) -> dict[str, Decimal]:
    """Of this calendar month, in the meter's units (seconds, predictions, tokens)."""
    rows = Balance.objects.filter(workspace=workspace, month=month_of(now))
    return {row.meter: max(Decimal(0), row.used) for row in rows}


def held_by_meter(workspace: Workspace) -> dict[str, int]:
    rows = open_holds(workspace).order_by().values("meter").annotate(total=Sum("seconds"))
    return {row["meter"]: int(row["total"] or 0) for row in rows}


def open_holds(workspace: Workspace) -> QuerySet[Hold]:
    return Hold.objects.filter(workspace=workspace, released_at=None)


def minutes_used(workspace: Workspace, now: datetime | None = None) -> int:
    """Whole minutes of training on processors since the first of this calendar month (in the site's time zone)."""
    return int(used_by_meter(workspace, now).get("training_seconds", Decimal(0)) // 60)


def minutes_taken(workspace: Workspace) -> int:
    """Those that are used, and those that are kept for runs which have not ended."""
    return _taken(workspace)["minutes"][0]
