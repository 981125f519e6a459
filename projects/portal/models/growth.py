"""What the public pages keep: shared models, referrals, counts of visits that name nobody."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from projects.runs.models import Run


class Share(models.Model):
    """The public page of one model, at an address that nobody guesses."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="shares", verbose_name=_("run"))
    token = models.CharField(max_length=43, unique=True, editable=False)
    title = models.CharField(_("title"), max_length=120)
    text = models.CharField(_("description"), max_length=600, blank=True)
    listed = models.BooleanField(_("search engines may list it"), default=False)
    can_try = models.BooleanField(_("visitors can try it"), default=True)
    # Rows of the data that the person has chosen to show, as they are: [{role: text}].
    examples = models.JSONField(default=list)
    # Of the scores when it was shared, see sharing.facts.
    facts = models.JSONField(default=dict)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("shared model")
        verbose_name_plural = _("shared models")
        ordering = ["-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(revoked_at=None), name="model_share_once"
            )
        ]

    def __str__(self) -> str:
        return self.title


class ReferralCode(models.Model):
    """By which new people say who has sent them."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="referral_code")
    code = models.CharField(_("code"), max_length=12, unique=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A workspace that came by a code. It earns once, with its first model."""

    code = models.ForeignKey(
        ReferralCode, models.CASCADE, related_name="referrals", verbose_name=_("code")
    )
    workspace = models.OneToOneField(
        Workspace, models.CASCADE, related_name="referral", verbose_name=_("workspace")
    )
    at = models.DateTimeField(_("signed up"), auto_now_add=True)
    earned_at = models.DateTimeField(_("earned"), null=True)
    amount = models.PositiveIntegerField(_("credit, in the smallest unit"), default=0)
    currency = models.CharField(_("currency"), max_length=3, blank=True)

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.code} → {self.workspace}"


class Count(models.Model):
    """How often something happened on a day of the site's time zone. Nobody is named, nothing is kept of a visitor."""

    day = models.DateField()
    name = models.CharField(max_length=60)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        ordering = ["-day", "name"]
        constraints = [models.UniqueConstraint(fields=["day", "name"], name="count_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Tries(models.Model):
    """Questions to public models from one address (a keyed hash of it) in one stretch of time."""

    key = models.CharField(max_length=64)
    window = models.PositiveBigIntegerField()  # number of the stretch since 1970
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="tries_once")]

    def __str__(self) -> str:
        return f"{self.window}: {self.count}"


class Dismissal(models.Model):
    """Something that a person has closed for good: an announcement, the list of first steps."""

    user = models.ForeignKey(User, models.CASCADE, related_name="dismissals")
    what = models.CharField(max_length=60)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "what"], name="dismissed_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.what}"
