"""Texts without labels that wait for one, and what a model suggests for them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from projects.datasets.models import RowEdit, Upload
from projects.models import Project
from projects.runs.models import Run

UNASKED = (
    2.0  # above every margin: what no model was asked about comes last, as it stood in the file
)


class Pool(models.Model):
    """The new texts of one file. They belong to the project, not to a version: a label goes into the draft of the
    version that is the newest at the moment."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        READING = "reading", _("Reading")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")  # see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="pools")
    name = models.CharField(_("name"), max_length=255)
    # Set aside once it is read, unless an import uses it.
    upload = models.ForeignKey(Upload, models.SET_NULL, related_name="+", null=True)
    reading = models.JSONField(default=dict)  # datasets.selectors.Reading
    columns = models.JSONField(default=dict)  # role -> column name; of the roles that a model reads
    run = models.ForeignKey(
        Run, models.SET_NULL, related_name="+", null=True
    )  # asked when it is read
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # The fencing number of every write of a worker: one that was given up for dead writes nothing any more.
    attempt = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)  # 0 to 1
    rows = models.PositiveIntegerField(default=0)  # that were taken
    copies = models.PositiveIntegerField(default=0)  # not taken: known already
    empty = models.PositiveIntegerField(default=0)  # not taken: nothing to read
    faulty = models.PositiveIntegerField(default=0)  # not taken: could not be read
    cut = models.BooleanField(default=False)  # the file goes on behind the most that a pool holds
    problem = models.JSONField(null=True, blank=True)  # {"code", "values"}, or {"incident"} of ours
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("pool of unlabelled texts")
        verbose_name_plural = _("pools of unlabelled texts")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Round(models.Model):
    """One model is asked about all rows of a pool that are open. The newest round of a pool is the one that counts."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")  # see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="rounds")
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)  # of one turn in the queue; see selectors.progress_of
    problem = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("round of suggestions")
        verbose_name_plural = _("rounds of suggestions")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.pool} · {self.get_status_display()}"


class PoolRow(models.Model):
    """One text. `user` with `until` is who has it in front of them; with `answered_at`, who answered."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        LABELLED = "labelled", _("Labelled")
        SKIPPED = "skipped", _("Skipped")

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="texts")
    number = models.PositiveIntegerField()  # 0, 1, 2 … in the order of the file
    line = models.PositiveBigIntegerField()
    values = models.JSONField(default=dict)  # role -> text
    round = models.ForeignKey(Round, models.SET_NULL, related_name="+", null=True)
    shares = models.JSONField(default=list)  # [label, probability] of the likeliest, best first
    # The margin between the two best probabilities, 0 to 1: the smallest is the most uncertain.
    order = models.FloatField(default=UNASKED)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(null=True)  # whether the label is the suggested one
    edit = models.OneToOneField(RowEdit, models.SET_NULL, null=True, related_name="pool_row")

    class Meta:
        verbose_name = _("unlabelled text")
        verbose_name_plural = _("unlabelled texts")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["pool", "number"], name="pool_row_once")]
        indexes = [
            models.Index(fields=["pool", "state", "order", "number"], name="pool_next"),
            models.Index(fields=["pool", "user", "answered_at"], name="pool_answers"),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} · {self.number}"
