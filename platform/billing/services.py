"""What a plan allows, the hold that a run has on it, and the ledger of what was used."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.models import Workspace
from billing import usage
from billing.models import Hold, LedgerEntry, Plan, Subscription
from training.problems import Problem

SECONDS = LedgerEntry.Meter.TRAINING_SECONDS


@dataclass(frozen=True)
class Meter:
    """One limit of the plan and what is used of it. `limit` None: unlimited; `used` None: nothing adds up."""

    name: str  # projects, rows, storage (bytes), runs (at the same time), minutes (this month)
    limit: int | None
    used: int | None

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
    plan: Plan
    projects: Meter
    rows: Meter
    storage: Meter
    runs: Meter
    minutes: Meter
    run_minutes: Meter
    run_memory: Meter
    devices: Meter

    @property
    def meters(self) -> tuple[Meter, ...]:
        usual = (self.projects, self.rows, self.storage, self.runs, self.minutes)
        # Limits of one run are shown where there are any: most plans have none.
        single = (self.run_minutes, self.run_memory, self.devices)
        return usual + tuple(meter for meter in single if meter.limit is not None)


@dataclass(frozen=True)
class RunLimits:
    """What the plan allows one run. None: unlimited."""

    seconds: float | None
    memory: int | None  # bytes


def run_limits(workspace: Workspace) -> RunLimits:
    plan = plan_of(workspace)
    minutes = plan.max_run_minutes
    return RunLimits(None if minutes is None else 60.0 * minutes, plan.max_run_memory_bytes)


def shares(workspaces: Collection[UUID]) -> dict[UUID, int]:
    """Workspace -> its share of the machines while runs wait; 1 or more."""
    found = Subscription.objects.filter(workspace__in=workspaces)
    given = dict(found.values_list("workspace_id", "plan__share"))
    return {workspace: max(1, given.get(workspace, 1)) for workspace in workspaces}


def plan_of(workspace: Workspace) -> Plan:
    return subscription_of(workspace).plan


def subscription_of(workspace: Workspace) -> Subscription:
    """Every workspace has one; made here for a workspace that somehow missed it."""
    found = Subscription.objects.select_related("plan").filter(workspace=workspace).first()
    return found or subscribe(workspace=workspace)


def subscribe(*, workspace: Workspace) -> Subscription:
    """Puts a workspace on the default plan, unless it has one."""
    plan = Plan.objects.get(is_default=True)
    return Subscription.objects.get_or_create(workspace=workspace, defaults={"plan": plan})[0]


@transaction.atomic
def make_default(*, plan: Plan) -> None:
    """The plan that new workspaces get from now on; those there are keep theirs."""
    Plan.objects.filter(is_default=True).exclude(pk=plan.pk).update(is_default=False)
    Plan.objects.filter(pk=plan.pk).update(is_default=True)


def allowance(workspace: Workspace) -> Allowance:
    """What the plan allows and what is left of it now."""
    plan = plan_of(workspace)
    return Allowance(
        plan=plan,
        projects=Meter("projects", plan.max_projects, usage.count("projects", workspace)),
        rows=Meter("rows", plan.max_rows, None),
        storage=Meter("storage", plan.max_storage_bytes, usage.count("storage", workspace)),
        runs=Meter("runs", plan.max_concurrent_runs, _open_holds(workspace)),
        minutes=Meter("minutes", plan.max_training_minutes, minutes_taken(workspace)),
        run_minutes=Meter("run_minutes", plan.max_run_minutes, None),
        run_memory=Meter("run_memory", plan.max_run_memory_bytes, None),
        devices=Meter("devices", plan.max_devices, None),
    )


def check_projects(workspace: Workspace) -> None:
    """Call it in the transaction that makes the project: the next who asks then waits for the outcome."""
    plan = plan_of(workspace)
    if plan.max_projects is not None:
        _lock(workspace)
        used = usage.count("projects", workspace)
        _refuse_over("projects", plan, plan.max_projects, used, wanted=1)


def check_rows(workspace: Workspace, rows: int) -> None:
    plan = plan_of(workspace)
    _refuse_over("rows", plan, plan.max_rows, 0, wanted=rows)


def check_devices(workspace: Workspace, devices: int) -> None:
    """Of one run."""
    plan = plan_of(workspace)
    _refuse_over("devices", plan, plan.max_devices, 0, wanted=devices)


def check_storage(workspace: Workspace, bytes: int) -> None:
    """Whether `bytes` more may be kept. In a transaction, the next who asks waits for its outcome."""
    plan = plan_of(workspace)
    if plan.max_storage_bytes is not None:
        _lock(workspace)
        used = usage.count("storage", workspace)
        _refuse_over("storage", plan, plan.max_storage_bytes, used, wanted=bytes)


@transaction.atomic
def hold(
    *,
    workspace: Workspace,
    run_id: UUID,
    project_id: UUID,
    minutes: int = 1,
    keep: bool = False,
) -> Hold:
    """Claims one of the plan's concurrent runs, or raises Problem(`quota.runs`, `quota.minutes`).

    Check and claim are one step: whoever comes first has written the subscription's row, and the others wait for
    that transaction to end before they count. A run that is held already keeps its hold. `minutes` is what the run is
    known to take at least: so many must be left. With `keep`, no other run gets them until this one has ended.
    """
    problem = no_room(workspace, run_id=run_id, minutes=minutes)
    if problem:
        raise problem
    return Hold.objects.update_or_create(
        run_id=run_id,
        defaults={
            "workspace": workspace,
            "project_id": project_id,
            "released_at": None,
            "minutes": minutes if keep else 0,
        },
    )[0]


@transaction.atomic
def no_room(workspace: Workspace, *, run_id: UUID, minutes: int = 1) -> Problem | None:
    """Why the plan has no room for a run now. In a transaction, the answer holds until its end.

    Minutes come first: more of them than runs are what only the next month or another plan brings.
    """
    _lock(workspace)
    plan = plan_of(workspace)
    others = Hold.objects.filter(workspace=workspace, released_at=None).exclude(run_id=run_id)
    try:
        used = minutes_used(workspace) + _held(others)
        _refuse_over("minutes", plan, plan.max_training_minutes, used, wanted=minutes)
        _refuse_over("runs", plan, plan.max_concurrent_runs, others.count(), wanted=1)
    except Problem as problem:
        return problem
    return None


def settle(*, run_id: UUID, attempt: int, seconds: float) -> LedgerEntry:
    """Books what an attempt of a run has used, once: a second delivery returns the first entry."""
    held = Hold.objects.get(run_id=run_id)
    amount = round(Decimal(max(0.0, seconds)), 3)
    return LedgerEntry.objects.get_or_create(
        run_id=run_id,
        attempt=attempt,
        meter=SECONDS,
        defaults={
            "workspace_id": held.workspace_id,
            "project_id": held.project_id,
            "amount": amount,
        },
    )[0]


def release(*, run_id: UUID) -> None:
    """Gives the run's place back. Twice is harmless; the time of the first stays."""
    Hold.objects.filter(run_id=run_id, released_at=None).update(released_at=timezone.now())


