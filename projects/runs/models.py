"""A run of training, the events it sent, and the artifact it left."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from projects.datasets.models import DatasetVersion
from projects.jobs import health
from projects.models import Project


class Status(models.TextChoices):
    WAITING = "waiting", _("Waiting")  # for its place in the plan, see Run.waits_for
    QUEUED = "queued", _("Queued")  # has its place in the plan and waits for a slot
    STARTING = "starting", _("Starting")  # a worker has it; its process has not spoken yet
    RUNNING = "running", _("Running")
    STOPPING = "stopping", _("Stopping")
    PAUSED = "paused", _("Paused")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Follows(models.TextChoices):
    """What a run has to do with its origin."""

    REPEAT = "repeat", _("Repeats")
    EXTEND = "extend", _("Adds epochs to")
    RESUME = "resume", _("Goes on from")  # one that came to a limit of its plan


class Run(models.Model):
    """Its status is moved by lifecycle.move alone; `attempt` is the fencing number of every write of a worker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField(_("number"))
    # The form's or the client's key: the same start sent twice makes one run.
    start_key = models.CharField(max_length=64)
    spec = models.JSONField()  # training.spec.Spec as a dict, without paths
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    # Of the plan, while it is waiting: runs (at the same time) or minutes (of this month).
    waits_for = models.CharField(max_length=10, blank=True)
    cluster = models.CharField(_("queue"), max_length=20, default=health.CPU)
    # Times that its worker was lost since it last made progress, such as a checkpoint.
    losses = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=30, blank=True)  # training.events.Stage.name
    progress = models.FloatField(default=0)  # 0 to 1 of the whole run
    seconds_left = models.FloatField(null=True, blank=True)
    # Of the data when it was started: {"gate", "confirmed", "ignored": [{"name", "severity", "by", "at"}]}
    data_state = models.JSONField(default=dict)
    estimated_seconds = models.FloatField(null=True, blank=True)
    # The estimate when it was started, see training.estimate.Estimate; {} for runs of before it was kept.
    estimate = models.JSONField(default=dict)
    # By which the estimate was corrected for this machine; without it the correction would correct itself away.
    estimate_factor = models.FloatField(default=1)
    train_seconds = models.FloatField(null=True, blank=True)
    total_seconds = models.FloatField(null=True, blank=True)
    report = models.JSONField(null=True, blank=True)  # the report event, whole
    # {"code", "values"} of the user's, {"incident"} of ours; both where ours has a known cause
    problem = models.JSONField(null=True, blank=True)
    # Of a run that is stopping: it is paused then, and goes on when somebody wants it to.
    pausing = models.BooleanField(default=False)
    # The run that this one repeats exactly, to which it adds epochs, or which it takes to its end.
    origin = models.ForeignKey("self", models.SET_NULL, null=True, related_name="followers")
    follows = models.CharField(max_length=10, choices=Follows, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("started by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="run_number_once"),
            models.UniqueConstraint(fields=["project", "start_key"], name="run_start_once"),
        ]
        indexes = [models.Index(fields=["status", "heartbeat_at"])]

    def __str__(self) -> str:
        return f"{self.project} · #{self.number}"


class RunEvent(models.Model):
    """What the child process printed, in order, and every change of status (kind `status`)."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    attempt = models.PositiveIntegerField()
    # Of the run, over all attempts; `events?since=` counts by it.
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("run event")
        verbose_name_plural = _("run events")
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="event_once")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.seq}"


class Artifact(models.Model):
    """The folder and zip of a succeeded run: reloaded and compared in a fresh process before the row exists."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.OneToOneField(Run, models.CASCADE, related_name="artifact")
    folder = models.CharField(max_length=500)  # below settings.RUNS_DIR
    zip_path = models.CharField(max_length=500)
    size = models.PositiveBigIntegerField(_("bytes"))  # of the zip
    sha256 = models.CharField(max_length=64)  # of the zip
    # {"rows", "labels_equal", "max_difference"} of the reload
    verified = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    # When the zip went into another storage than the folder of runs, see storing.py.
    stored_at = models.DateTimeField(null=True, blank=True)
    # When the model was removed, since its plan does not keep it longer; report and predictions are still there.
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("artifact")
        verbose_name_plural = _("artifacts")

    def __str__(self) -> str:
        return f"{self.run}"
