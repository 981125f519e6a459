"""Numbers of invoices: without a gap in each series and year, also when many are written at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.invoices.models import Counter, Seller

CREDIT_NOTES = "CN"  # put behind the prefix of the invoices


@dataclass(frozen=True)
class Number:
    series: str
    year: int
    running: int

    def __str__(self) -> str:
        return f"{self.series}-{self.year}-{self.running:05d}"


def series_of(*, credit_note: bool) -> str:
    prefix = (Seller.objects.values_list("prefix", flat=True).first() or "INV").upper()
    return f"{prefix}-{CREDIT_NOTES}" if credit_note else prefix


def take(series: str, at: datetime) -> Number:
    """The next number of the year (in the site's time zone). Only inside the transaction that writes the invoice:
    should that be undone, the number is free again, and until it ends nobody else gets the one after."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A number is taken in the transaction that writes its invoice.")
    year = timezone.localtime(at, timezone.get_default_timezone()).year
    counter = Counter.objects.filter(series=series, year=year)
    if not counter.update(last=F("last") + 1):
        Counter.objects.get_or_create(series=series, year=year)
        counter.update(last=F("last") + 1)
    return Number(series, year, counter.get().last)
