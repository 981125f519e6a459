"""A project: one task, its data and the runs made with them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace


class Project(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="projects")
    name = models.CharField(_("name"), max_length=120)
    # A key of training.tasks.TASKS; checked by the services, since choices would freeze it in a migration.
    task = models.CharField(_("task"), max_length=40)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # Only owners, admins and those with a Share see it.
    restricted = models.BooleanField(_("only for chosen people"), default=False)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["workspace", "-created_at"])]

    def __str__(self) -> str:
        return self.name


class Share(models.Model):
    """A project that was shared with one member: it opens a restricted one, and any one to a guest."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="shares")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    shared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="share_once")]

    def __str__(self) -> str:
        return f"{self.project} · {self.user}"
