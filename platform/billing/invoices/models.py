"""Invoices, what was paid for them, credits and coupons. Amounts are whole numbers in minor units of a currency.

What was issued never changes: a correction is a credit note, a payment that goes back is another payment.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Workspace

FIXED = "What was issued stays as it is: write a credit note or a further entry instead."


class Once(models.QuerySet[Any]):
    """Rows that are written once. Columns named in the model's `STATE` may move; the rest may not."""

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) - set(getattr(self.model, "STATE", ())):
            raise TypeError(FIXED)
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise TypeError(FIXED)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise TypeError(FIXED)


class WrittenOnce(models.Model):
    objects = Once.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(FIXED)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError(FIXED)


class Seller(models.Model):
    """Who sends the invoices: one row, whose words are copied onto each invoice."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("legal name"), max_length=120, blank=True)
    address = models.TextField(_("address"), max_length=500, blank=True)
    country = models.CharField(
        _("country"), max_length=2, blank=True, help_text=_("Two letters, such as DE.")
    )
    tax_id = models.CharField(_("tax number"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    payment = models.TextField(
        _("how to pay"),
        max_length=800,
        blank=True,
        help_text=_("Stands on invoices that are paid by transfer, such as the bank account."),
    )
    footer = models.TextField(_("last line of invoices"), max_length=500, blank=True)
    prefix = models.SlugField(
        _("beginning of the numbers"), max_length=12, blank=True, default="INV"
    )

    class Meta:
        verbose_name = _("seller")
        verbose_name_plural = _("seller")

    def __str__(self) -> str:
        return self.name or str(_("not filled in yet"))


class TaxRate(models.Model):
    """What is added to a net amount for customers of a country; `*` stands for all other countries."""

    country = models.CharField(
        _("country"),
        max_length=2,
        unique=True,
        help_text=_("Two letters, such as DE; * for the others."),
    )
    percent = models.DecimalField(
        _("percent"),
        max_digits=6,
        decimal_places=3,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    reverse_charge = models.BooleanField(
        _("companies abroad pay it themselves"),
        default=False,
        help_text=_(
            "A customer with a tax number in this country is charged none; the invoice says so."
        ),
    )

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ["country"]

    def __str__(self) -> str:
        return f"{self.country} {self.percent.normalize():f} %"


class BillingDetails(models.Model):
    """To whom the invoices of a workspace are addressed."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="billing_details")
    name = models.CharField(_("name or company"), max_length=120, blank=True)
    address = models.TextField(_("address"), max_length=500, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=60, blank=True)
    email = models.EmailField(_("e-mail address for invoices"), blank=True)
    reference = models.CharField(_("your reference"), max_length=60, blank=True)
    exempt = models.BooleanField(_("pays no tax"), default=False)

    class Meta:
        verbose_name = _("billing details")
        verbose_name_plural = _("billing details")

    def __str__(self) -> str:
        return self.name or str(self.workspace)


class Counter(models.Model):
    """The last number of a series and year. Raised in the transaction that writes the invoice: no gaps."""

    series = models.CharField(max_length=16)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="counter_once")]

    def __str__(self) -> str:
        return f"{self.series} {self.year}: {self.last}"


