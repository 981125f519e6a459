"""Writes about base models: jobs for the queue."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import User
from projects.bases.models import BaseJob
from projects.jobs.queue import enqueue
from training import catalogue

TASK = "projects.bases.tasks.work"
LOOK = "look"  # its cluster of the queue


def start(*, base: str, kind: str, user: User) -> BaseJob:
    """Queues the job; while one of the same base is under way, that one. Raises Problem(`base.unknown`)."""
    catalogue.find(base, settings.BASES_DIR)
    try:
        with transaction.atomic():
            job = BaseJob.objects.create(base=base, kind=kind, user=user)
            enqueue(TASK, job.pk, cluster=LOOK)
            record(None, f"base.{kind}", user=user, about=base)
            return job
    except IntegrityError:
        return BaseJob.objects.filter(base=base).latest("created_at")
