"""What a user uploads, the check it goes through, and the version that is written once."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from projects.models import Project


class Upload(models.Model):
    """One file as it came, under a generated name. `name` is only for display."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="uploads")
    name = models.CharField(_("file name"), max_length=255)
    path = models.CharField(max_length=500)  # below settings.UPLOADS_DIR
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class PartialUpload(models.Model):
    """A file that comes in pieces. How much of it is there is told by the file itself, see `resuming.offset_of`.

    The Upload that it becomes has the same id, so that its page is known from the start. A row that has ended stays
    until it expires: whoever lost the last answer can ask for it again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    name = models.CharField(_("file name"), max_length=255)
    path = models.CharField(max_length=500)  # below settings.UPLOADS_DIR
    size = models.PositiveBigIntegerField(_("bytes"))  # of the whole file, as announced
    metadata = models.TextField(blank=True)  # the header Upload-Metadata as it came
    location = models.TextField()  # the page to go to when all is there
    problem = models.JSONField(null=True, blank=True)  # {"code", "values"}: why it was not taken
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("unfinished upload")
        verbose_name_plural = _("unfinished uploads")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """Turns uploads, or a version and changes to it, into a dataset version: a check in a child process, then a
    version or the reasons why not."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        CHECKING = "checking", _("Checking")
        READY = "ready", _("Ready")  # `version` is set
        BLOCKED = "blocked", _("Needs changes")  # the data's faults: see `findings`
        FAILED = "failed", _("Failed")  # see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="imports")
    train = models.ForeignKey(Upload, models.CASCADE, related_name="+", null=True, blank=True)
    valid = models.ForeignKey(Upload, models.CASCADE, related_name="+", null=True, blank=True)
    test = models.ForeignKey(Upload, models.CASCADE, related_name="+", null=True, blank=True)
    encoding = models.CharField(max_length=40, blank=True)  # empty: detected
    delimiter = models.CharField(max_length=4, blank=True)  # empty: detected
    format = models.CharField(max_length=20, blank=True)  # of table.FORMATS; empty: detected
    header = models.BooleanField(null=True, blank=True)  # None: detected
    # The version that is changed, in place of uploads, and the changes: see training.edits.
    base = models.ForeignKey(
        "DatasetVersion", models.CASCADE, related_name="revisions", null=True, blank=True
    )
    changes = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True)  # what the changes are, in words
    columns = models.JSONField(default=dict)  # role -> column name
    variant = models.CharField(max_length=20, blank=True)  # of the task; empty: told from the data
    split = models.CharField(max_length=10, default="random")  # or group, time
    keep_test = models.BooleanField(default=True)  # the project's test rows stay what they are
    seed = models.PositiveIntegerField(default=13)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # The fencing number of every write of a worker: one that was given up for dead writes nothing any more.
    attempt = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)  # 0 to 1
    findings = models.JSONField(default=list)  # training.validation.Finding as dicts
    # {"code", "values"} when blocked by something else than a row, {"incident"} when failed
    problem = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.title} · {self.get_status_display()}"

    @property
    def title(self) -> str:
        """What a person knows it by."""
        return self.train.name if self.train else self.note


class DatasetVersion(models.Model):
    """Rows, roles and split, written once as Parquet and named by its hash. Never changed afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="versions")
    source = models.OneToOneField(Import, models.SET_NULL, null=True, related_name="version")
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=255)
    path = models.CharField(max_length=500)  # below settings.VERSIONS_DIR
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(_("bytes"))
    rows = models.PositiveBigIntegerField(_("rows"))
    variant = models.CharField(max_length=20, blank=True)  # of the task
    # Names the test rows: scores of runs can be compared where it is the same.
    test_hash = models.CharField(max_length=32, blank=True)
    parent = models.ForeignKey(
        "self", models.SET_NULL, related_name="children", null=True, blank=True
    )
    splits = models.JSONField(default=dict)  # {"train": n, "valid": n, "test": n}
    labels = models.JSONField(default=dict)  # label -> {"train": n, "valid": n, "test": n}
    stats = models.JSONField(default=dict)  # training.check.Checked.stats: lengths, tokens …
    findings = models.JSONField(default=list)
    gate = models.CharField(max_length=8, default="green")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("dataset version")
        verbose_name_plural = _("dataset versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} · v{self.number}"


class HealthReport(models.Model):
    """A close look at a version, with a model and at every text, made after the version and without changing it."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Looking closely")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")  # see `problem`

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.OneToOneField(DatasetVersion, models.CASCADE, related_name="health")
    base = models.CharField(
        max_length=60
    )  # of training.catalogue: whose words and vectors are used
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    # The fencing number of every write of a worker: one that was given up for dead writes nothing any more.
    attempt = models.PositiveIntegerField(default=0)
    progress = models.FloatField(default=0)  # 0 to 1
    findings = models.JSONField(default=list)  # those that the check did not have, as dicts
    stats = models.JSONField(default=dict)  # training.examine: lengths, languages, unknown words …
    # Findings that a person decided to leave as they are: [{"name", "by", "at"}].
    ignored = models.JSONField(default=list)
    # {"code", "values"} when the child could not do it, {"incident"} when it failed on our side
    problem = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("health report")
        verbose_name_plural = _("health reports")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.version_id} · {self.get_status_display()}"


class RowEdit(models.Model):
    """What one annotator says about one row of a version, or a row added by hand: a draft until it is `applied`.

    Every annotator has an answer of their own to a row; the newest one is what a new version takes.
    """

    class Kind(models.TextChoices):
        SET = "set", _("Changed")
        DROP = "drop", _("Left out")
        ADD = "add", _("Added")
        ACCEPT = "accept", _("Suggestion taken")  # of the review; its `values` are the suggestion
        REJECT = "reject", _("Kept as it is")
        SKIP = "skip", _("Skipped")  # says nothing about the row

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="edits")
    row = models.PositiveBigIntegerField(null=True, blank=True)  # none: it is added
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    values = models.JSONField(default=dict)  # role -> value; of the roles that differ
    # The import that makes a version of it; one that came to nothing gives it back: see drafts.
    applied = models.ForeignKey(
        Import, models.SET_NULL, null=True, blank=True, related_name="edits"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("edit of a row")
        verbose_name_plural = _("edits of rows")
        ordering = ["updated_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "row", "user"],
                condition=models.Q(applied=None, row__isnull=False),
                name="one_answer_a_row",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.row}"


class RowClaim(models.Model):
    """Somebody is looking at a row of the review: others get another one until it has passed."""

    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="+")
    row = models.PositiveBigIntegerField()
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("row being reviewed")
        verbose_name_plural = _("rows being reviewed")
        constraints = [
            models.UniqueConstraint(fields=["version", "row"], name="one_claim_a_row"),
            models.UniqueConstraint(fields=["version", "user"], name="one_claim_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.row} · {self.user}"
