"""What operators had done with base models. The bases themselves are folders: see training.catalogue."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class BaseJob(models.Model):
    """An install or a check of a base model, done by a child process."""

    class Kind(models.TextChoices):
        INSTALL = "install", _("Install")
        VERIFY = "verify-base", _("Check")  # the names of the commands of `python -m training`

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Under way")
        READY = "ready", _("Done")
        FAILED = "failed", _("Failed")  # see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    base = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=Kind)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # The fencing number of every write of a worker: one that was given up for dead writes nothing any more.
    attempt = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)  # 0 to 1
    answer = models.TextField(blank=True)  # of a check: what the base said
    # {"code", "values"} when the child could not do it, {"incident"} when it failed on our side
    problem = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("job of a base model")
        verbose_name_plural = _("jobs of base models")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["base"],
                condition=models.Q(status__in=("queued", "running")),
                name="one_job_a_base",
            )
        ]

    def __str__(self) -> str:
        return f"{self.base} · {self.get_status_display()}"