class Invoice(WrittenOnce):
    """A claim, or with kind `credit_note` what takes (part of) one back; then its amounts are below zero."""

    class Kind(models.TextChoices):
        CHANGE = "change", _("change of the plan")  # the plan starts when it is paid, or at once
        RENEWAL = "renewal", _("next period")
        USAGE = "usage", _("usage beyond the plan")
        CREDIT_NOTE = "credit_note", _("credit note")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        VOID = "void", _("void")
        UNCOLLECTIBLE = "uncollectible", _("not collectible")

    # What moves after it was issued; all else is fixed.
    STATE = (
        "status",
        "paid_at",
        "closed_at",
        "applied_at",
        "reminded",
        "tries",
        "try_at",
        "checkout_ref",
        "overdue_at",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(
        Workspace, models.SET_NULL, null=True, related_name="invoices", verbose_name=_("workspace")
    )
    number = models.CharField(_("number"), max_length=40, unique=True)
    series = models.CharField(max_length=16)
    year = models.PositiveSmallIntegerField()
    running = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    # What it is for, so that the same is never claimed twice: renewal:<workspace>:<begin of the period> …
    key = models.CharField(max_length=120, unique=True)
    status = models.CharField(_("state"), max_length=14, choices=Status, default=Status.OPEN)
    currency = models.CharField(max_length=3)
    subtotal = models.BigIntegerField(_("net"))  # after discounts, before tax
    tax_percent = models.DecimalField(max_digits=6, decimal_places=3, default=0)
    tax = models.BigIntegerField(_("tax"), default=0)
    total = models.BigIntegerField(_("total"))
    credit = models.BigIntegerField(default=0)  # of the total, what credits have paid
    plan = models.ForeignKey("billing.Plan", models.PROTECT, null=True, related_name="+")
    interval = models.CharField(_("paid by the"), max_length=5, blank=True)
    period_start = models.DateTimeField(_("period since"), null=True)
    period_end = models.DateTimeField(_("period until"), null=True)
    # Net of the plan's part in it: what is given back in parts when the plan is changed within the period.
    value = models.BigIntegerField(default=0)
    # With tax: becomes a credit when the plan begins, because more comes back than there was to pay.
    left_over = models.BigIntegerField(default=0)
    seller = models.JSONField(default=dict)
    customer = models.JSONField(default=dict)
    note = models.CharField(max_length=20, blank=True)  # reverse_charge, exempt
    provider = models.CharField(_("payment by"), max_length=12)
    corrects = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="credit_notes", verbose_name=_("corrects")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    paid_at = models.DateTimeField(_("paid"), null=True)
    closed_at = models.DateTimeField(_("void or given up"), null=True)
    # The change of the plan that it is for has happened.
    applied_at = models.DateTimeField(_("plan begun"), null=True)
    overdue_at = models.DateTimeField(_("overdue since"), null=True)  # when it was told that it is
    reminded = models.PositiveSmallIntegerField(_("reminders"), default=0)
    # To collect it without the customer.
    tries = models.PositiveSmallIntegerField(_("tries of the card"), default=0)
    try_at = models.DateTimeField(_("next try"), null=True)
    checkout_ref = models.CharField(_("payment page"), max_length=120, blank=True)

    class Meta(WrittenOnce.Meta):
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-issued_at", "-running"]
        constraints = [
            models.UniqueConstraint(fields=["series", "year", "running"], name="number_once"),
            models.CheckConstraint(
                condition=models.Q(total=models.F("subtotal") + models.F("tax")),
                name="invoice_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-issued_at"], name="invoices_of"),
            models.Index(
                fields=["due_at"], condition=models.Q(status="open"), name="open_invoices"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_offer(self) -> bool:
        """Of a plan that begins when it is paid: nobody owes it. As the query `selectors.OFFERS` finds them."""
        return self.kind == self.Kind.CHANGE and self.applied_at is None

    @property
    def is_credit_note(self) -> bool:
        return self.kind == self.Kind.CREDIT_NOTE


class InvoiceLine(WrittenOnce):
    """One line of an invoice. Its words are made from `kind` and `values` in the reader's language."""

    class Kind(models.TextChoices):
        PLAN = "plan", _("plan")
        UNUSED = "unused", _("unused time")
        USAGE = "usage", _("usage")
        STUDENT = "student", _("reduced price")
        COUPON = "coupon", _("coupon")
        CORRECTION = "correction", _("correction")

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    values = models.JSONField(default=dict)
    quantity = models.DecimalField(max_digits=20, decimal_places=6, default=1)
    # In minor units, with parts of one: what a single token costs is far below a cent.
    unit_price = models.DecimalField(max_digits=20, decimal_places=8)
    amount = models.BigIntegerField()

    class Meta(WrittenOnce.Meta):
        verbose_name = _("line of an invoice")
        verbose_name_plural = _("lines of an invoice")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class Payment(WrittenOnce):
    """Money that came for an invoice, or went back for it (below zero)."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    amount = models.BigIntegerField(_("amount"))
    provider = models.CharField(_("payment by"), max_length=12)
    reference = models.CharField(_("reference"), max_length=120, blank=True)
    key = models.CharField(max_length=150, unique=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta(WrittenOnce.Meta):
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.amount} {self.reference}"


class CreditEntry(WrittenOnce):
    """Given to a workspace (above zero) or used for an invoice (below). The balance is their sum."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="credits")
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField(_("amount"))
    reason = models.CharField(_("reason"), max_length=200)
    invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="credit_entries")
    key = models.CharField(max_length=150, unique=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta(WrittenOnce.Meta):
        verbose_name = _("credit")
        verbose_name_plural = _("credits")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["workspace", "currency"], name="credits_of")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Coupon(models.Model):
    """Takes something off the price of a plan: percent, or an amount of one currency a full period."""

    class Duration(models.TextChoices):
        ONCE = "once", _("the next invoice of the plan")
        MONTHS = "months", _("some months")
        FOREVER = "forever", _("always")

    code = models.CharField(pgettext_lazy("of a coupon", "code"), max_length=40, unique=True)
    percent = models.DecimalField(
        _("percent"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    amount = models.PositiveBigIntegerField(
        _("amount in minor units"), null=True, blank=True, help_text=_("500 are 5.00.")
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    duration = models.CharField(
        _("holds for"), max_length=8, choices=Duration, default=Duration.ONCE
    )
    months = models.PositiveSmallIntegerField(_("months"), null=True, blank=True)
    families = models.CharField(
        _("plans"),
        max_length=200,
        blank=True,
        help_text=_("Families of plans separated by commas, such as team,starter. Empty: all."),
    )
    expires_at = models.DateTimeField(_("can be entered until"), null=True, blank=True)
    most = models.PositiveIntegerField(_("can be entered so often"), null=True, blank=True)
    used = models.PositiveIntegerField(_("was entered"), default=0, editable=False)
    active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent__isnull=False, amount__isnull=True)
                | models.Q(percent__isnull=True, amount__isnull=False),
                name="coupon_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(most__isnull=True) | models.Q(used__lte=models.F("most")),
                name="coupon_not_too_often",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Redemption(models.Model):
    """A coupon that a workspace has entered. `spent_on`: the one invoice of a coupon that holds once."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="redemptions")
    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="redemptions")
    at = models.DateTimeField(auto_now_add=True)
    ends_at = models.DateTimeField(null=True)
    spent_on = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)  # it has done its work, or another took its place

    class Meta:
        verbose_name = _("entered coupon")
        verbose_name_plural = _("entered coupons")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "coupon"], name="coupon_once_a_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon} · {self.workspace}"