def minutes_used(workspace: Workspace, now: datetime | None = None) -> int:
    """Whole training minutes in the ledger since the first of this calendar month (in the site's time zone)."""
    booked = LedgerEntry.objects.filter(
        workspace=workspace, meter=SECONDS, at__gte=month_start(now)
    ).aggregate(total=Sum("amount"))["total"]
    return int((booked or 0) // 60)


def minutes_taken(workspace: Workspace) -> int:
    """Those that are used, and those that are kept for runs which have not ended."""
    return minutes_used(workspace) + _held(
        Hold.objects.filter(workspace=workspace, released_at=None)
    )


def _held(holds: QuerySet[Hold]) -> int:
    return int(holds.aggregate(total=Sum("minutes"))["total"] or 0)


def month_start(now: datetime | None = None) -> datetime:
    local = timezone.localtime(now, timezone.get_default_timezone())
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _lock(workspace: Workspace) -> None:
    """Writes the subscription's row: holds the others back until this transaction ends, on every database."""
    touched = Subscription.objects.filter(workspace=workspace)
    if not touched.update(holds_made=F("holds_made") + 1):
        subscribe(workspace=workspace)
        touched.update(holds_made=F("holds_made") + 1)


def _open_holds(workspace: Workspace) -> int:
    return Hold.objects.filter(workspace=workspace, released_at=None).count()


def _refuse_over(name: str, plan: Plan, limit: int | None, used: int, wanted: int) -> None:
    if limit is not None and used + wanted > limit:
        values = {"limit": limit, "used": used, "wanted": wanted}
        spoken = {f"{key}_text": filesizeformat(value) for key, value in values.items()}
        raise Problem(
            f"quota.{name}", plan=plan.name, **values, **spoken if name == "storage" else {}
        )
