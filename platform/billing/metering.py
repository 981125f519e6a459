"""Predictions and their tokens: booked before they are made, given back where there was no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import Workspace
from billing.booking import book
from billing.models import Balance, LedgerEntry, Meter, month_of
from billing.nearing import look
from billing.spending import check_meter

Kind = LedgerEntry.Kind
UNANSWERED = "unanswered"


@dataclass
class Use:
    """What one request uses; whoever answers says how many tokens were read and written."""

    tokens: int = 0


@contextmanager
def used(
    workspace: Workspace, *, predictions: int, run_id: UUID, project_id: UUID
) -> Iterator[Use]:
    """Around the making of predictions. Raises Problem(`quota.predictions`, `quota.tokens`, `quota.spending`) before,
    and books what was taken back when it raises inside. Not to be called in a transaction: models take their time.
    """
    given: dict[str, Any] = {"source": uuid4(), "run_id": run_id, "project_id": project_id}
    first = _take(workspace, predictions, given)
    use = Use()
    try:
        yield use
    except BaseException:
        _give_back(workspace, first, given)
        raise
    if use.tokens:
        _book(workspace, Meter.TOKENS, use.tokens, given)
    look(workspace, ("predictions", "tokens"))


@transaction.atomic
def _take(workspace: Workspace, predictions: int, given: dict[str, Any]) -> LedgerEntry:
    """Check and booking are one step: the row of the month's balance is locked first."""
    Balance.locked(workspace, Meter.PREDICTIONS, month_of())
    check_meter(workspace, Meter.PREDICTIONS, predictions)
    check_meter(workspace, Meter.TOKENS, 1)
    return _book(workspace, Meter.PREDICTIONS, predictions, given)


def _give_back(workspace: Workspace, first: LedgerEntry, given: dict[str, Any]) -> None:
    """In the month in which it was taken."""
    back: dict[str, Any] = {
        "kind": Kind.REFUND,
        "amount": -first.amount,
        "month": first.month,
        "of": first,
    }
    book(workspace=workspace, meter=first.meter, note=UNANSWERED, **back, **given)


def _book(workspace: Workspace, meter: str, amount: int, given: dict[str, Any]) -> LedgerEntry:
    return book(workspace=workspace, meter=meter, kind=Kind.USE, amount=Decimal(amount), **given)
