"""What a run holds of its plan, and what becomes of it: hold, then settle, and refund where it was not its fault.

Every step is an entry of the ledger with a key of its own (run, attempt, meter, kind), so that a step which is
delivered twice is booked once.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Workspace
from billing.allowing import limits_of
from billing.booking import book, entered
from billing.checks import refuse_over
from billing.meters import open_holds
from billing.models import Hold, LedgerEntry, Meter
from billing.spending import check_meter
from billing.subscribing import lock
from training.problems import Problem

Kind = LedgerEntry.Kind


@transaction.atomic
def hold(
    *,
    workspace: Workspace,
    run_id: UUID,
    project_id: UUID,
    seconds: float = 60,
    meter: str = Meter.TRAINING_SECONDS,
) -> Hold:
    """Claims one of the plan's concurrent runs and `seconds` of its training, or raises the Problem of what is lacking
    (`quota.runs`, `quota.minutes`, `quota.gpu_minutes`, `quota.spending`).

    Check and claim are one step: whoever comes first has written the subscription's row, and the others wait for that
    transaction to end before they count. A run that is held already keeps its hold.
    """
    found = Hold.objects.filter(run_id=run_id).first()
    if found and found.released_at is None and (found.seconds or not seconds):
        return found
    wanted = max(0, math.ceil(seconds))
    problem, cost = _room(workspace, run_id, wanted, meter)
    if problem:
        raise problem
    given: dict[str, Any] = {"workspace": workspace, "project_id": project_id, "meter": meter}
    given |= {"seconds": wanted, "cost": cost, "released_at": None}
    times = found.times + 1 if found else 1
    held = Hold.objects.update_or_create(run_id=run_id, defaults={**given, "times": times})[0]
    _note(held, Kind.HOLD, wanted)
    return held


@transaction.atomic
def no_room(
    workspace: Workspace,
    *,
    run_id: UUID,
    seconds: float = 60,
    meter: str = Meter.TRAINING_SECONDS,
) -> Problem | None:
    """Why the plan has no room for a run now. In a transaction, the answer holds until its end.

    Minutes come first: more of them than runs are what only the next month or another plan brings.
    """
    return _room(workspace, run_id, max(0, math.ceil(seconds)), meter)[0]


def _room(
    workspace: Workspace, run_id: UUID, seconds: int, meter: str
) -> tuple[Problem | None, Decimal]:
    """What is lacking, and what the run is expected to cost beyond the plan, in minor units."""
    lock(workspace)
    limits, others = limits_of(workspace), open_holds(workspace).exclude(run_id=run_id)
    cost = Decimal(0)
    try:
        cost = check_meter(workspace, meter, seconds, holds=others, limits=limits)
        refuse_over(workspace, limits, "runs", others.count(), 1)
    except Problem as problem:
        return problem, Decimal(0)
    return None, cost


def settle(*, run_id: UUID, attempt: int, seconds: float) -> LedgerEntry:
    """Books what an attempt of a run has used, once: a second delivery returns the first entry."""
    held = Hold.objects.select_related("workspace").get(run_id=run_id)
    amount = round(Decimal(max(0.0, seconds)), 3)
    return book(
        workspace=held.workspace,
        meter=held.meter,
        kind=Kind.SETTLE,
        amount=amount,
        source=run_id,
        attempt=attempt,
        run_id=run_id,
        project_id=held.project_id,
    )


@transaction.atomic
def release(*, run_id: UUID) -> None:
    """Gives the run's place and what was kept for it back. Twice is harmless; the time of the first stays."""
    held = Hold.objects.filter(run_id=run_id, released_at=None).first()
    if held and Hold.objects.filter(pk=held.pk, released_at=None).update(
        released_at=timezone.now()
    ):
        _note(held, Kind.RELEASE, -held.seconds)


@transaction.atomic
def refund(*, run_id: UUID, reason: str) -> list[LedgerEntry]:
    """Books back all that the run has used, in the months in which it was booked. Twice is harmless.

    `reason` is a word that the pages know: see words.REASONS.
    """
    used = LedgerEntry.objects.filter(run_id=run_id, source=run_id, kind=Kind.SETTLE)
    return [_back(entry, reason) for entry in used.select_related("workspace")]


def _back(entry: LedgerEntry, reason: str) -> LedgerEntry:
    return book(
        workspace=entry.workspace,
        meter=entry.meter,
        kind=Kind.REFUND,
        amount=-entry.amount,
        source=entry.source,
        attempt=entry.attempt,
        run_id=entry.run_id,
        project_id=entry.project_id,
        month=entry.month,
        note=reason,
        of=entry,
    )


def _note(held: Hold, kind: str, amount: int) -> None:
    """In the ledger; a hold of nothing but a place is no use."""
    if amount:
        entered(
            workspace_id=held.workspace_id,
            meter=held.meter,
            kind=kind,
            amount=Decimal(amount),
            source=held.run_id,
            attempt=held.times,
            run_id=held.run_id,
            project_id=held.project_id,
        )
