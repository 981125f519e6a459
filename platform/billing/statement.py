"""What was used and what it costs, as the lines of an invoice.

Quantities are sums of the ledger, to the thousandth of a second. The amount of a line is what its entries beyond the
plan add up to, at the price that each was booked with, rounded half up to the minor unit, once for a price and month:
the rounded sum up to the end of the period less the rounded sum up to its beginning. So the lines of any two periods
side by side add up to those of the whole, to the cent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q, Sum

from accounts.models import Workspace
from billing.limits import METERED
from billing.models import USED, LedgerEntry, month_of
from billing.money import rounded

Key = tuple[str, Decimal, date]  # meter, price, month


@dataclass(frozen=True)
class Line:
    """Quantities in the meter's own units (seconds, predictions, tokens); `unit_price` in minor units for `per`."""

    meter: str
    quantity: Decimal  # all that was used, what was refunded taken off
    included: Decimal  # of it, within the plan
    overage: Decimal  # of it, beyond the plan
    unit_price: Decimal  # 0 where nothing beyond the plan was charged
    per: int
    amount: int  # minor units; negative where more was given back than used

    @property
    def label(self) -> str:
        return str(METERED[self.meter].label)

    @property
    def unit(self) -> str:
        return str(METERED[self.meter].unit)

    @property
    def units(self) -> Decimal:
        """Of what the price is for, such as minutes."""
        return self.overage / self.per


def lines(workspace: Workspace, start: datetime, end: datetime) -> list[Line]:
    """What was used from `start` on and before `end`: a line for each meter and price, in the order of METERED.

    A refund counts in the month of what it refunds, also where it is booked after that month: the lines of a month that
    has ended say less then, and what an invoice of it has taken too much can be given back.
    """
    until = _sums(workspace, end)
    before = _sums(workspace, start)
    used: dict[tuple[str, Decimal], list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0), 0])
    for key in sorted(until.keys() | before.keys()):
        meter, price, _month = key
        (amount, over), (amount_0, over_0) = until.get(key, NONE), before.get(key, NONE)
        line = used[meter, price]
        line[0] += amount - amount_0
        line[1] += over - over_0
        line[2] += cost(meter, price, over) - cost(meter, price, over_0)
    return [_line(*key, *used[key]) for key in sorted(used, key=_order) if any(used[key])]


def total(found: Iterable[Line]) -> int:
    """Minor units."""
    return sum(line.amount for line in found)


def cost(meter: str, price: Decimal, over: Decimal) -> int:
    """Minor units, rounded half up."""
    return rounded(over * price / METERED[meter].per)


NONE = (Decimal(0), Decimal(0))


def _sums(workspace: Workspace, until: datetime) -> dict[Key, tuple[Decimal, Decimal]]:
    """(amount, of it beyond the plan) of all that was used before: of the months before, and of this one by time."""
    month = month_of(until)
    before = Q(month__lt=month) | Q(month=month, at__lt=until)
    rows = LedgerEntry.objects.filter(before, workspace=workspace, kind__in=USED)
    found = rows.order_by().values("meter", "price", "month")
    return {
        (row["meter"], row["price"], row["month"]): (row["used"], row["over"])
        for row in found.annotate(used=Sum("amount"), over=Sum("beyond"))
    }


def _line(meter: str, price: Decimal, used: Decimal, over: Decimal, amount: int) -> Line:
    return Line(meter, used, used - over, over, price, METERED[meter].per, amount)


def _order(key: tuple[str, Decimal]) -> tuple[int, Decimal]:
    return list(METERED).index(key[0]), key[1]
