"""What payment providers have told."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderEvent(models.Model):
    """What a payment provider has told, kept under its id: told twice, it acts once."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        IGNORED = "ignored", _("not of interest")
        STALE = "stale", _("older than what is known")

    id = models.CharField(primary_key=True, max_length=120)
    provider = models.CharField(max_length=12)
    kind = models.CharField(_("kind"), max_length=80)
    about = models.CharField(max_length=120, blank=True)  # the object's id
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    body = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("event of the payment provider")
        verbose_name_plural = _("events of the payment provider")
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["about", "happened_at"], name="events_about")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
