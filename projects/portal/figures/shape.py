"""What a figure of the operator's dashboard is: a name, a definition that the reader sees, and a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateTimeField, F
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

DAYS = (7, 30, 90, 365)
TRUNCATE = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
# How a column is written; CSV has the plain values.
TEXT, COUNT, SECONDS, SHARE, MONEY, DAY, HOURS = (
    "text", "count", "seconds", "share", "money", "day", "hours",
)  # fmt: skip


@dataclass(frozen=True)
class Period:
    """The last `days` days until now, today among them; days begin at midnight in the site's time zone."""

    days: int
    now: datetime

    @classmethod
    def of(cls, days: Any, now: datetime | None = None) -> Period:
        wanted = int(days) if str(days).isdigit() else DAYS[1]
        return cls(wanted if wanted in DAYS else DAYS[1], now or timezone.now())

    @property
    def zone(self) -> Any:
        return timezone.get_default_timezone()

    @property
    def start(self) -> datetime:
        today = timezone.localtime(self.now, self.zone)
        return self._midnight(today.date() - timedelta(days=self.days - 1))

    @property
    def before(self) -> datetime:
        """Where the period of the same length before this one begins."""
        return self._midnight(self.start.date() - timedelta(days=self.days))

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    @property
    def unit(self) -> str:
        return "day" if self.days <= 31 else "week" if self.days <= 92 else "month"

    def truncated(self, path: str) -> Any:
        """For annotate(): the day, week or month, in the site's time zone, in which `path` lies."""
        return TRUNCATE[self.unit](F(path), tzinfo=self.zone, output_field=DateTimeField())

    def buckets(self) -> list[date]:
        """The first days of all days, weeks or months of the period, those without anything among them."""
        found: dict[date, None] = {}
        day = self.start.date()
        last = timezone.localtime(self.now, self.zone).date()
        while day <= last:
            found[self.first(day)] = None
            day += timedelta(days=1)
        return list(found)

    def first(self, day: date) -> date:
        """Of the day, week or month that the day lies in."""
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.unit == "month" else day


@dataclass(frozen=True)
class Table:
    """What a figure has found. `value` stands on top, written as `form`; `links` are addresses of the rows, by row."""

    heads: Sequence[Any]
    forms: Sequence[str]
    rows: Sequence[tuple[Any, ...]]
    value: Any = None
    form: str = COUNT
    note: Any = ""
    link: str = ""
    links: Sequence[str] = field(default_factory=list)
    currency: str = ""

    @property
    def empty(self) -> bool:
        return not any(value for row in self.rows for value in row[1:])


@dataclass(frozen=True)
class Figure:
    """`definition` says what is counted and what is not. `chart`: bars, stack, lines, across, heat, or none."""

    name: str
    group: str
    title: Any
    definition: Any
    make: Callable[[Period], Table]
    chart: str = "bars"
    nothing: Any = ""  # what it takes for there to be something


def over_time(period: Period, found: dict[date, Any], empty: Any = 0) -> list[tuple[date, Any]]:
    """One row a bucket, in order."""
    return [(day, found.get(day, empty)) for day in period.buckets()]


def changelist(model: str, **filters: Any) -> str:
    """The address of a list in the admin, such as changelist("runs_run", status__exact="failed"); "" where the admin
    has no such list."""
    try:
        address = reverse(f"admin:{model}_changelist")
    except NoReverseMatch:
        return ""
    query = urlencode({name: _plain(value) for name, value in filters.items() if value != ""})
    return address + (f"?{query}" if query else "")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S%z")
    return str(value)
