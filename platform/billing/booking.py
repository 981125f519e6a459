"""Writes entries of the ledger, each once, with what of it lies beyond the plan and at what price."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Workspace
from billing.allowing import Limits, limits_of
from billing.limits import METERED
from billing.models import Balance, LedgerEntry, month_of


def beyond(used: Decimal | int, wanted: Decimal | int, allowed: Decimal | int) -> Decimal:
    """What of `wanted` lies beyond what is included, `used` having been used before. Negative for a negative."""
    before = max(Decimal(0), Decimal(used) - allowed)
    after = max(Decimal(0), Decimal(used) + wanted - allowed)
    return after - before


def book(
    *,
    workspace: Workspace,
    meter: str,
    kind: str,
    amount: Decimal,
    source: UUID | None,
    attempt: int = 1,
    month: date | None = None,
    of: LedgerEntry | None = None,
    **fields: Any,
) -> LedgerEntry:
    """Books use, or gives it back (`of`: the entry that is refunded), once for each (source, attempt, meter, kind).

    How much lies beyond the plan and its price are written down now: what the plan says later changes no bill.
    """
    key = {"source": source, "attempt": attempt, "meter": meter, "kind": kind}
    month = month or month_of()
    given = {"workspace": workspace, "amount": amount, "month": month, **fields}
    try:
        with transaction.atomic():
            # Locks the row: two at once would both take the last that is included.
            balance = Balance.locked(workspace, meter, month)
            if found := LedgerEntry.objects.filter(**key).first():
                return found
            over, price = _over(workspace, balance, amount, of)
            return LedgerEntry.objects.create(**key, **given, beyond=over, price=price)
    except IntegrityError:
        return LedgerEntry.objects.get(**key)


def entered(
    *, source: UUID | None, meter: str, kind: str, attempt: int = 1, **fields: Any
) -> LedgerEntry:
    """The entry with this key, written now unless it is there. For what is no use: holds and their end."""
    key = {"source": source, "attempt": attempt, "meter": meter, "kind": kind}
    return LedgerEntry.objects.get_or_create(**key, defaults=fields)[0]


def _over(
    workspace: Workspace, balance: Balance, amount: Decimal, of: LedgerEntry | None
) -> tuple[Decimal, Decimal]:
    """(what lies beyond the limit, price)."""
    limits = limits_of(workspace)
    allowed, price = included(limits, balance.meter), _price(limits, balance.meter)
    over = beyond(balance.used, amount, allowed) if allowed is not None else Decimal(0)
    if of is None:
        return (over, price) if price is not None else (Decimal(0), Decimal(0))
    return _returned(of, over, balance.beyond, price)


def _returned(
    of: LedgerEntry, over: Decimal, charged: Decimal, price: Decimal | None
) -> tuple[Decimal, Decimal]:
    """At least what that entry has cost is given back, and no more than was charged in the month.

    Where other runs were charged since, because this one had taken what is included, theirs is given back.
    """
    if of.beyond:
        return -min(max(of.beyond, -over), max(charged, of.beyond)), of.price
    return -min(-over, max(charged, Decimal(0))), price or Decimal(0)


def included(limits: Limits, meter: str) -> Decimal | None:
    """In the meter's own units; None: unlimited."""
    metered = METERED[meter]
    limit = limits[metered.limit]
    if limit is None:
        return None
    return Decimal(limit * 60 if metered.per == 60 else limit)


def _price(limits: Limits, meter: str) -> Decimal | None:
    found: Decimal | None = getattr(limits.plan, METERED[meter].price)
    return found
