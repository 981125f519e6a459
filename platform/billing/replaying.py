"""Replays the ledger: what it adds up to has to be what the balances and the holds say. Done every night."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from billing.models import HELD, USED, Balance, Hold, LedgerEntry, thousandths
from notify.services import announce, operators

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """`kept`: what the balance or the hold says; `replayed`: what the entries add up to. In the meter's units."""

    what: str
    kept: Decimal
    replayed: Decimal


def differences() -> Iterator[Difference]:
    yield from _balances()
    yield from _holds()
    yield from _refunds()


def _balances() -> Iterator[Difference]:
    """Used, and beyond the plan, by workspace, meter and month."""
    names = ("workspace", "meter", "month")
    rows = LedgerEntry.objects.filter(kind__in=USED).order_by().values(*names)
    replayed = {
        tuple(row[name] for name in names): (thousandths(row["used"]), thousandths(row["over"]))
        for row in rows.annotate(used=Sum("amount"), over=Sum("beyond"))
    }
    columns = ("used_thousandths", "beyond_thousandths")
    kept = {
        tuple(row[name] for name in names): tuple(row[name] for name in columns)
        for row in Balance.objects.values(*names, *columns)
    }
    for key in sorted(replayed.keys() | kept.keys(), key=str):
        for what, one, other in zip(
            ("used", "beyond"), kept.get(key, (0, 0)), replayed.get(key, (0, 0)), strict=True
        ):
            if one != other:
                name = f"{what} {key[1]} {key[2]:%Y-%m} of workspace {key[0]}"
                yield Difference(name, Decimal(one) / 1000, Decimal(other) / 1000)


def _holds() -> Iterator[Difference]:
    """What is held now: the entries of a run's holds add up to what its hold still keeps."""
    rows = LedgerEntry.objects.filter(kind__in=HELD).order_by().values("run_id")
    replayed: dict[Any, Decimal] = {
        row["run_id"]: row["held"] for row in rows.annotate(held=Sum("amount"))
    }
    kept: dict[Any, int] = dict(
        Hold.objects.filter(released_at=None).values_list("run_id", "seconds")
    )
    for run in sorted(replayed.keys() | kept.keys(), key=str):
        one, other = Decimal(kept.get(run, 0)), Decimal(replayed.get(run, 0))
        if one != other:
            yield Difference(f"held by run {run}", one, other)


def _refunds() -> Iterator[Difference]:
    """Nothing is given back that was not used."""
    rows = LedgerEntry.objects.filter(kind__in=USED).order_by()
    left = rows.values("source", "attempt", "meter").annotate(left=Sum("amount"))
    for row in left.filter(left__lt=0, source__isnull=False):
        yield Difference(f"used for {row['source']} after its refund", Decimal(0), row["left"])


def check() -> list[Difference]:
    """Logs every difference and tells the operators, once a day as long as there are any."""
    found = list(differences())
    for one in found:
        log.error("The ledger: %s is kept as %s, replayed %s", one.what, one.kept, one.replayed)
    if found:
        values = {"count": len(found), "example": found[0].what}
        key = f"ledger.wrong:{timezone.now():%Y-%m-%d}"
        announce(
            kind="ledger.wrong",
            key=key,
            values=values,
            to=operators(),
            path="/admin/billing/balance/",
        )
    return found
