"""What was used: holds, the ledger, and what it adds up to. Runs and projects are named by id, not by key."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from billing.limits import METERED
from billing.money import rounded


class Meter(models.TextChoices):
    """What the ledger counts; see limits.METERED."""

    TRAINING_SECONDS = "training_seconds", _("training seconds")
    GPU_SECONDS = "gpu_seconds", _("GPU seconds")
    PREDICTIONS = "predictions", _("predictions")
    TOKENS = "tokens", _("tokens")


class Hold(models.Model):
    """A run's claim on one of the plan's concurrent runs, and on what it is expected to use; ends when the run does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="holds")
    run_id = models.UUIDField(unique=True)
    project_id = models.UUIDField()
    meter = models.CharField(max_length=30, choices=Meter, default=Meter.TRAINING_SECONDS)
    # Kept from other runs until this one ends: of the month's training, and of the spending cap in minor units.
    seconds = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=18, decimal_places=6, default=Decimal(0))
    # How often the run was held: it is again after a pause. The ledger's `attempt` of holds.
    times = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [
            models.Index(
                fields=["workspace"], condition=models.Q(released_at=None), name="open_holds"
            )
        ]

    def __str__(self) -> str:
        return str(self.run_id)


_FIXED = "The ledger is append-only: write a correcting entry instead."


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    def update(self, **kwargs: Any) -> int:
        raise TypeError(_FIXED)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(_FIXED)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError(_FIXED)

    def bulk_create(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Entries are written one by one: each moves a balance")


class LedgerEntry(models.Model):
    """One line of the ledger. Append-only: a correction is another entry. Writing one moves its month's balance."""

    Meter = Meter

    class Kind(models.TextChoices):
        HOLD = "hold", _("held")  # what a run is expected to use
        RELEASE = "release", _("given back")  # … no more held; negative
        SETTLE = "settle", _("used by a run")
        USE = "use", _("used")  # by what is not held first, such as a prediction
        REFUND = "refund", _("refunded")  # negative, in the month of what it refunds

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="ledger")
    meter = models.CharField(max_length=30, choices=Meter)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SETTLE)
    amount = models.DecimalField(max_digits=16, decimal_places=3)
    # Of the amount, what lies beyond the plan's limit, and its price in minor units for Metered.per at that moment.
    beyond = models.DecimalField(max_digits=16, decimal_places=3, default=Decimal(0))
    price = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(0))
    run_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    # What was used for it: the run itself, or one request for predictions.
    source = models.UUIDField(null=True)
    attempt = models.PositiveIntegerField(default=1)
    month = models.DateField(editable=False)  # the first of it, in the site's time zone
    at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=200, blank=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-at"]
        constraints = [
            # The idempotency key: what is delivered twice is booked once.
            models.UniqueConstraint(
                fields=["source", "attempt", "meter", "kind"], name="ledger_once"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "meter", "at"]),
            models.Index(fields=["workspace", "month"], name="ledger_month"),
            models.Index(fields=["run_id"], name="ledger_run"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.meter}"

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(_FIXED)
        self.source = self.source or self.run_id
        self.month = self.month or month_of(self.at)
        super().save(*args, **kwargs)
        if self.kind in USED:
            Balance.add(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(_FIXED)

    @property
    def cost(self) -> Decimal:
        """Of what lies beyond the limit, in minor units, not rounded."""
        return Decimal(self.beyond) * Decimal(self.price) / METERED[self.meter].per


USED = (LedgerEntry.Kind.SETTLE, LedgerEntry.Kind.USE, LedgerEntry.Kind.REFUND)
HELD = (LedgerEntry.Kind.HOLD, LedgerEntry.Kind.RELEASE)


def month_start(now: datetime | None = None) -> datetime:
    """The first instant of the calendar month, in the site's time zone."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime | None = None) -> date:
    return month_start(now).date()


class Balance(models.Model):
    """What the ledger of a month adds up to: read by every check, and compared with the ledger every night."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="balances")
    meter = models.CharField(max_length=30, choices=Meter)
    month = models.DateField()
    # Whole numbers: a database that keeps decimals as floats could not add them up exactly.
    used_thousandths = models.BigIntegerField(default=0)
    beyond_thousandths = models.BigIntegerField(default=0)
    cost_millionths = models.BigIntegerField(default=0)  # of a minor unit

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "meter", "month"], name="balance_once")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.meter}: {self.used}"

    @property
    def used(self) -> Decimal:
        return Decimal(self.used_thousandths) / 1000

    @property
    def beyond(self) -> Decimal:
        return Decimal(self.beyond_thousandths) / 1000

    @property
    def cost(self) -> Decimal:
        """Minor units, not rounded."""
        return Decimal(self.cost_millionths) / 1_000_000

    @classmethod
    def add(cls, entry: LedgerEntry) -> None:
        """In the transaction of the entry."""
        where: dict[str, Any] = {
            "workspace_id": entry.workspace_id,
            "meter": entry.meter,
            "month": entry.month,
        }
        added = {
            "used_thousandths": F("used_thousandths") + thousandths(entry.amount),
            "beyond_thousandths": F("beyond_thousandths") + thousandths(entry.beyond),
            "cost_millionths": F("cost_millionths") + rounded(entry.cost * 1_000_000),
        }
        if not cls.objects.filter(**where).update(**added):
            cls.objects.get_or_create(**where)
            cls.objects.filter(**where).update(**added)

    @classmethod
    def locked(cls, workspace: Workspace, meter: str, month: date) -> Balance:
        """The row, which nobody else can change until this transaction has ended, on every database."""
        rows = cls.objects.filter(workspace=workspace, meter=meter, month=month)
        touched = {"used_thousandths": F("used_thousandths")}
        if not rows.update(**touched):
            cls.objects.get_or_create(workspace=workspace, meter=meter, month=month)
            rows.update(**touched)
        return rows.get()


def thousandths(amount: Decimal | int | float) -> int:
    return rounded(Decimal(amount) * 1000)
