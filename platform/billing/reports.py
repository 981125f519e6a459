"""What a workspace has used in a month: by day, by project and by meter, with what is to be expected to its end."""

from __future__ import annotations

import calendar
import csv
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from uuid import UUID

from django.db.models import Max, Min, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Workspace
from billing import usage
from billing.limits import METERED
from billing.meters import Allowance, used_by_meter
from billing.models import USED, LedgerEntry, month_start
from billing.money import rounded

RECENT = 14  # days whose mean is the basis of the forecast
MILLI = Decimal("0.001")
LEAST = 1.0  # day of use without which nothing can be said


@dataclass(frozen=True)
class Row:
    """`amount` and `beyond` in the meter's units (seconds, predictions, tokens)."""

    day: date
    project_id: UUID | None
    project: str  # its name; "" where it is gone or there is none
    meter: str
    amount: Decimal
    beyond: Decimal
    cost: Decimal  # minor units, not rounded


@dataclass(frozen=True)
class Forecast:
    """In the limit's units. `days`: of use that it rests on."""

    name: str  # in LIMITS
    expected: int
    limit: int | None
    days: int
    full_on: date | None  # the day on which the limit would be reached, if it is this month
    spent: bool = False  # all that it allows is used

    @property
    def over(self) -> bool:
        return self.limit is not None and self.expected > self.limit


def months(workspace: Workspace) -> list[date]:
    """Those in which something was booked, and this one; the newest first."""
    rows = LedgerEntry.objects.filter(workspace=workspace, kind__in=USED).order_by()
    found = set(rows.values_list("month", flat=True).distinct())
    return sorted(found | {month_start().date()}, reverse=True)


def bounds(month: date) -> tuple[datetime, datetime]:
    """The first instant of the month and that of the next one, in the site's time zone."""
    zone = timezone.get_default_timezone()
    begin = datetime(month.year, month.month, 1, tzinfo=zone)
    days = calendar.monthrange(month.year, month.month)[1]
    after = month + timedelta(days=days)
    return begin, datetime(after.year, after.month, 1, tzinfo=zone)


def rows(workspace: Workspace, month: date) -> list[Row]:
    """By day, project and meter, of what counts to the month, in this order."""
    entries = LedgerEntry.objects.filter(workspace=workspace, month=month, kind__in=USED)
    day = TruncDate("at", tzinfo=timezone.get_default_timezone())
    names = ("day", "project_id", "meter", "price")
    found = entries.annotate(day=day).order_by().values(*names)
    added: dict[tuple[date, UUID | None, str], list[Decimal]] = defaultdict(
        lambda: [Decimal(0)] * 3
    )
    for row in found.annotate(used=Sum("amount"), over=Sum("beyond")):
        sums = added[row["day"], row["project_id"], row["meter"]]
        cost = row["over"] * row["price"] / METERED[row["meter"]].per
        for place, value in enumerate((row["used"], row["over"], cost)):
            sums[place] += value
    called = usage.project_names({project for _day, project, _meter in added if project})
    ordered = sorted(added, key=lambda key: (key[0], called.get(key[1], ""), str(key[1]), key[2]))
    return [
        Row(key[0], key[1], called.get(key[1], "") if key[1] else "", key[2], *added[key])
        for key in ordered
    ]


def by_project(found: list[Row]) -> list[tuple[str, dict[str, Decimal]]]:
    """(name of the project, meter -> amount), what has used most time first."""
    sums: dict[tuple[UUID | None, str], dict[str, Decimal]] = {}
    for row in found:
        mine = sums.setdefault((row.project_id, row.project), defaultdict(Decimal))
        mine[row.meter] += row.amount
    most = sorted(sums, key=lambda key: -sum(sums[key].values()))
    return [(name, dict(sums[project, name])) for project, name in most]


