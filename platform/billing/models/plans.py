"""Plans and who has which. Runs and projects are named by id, not by key."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from billing.money import check_currency

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def _limit(label: str | StrPromise) -> models.PositiveBigIntegerField[int | None, int | None]:
    return models.PositiveBigIntegerField(label, null=True, blank=True)


def _money(label: str | StrPromise, help_text: str | StrPromise = "") -> Any:
    return models.PositiveBigIntegerField(label, null=True, blank=True, help_text=help_text)


def _price(label: str | StrPromise) -> Any:
    return models.DecimalField(
        label,
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("In minor units, beyond what is included. Empty: nothing beyond it."),
    )


# What a plan promises and costs: no more changed once somebody has had it.
OPEN = frozenset({"is_default", "public", "position", "retired_at", "used_at"})


class Plan(models.Model):
    """One version of a plan: limits (an empty one means unlimited), features and prices.

    Once a workspace has had it (`used_at`), what it promises and costs stays; a change is the next version of its
    family, see versions.py.
    """

    slug = models.SlugField(primary_key=True)
    name = models.CharField(_("name"), max_length=60)
    family = models.SlugField(_("family"), blank=True, help_text=_("What all versions share."))
    version = models.PositiveIntegerField(_("version"), default=1)
    description = models.CharField(_("description"), max_length=200, blank=True)
    public = models.BooleanField(
        _("offered"), default=False, help_text=_("Shown among the plans and their prices.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_default = models.BooleanField(_("default for new workspaces"), default=False)
    currency = models.CharField(
        _("currency"), max_length=3, default="USD", validators=[check_currency]
    )
    price_monthly = _money(
        _("price a month"), _("In minor units, such as cents. Empty: not sold by the month.")
    )
    price_yearly = _money(
        _("price a year"), _("In minor units, such as cents. Empty: not sold by the year.")
    )
    features = models.JSONField(_("features"), default=list, blank=True)
    bases = models.JSONField(
        _("base models"), default=list, blank=True, help_text=_("Ids; empty: all of them.")
    )
    max_projects = _limit(_("projects"))
    max_members = _limit(_("members"))
    max_rows = _limit(_("rows a dataset"))
    max_dataset_bytes = _limit(_("size of a dataset in bytes"))
    max_storage_bytes = _limit(_("storage in bytes"))
    max_concurrent_runs = models.PositiveIntegerField(
        _("concurrent runs"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_training_minutes = _limit(_("training minutes a month"))
    max_gpu_minutes = _limit(_("GPU minutes a month"))
    max_run_minutes = _limit(_("minutes a run"))
    max_run_memory_bytes = _limit(_("memory of a run in bytes"))
    max_base_parameters = _limit(_("parameters of a base model"))
    max_predictions = _limit(_("predictions a month"))
    max_tokens = _limit(_("tokens a month"))
    max_endpoints = _limit(_("endpoints"))
    request_log_days = _limit(_("days of the request log"))
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
    price_minute = _price(_("price of a training minute"))
    price_gpu_minute = _price(_("price of a GPU minute"))
    price_predictions = _price(_("price of a thousand predictions"))
    price_tokens = _price(_("price of a thousand tokens"))
    used_at = models.DateTimeField(_("in use since"), null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(_("no longer offered since"), null=True, blank=True)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["position", "family", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_plan"
            ),
            models.UniqueConstraint(fields=["family", "version"], name="plan_version_once"),
        ]

    def __str__(self) -> str:
        return self.name if self.version == 1 else f"{self.name} ({self.version})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises TypeError where a plan that somebody has had would promise or cost something else."""
        self.family = self.family or self.slug
        if not self._state.adding and self.used_at and (changed := self.changes()):
            raise TypeError(f"The plan {self.pk} is in use: {', '.join(changed)} stay")
        super().save(*args, **kwargs)

    def changes(self) -> list[str]:
        """Names of the terms that differ from what is written down."""
        stored: Any = Plan.objects.filter(pk=self.pk).values().first() or {}
        return [name for name in stored if name not in OPEN and stored[name] != getattr(self, name)]


class Subscription(models.Model):
    """The plan that a workspace has. Its row is what parallel starts of runs queue up on."""

    class Concession(models.TextChoices):
        NONE = "", _("none")
        STUDENT = "student", _("student or teacher")
        NONPROFIT = "nonprofit", _("non-profit organisation")

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
    # A larger plan for a while; `plan` counts again when it has ended.
    trial_plan = models.ForeignKey(
        Plan, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("trial of")
    )
    trial_ends_at = models.DateTimeField(_("trial ends"), null=True, blank=True)
    trials = models.JSONField(_("families that were tried"), default=list, editable=False)
    concession = models.CharField(
        _("reduced for"), max_length=10, choices=Concession, blank=True, default=""
    )
    concession_percent = models.PositiveSmallIntegerField(
        _("discount in percent"), default=0, validators=[MaxValueValidator(100)]
    )
    # Set by an owner: the most that use beyond what is included may cost in a month. 0: nothing beyond it.
    spending_cap = models.PositiveBigIntegerField(
        _("spending cap a month"), default=0, help_text=_("In minor units, such as cents.")
    )
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
    by_invoice = models.BooleanField(
        _("pays by invoice"),
        default=False,
        help_text=_(
            "Its invoices are paid by transfer, also where others pay by card: you record what has come."
        ),
    )
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

    @property
    def in_trial(self) -> bool:
        ends = self.trial_ends_at
        return bool(self.trial_plan_id and ends and ends > timezone.now())

    @property
    def effective(self) -> Plan:
        """The plan whose limits count at the moment."""
        return self.trial_plan if self.in_trial and self.trial_plan else self.plan


class Override(models.Model):
    """A limit or a feature that one workspace has otherwise than its plan says."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="overrides")
    name = models.CharField(_("limit or feature"), max_length=30)
    value = models.PositiveBigIntegerField(
        _("value"),
        null=True,
        blank=True,
        help_text=_("Empty: unlimited. Of a feature, 1 switches it on and 0 off."),
    )
    reason = models.CharField(_("reason"), max_length=200)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta:
        verbose_name = _("override")
        verbose_name_plural = _("overrides")
        ordering = ["-made_at"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="override_once")]

    def __str__(self) -> str:
        return f"{self.workspace} · {self.name}"
