"""Plans and what they allow, and the ledger of what was used. Runs and projects are named by id, not by key."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def _limit(label: str | StrPromise) -> models.PositiveBigIntegerField[int | None, int | None]:
    return models.PositiveBigIntegerField(label, null=True, blank=True)


class Plan(models.Model):
    """Limits of a workspace. An empty limit means unlimited."""

    slug = models.SlugField(primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    is_default = models.BooleanField(_("default for new workspaces"), default=False)
    max_projects = _limit(_("projects"))
    max_rows = _limit(_("rows a dataset"))
    max_storage_bytes = _limit(_("storage in bytes"))
    max_concurrent_runs = models.PositiveIntegerField(
        _("concurrent runs"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_training_minutes = _limit(_("training minutes a month"))
    max_run_minutes = _limit(_("minutes a run"))
    max_run_memory_bytes = _limit(_("memory of a run in bytes"))
    share = models.PositiveSmallIntegerField(
        _("share of the machines"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("While runs wait, a plan with 2 gets twice the training time of one with 1."),
    )
    max_devices = models.PositiveSmallIntegerField(
        _("devices of a run"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    keep_models_days = models.PositiveIntegerField(
        _("days that models are kept"), null=True, blank=True, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """The plan that a workspace has. Its row is what parallel starts of runs queue up on."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        PAST_DUE = "past_due", _("payment is late")
        GRACE = "grace", _("read-only")  # for some time, see grace_ends
        ENDED = "ended", _("ended")

    class Interval(models.TextChoices):
        MONTH = "month", _("month")
        YEAR = "year", _("year")

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="subscription")
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="subscriptions")
    since = models.DateTimeField(auto_now_add=True)
    # --- what is paid for; see subscriptions/ -----------------------------------------------------------------------
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.ACTIVE)
    interval = models.CharField(_("paid by the"), max_length=5, choices=Interval, blank=True)
    period_start = models.DateTimeField(_("period since"), null=True, blank=True)
    period_end = models.DateTimeField(_("period until"), null=True, blank=True)
    anchor = models.DateTimeField(null=True, editable=False)  # from which the ends of periods count
    # Net of what was charged for the time from `value_from` to the end of the period, in minor units.
    value = models.BigIntegerField(default=0, editable=False)
    value_from = models.DateTimeField(null=True, editable=False)
    cancel_at_period_end = models.BooleanField(_("ends with the period"), default=False)
    next_plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("next plan")
    )
    next_interval = models.CharField(max_length=5, choices=Interval, blank=True)
    late_since = models.DateTimeField(_("late since"), null=True, blank=True)
    grace_ends = models.DateTimeField(_("read-only until"), null=True, blank=True)
    provider = models.CharField(_("payment by"), max_length=12, blank=True)
    provider_ref = models.CharField(_("customer at the provider"), max_length=120, blank=True)
    provider_method = models.CharField(_("card at the provider"), max_length=120, blank=True)
    # Touched by every hold: the write lock that makes check-and-hold atomic on every database.
    holds_made = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.workspace} · {self.plan}"


class Hold(models.Model):
    """A run's claim on one of the plan's concurrent runs; ends when the run does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="holds")
    run_id = models.UUIDField(unique=True)
    project_id = models.UUIDField()
    # Of the month's training minutes, kept from other runs until this one ends.
    minutes = models.PositiveIntegerField(default=0)
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


class LedgerEntry(models.Model):
    """One use of one meter. Append-only: a correction is another entry."""

    class Meter(models.TextChoices):
        TRAINING_SECONDS = "training_seconds", _("training seconds")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="ledger")
    meter = models.CharField(max_length=30, choices=Meter)
    amount = models.DecimalField(max_digits=16, decimal_places=3)
    run_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    attempt = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(auto_now_add=True)
    note = models.CharField(max_length=200, blank=True)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        ordering = ["-at"]
        constraints = [
            # The idempotency key: a settlement delivered twice is booked once.
            models.UniqueConstraint(fields=["run_id", "attempt", "meter"], name="ledger_once")
        ]
        indexes = [models.Index(fields=["workspace", "meter", "at"])]

    def __str__(self) -> str:
        return f"{self.amount} {self.meter}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(_FIXED)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(_FIXED)


# The models of invoices are this app's, too.
from billing.invoices import models as _invoices  # noqa: E402, F401