def forecast(workspace: Workspace, state: Allowance, now: datetime | None = None) -> list[Forecast]:
    """For every meter of which something was used lately: used so far, and the mean of late for each day to come."""
    now = timezone.localtime(now, timezone.get_default_timezone())
    _begin, after = bounds(now.date().replace(day=1))
    since = now - timedelta(days=RECENT)
    recent = LedgerEntry.objects.filter(
        workspace=workspace, kind__in=USED, at__gt=since, at__lte=now
    )
    lately = recent.order_by().values("meter").annotate(used=Sum("amount"), first=Min("at"))
    used, found = used_by_meter(workspace, now), []
    for row in lately:
        mine = used.get(row["meter"], Decimal(0))
        days = max(LEAST, min(RECENT, (now - row["first"]) / timedelta(days=1)))
        mean = max(Decimal(0), row["used"]) / Decimal(days)
        left = Decimal((after - now) / timedelta(days=1))
        one = _forecast(row["meter"], state, mine, mean, left, days)
        if one.limit is not None and (one.over or _spent(one, mine)):
            when = _full_on(one.name, state, mine, mean, now)
            one = replace(one, full_on=when, spent=_spent(one, mine))
        found.append(one)
    return sorted(found, key=lambda one: list(METERED).index(_meter_of(one.name)))


def _forecast(
    meter: str, state: Allowance, used: Decimal, mean: Decimal, left: Decimal, days: float
) -> Forecast:
    metered = METERED[meter]
    expected = rounded((used + mean * left) / _per(meter))
    limit = state.limits[metered.limit]
    return Forecast(metered.limit, expected, limit, rounded(Decimal(days)), None)


def _spent(one: Forecast, used: Decimal) -> bool:
    return used >= (one.limit or 0) * _per(_meter_of(one.name))


def _full_on(name: str, state: Allowance, used: Decimal, mean: Decimal, now: datetime) -> date:
    meter = _meter_of(name)
    room = max(Decimal(0), Decimal(state.limits[name] or 0) * _per(meter) - used)
    return (now + timedelta(days=float(room / mean) if mean else 0)).date()


def _per(meter: str) -> int:
    """The meter's units in one of the limit's."""
    return 60 if METERED[meter].per == 60 else 1


def _meter_of(limit: str) -> str:
    return next(one.name for one in METERED.values() if one.limit == limit)


def as_csv(found: list[Row], currency: str) -> Iterator[str]:
    """Lines of a CSV file with a header; a name that a spreadsheet would take for a formula is quoted."""
    yield _line(
        "day", "project", "project_id", "meter", "amount", "beyond", f"cost_{currency}_minor"
    )
    for row in found:
        named = f"'{row.project}" if row.project[:1] in "=+-@\t\r" and row.project else row.project
        amount, over = (one.quantize(MILLI) for one in (row.amount, row.beyond))
        money = row.cost.quantize(MILLI / 10)
        yield _line(
            row.day.isoformat(), named, row.project_id or "", row.meter, amount, over, money
        )


def _line(*cells: object) -> str:
    kept = StringIO()
    csv.writer(kept).writerow(cells)
    return kept.getvalue()


# --- one run --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Receipt:
    """What a run has cost its workspace. Seconds of its meter; `cost` in minor units."""

    meter: str
    held: int
    used: Decimal  # before anything was refunded
    refunded: Decimal
    reason: str  # of the refund, a word of words.REASONS; "" without one
    cost: int
    currency: str

    @property
    def paid(self) -> Decimal:
        return self.used - self.refunded


def receipts(run_ids: Collection[UUID], currency: str) -> dict[UUID, Receipt]:
    """Those of runs of which something was held or used, in one query."""
    found: dict[UUID, list[LedgerEntry]] = defaultdict(list)
    for entry in LedgerEntry.objects.filter(source__in=run_ids):
        if entry.source:
            found[entry.source].append(entry)
    return {run: _receipt(entries, currency) for run, entries in found.items()}


def _receipt(entries: list[LedgerEntry], currency: str) -> Receipt:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        sums[entry.kind] += entry.amount
    cost = sum((entry.cost for entry in entries if entry.kind in USED), Decimal(0))
    return Receipt(
        meter=entries[0].meter,
        held=int(sums["hold"] + sums["release"]),
        used=sums["settle"],
        refunded=-sums["refund"],
        reason=next((entry.note for entry in entries if entry.kind == "refund"), ""),
        cost=rounded(cost),
        currency=currency,
    )


def newest_use(workspace: Workspace) -> datetime | None:
    """When something was used last."""
    found: datetime | None = LedgerEntry.objects.filter(
        workspace=workspace, kind__in=USED
    ).aggregate(last=Max("at"))["last"]
    return found
