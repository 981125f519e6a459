"""What an operator steers the site with: words to all, switches, flags, acting as somebody, what computing costs."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from projects.runs.models import Run, Status


class Announcement(models.Model):
    """A line on top of every page, for a time. A language without words of its own shows the other's."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        WARN = "warn", _("Warning")
        BAD = "bad", _("Trouble")
        GOOD = "good", _("Good news")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    text_en = models.CharField(_("text in English"), max_length=300, blank=True)
    text_zh = models.CharField(_("text in Chinese"), max_length=300, blank=True)
    level = models.CharField(_("level"), max_length=5, choices=Level, default=Level.INFO)
    begins_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    dismissible = models.BooleanField(
        _("can be closed"), default=True, help_text=_("By people who are signed in, each for good.")
    )

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-begins_at"]

    def __str__(self) -> str:
        return self.text[:80]

    @property
    def text(self) -> str:
        chinese = (get_language() or "").startswith("zh")
        first, other = (self.text_zh, self.text_en) if chinese else (self.text_en, self.text_zh)
        return first or other

    def clean(self) -> None:
        if not (self.text_en.strip() or self.text_zh.strip()):
            raise ValidationError(_("Write a text in one language at least."))
        if self.ends_at and self.ends_at <= self.begins_at:
            raise ValidationError({"ends_at": _("It ends before it begins.")})


class SwitchRow(models.Model):
    """A switch of web.switches that somebody has touched."""

    name = models.CharField(_("name"), max_length=30, primary_key=True)
    on = models.BooleanField(_("on"), default=True)
    message_en = models.CharField(
        _("message in English"),
        max_length=300,
        blank=True,
        help_text=_("What people read where they are refused."),
    )
    message_zh = models.CharField(_("message in Chinese"), max_length=300, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)
    changed_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")
        # Of no model of its own: the pages below /panel/ read all of them.
        permissions = [("view_panel", "Can see the operator's pages")]
        ordering = ["name"]

    def __str__(self) -> str:
        from web.switches import SWITCHES

        known = SWITCHES.get(self.name)
        return str(known.title) if known else self.name


class Flag(models.Model):
    """A workspace that an operator has an eye on, or has suspended: it then begins nothing new."""

    class Kind(models.TextChoices):
        WATCHED = "watched", _("Watched")
        SUSPENDED = "suspended", _("Suspended")

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, related_name="flags", verbose_name=_("workspace")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.WATCHED)
    reason = models.CharField(
        _("reason"), max_length=300, help_text=_("Members of a suspended workspace read it.")
    )
    made_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("lifted by")
    )

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering = ["-made_at"]
        indexes = [
            models.Index(
                fields=["workspace"], condition=models.Q(lifted_at=None), name="flags_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workspace} · {self.get_kind_display()}"


class Impersonation(models.Model):
    """An operator who acts as somebody else, for a time and a reason."""

    class End(models.TextChoices):
        STOPPED = "stopped", _("Stopped")
        EXPIRED = "expired", _("Time was over")
        REFUSED = "refused", _("No longer allowed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operator = models.ForeignKey(
        User, models.CASCADE, related_name="impersonations", verbose_name=_("operator")
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="impersonated", verbose_name=_("acts as")
    )
    reason = models.CharField(_("reason"), max_length=300)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    until = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    how = models.CharField(_("how it ended"), max_length=10, choices=End, blank=True)
    changes = models.PositiveIntegerField(_("changes made"), default=0)

    class Meta:
        verbose_name = _("impersonation")
        verbose_name_plural = _("impersonations")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.operator} → {self.user}"


class Price(models.Model):
    """What an hour of computing costs the operator, from a day on."""

    class Device(models.TextChoices):
        CPU = "cpu", _("Processors")
        GPU = "gpu", _("One GPU")

    device = models.CharField(_("device"), max_length=5, choices=Device)
    since = models.DateField(_("from"), default=timezone.localdate)
    currency = models.CharField(
        _("currency"), max_length=3, default="USD", validators=[RegexValidator("^[A-Z]{3}$")]
    )
    per_hour = models.PositiveIntegerField(
        _("price of an hour"),
        help_text=_("In the smallest unit of the currency: 120 is 1.20 of most."),
    )

    class Meta:
        verbose_name = _("price of computing")
        verbose_name_plural = _("prices of computing")
        ordering = ["device", "-since"]
        constraints = [models.UniqueConstraint(fields=["device", "since"], name="price_once")]

    def __str__(self) -> str:
        return f"{self.get_device_display()} · {self.since}"


class Demo(models.Model):
    """The model that visitors of the landing page can ask; one row, or none."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", verbose_name=_("run"))
    title_en = models.CharField(_("title in English"), max_length=120, blank=True)
    title_zh = models.CharField(_("title in Chinese"), max_length=120, blank=True)
    example_en = models.CharField(_("example in English"), max_length=300, blank=True)
    example_zh = models.CharField(_("example in Chinese"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("demo model")
        verbose_name_plural = _("demo model")

    def __str__(self) -> str:
        return str(self.run)

    def clean(self) -> None:
        run = Run.objects.filter(pk=self.run_id, status=Status.SUCCEEDED).first()
        if run is None or run.artifact.removed_at:
            raise ValidationError({"run": _("Choose a run that has succeeded and has its model.")})
