"""What is known of the base models on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from projects.bases.models import BaseJob
from training import catalogue
from training.catalogue import Archive, Base, Hub, Package

OPEN = (BaseJob.Status.QUEUED, BaseJob.Status.RUNNING)


@dataclass(frozen=True)
class Line:
    """A base as operators see it. `origin`: package, archive, hub or folder."""

    base: Base
    here: bool
    folder: Path | None
    origin: str
    missing: str  # why it cannot be fetched: the code of a problem, or nothing
    job: BaseJob | None  # the newest

    @property
    def open(self) -> bool:
        return self.job is not None and self.job.status in OPEN

    @property
    def installable(self) -> bool:
        return not self.here and not self.missing and self.origin in ("archive", "hub")


def lines() -> list[Line]:
    """Those that are here first, then those that can be put here, then those of a hub."""
    jobs: dict[str, BaseJob] = {}
    for job in BaseJob.objects.order_by("created_at"):
        jobs[job.base] = job
    bases = catalogue.every(settings.BASES_DIR).values()
    found = [_line(base, jobs.get(base.id)) for base in bases]
    return sorted(found, key=lambda line: (not line.here, bool(line.missing), line.origin == "hub"))


def line(base: str) -> Line:
    """Raises Problem(`base.unknown`)."""
    job = BaseJob.objects.filter(base=base).order_by("created_at").last()
    return _line(catalogue.find(base, settings.BASES_DIR), job)


def _line(base: Base, job: BaseJob | None) -> Line:
    return Line(
        base=base,
        here=catalogue.is_here(base, settings.BASES_DIR),
        folder=catalogue.place(base, settings.BASES_DIR),
        origin=origin(base),
        missing=_missing(base),
        job=job,
    )


def origin(base: Base) -> str:
    kinds = {Package: "package", Archive: "archive", Hub: "hub"}
    return kinds.get(type(base.source), "folder")


def _missing(base: Base) -> str:
    if catalogue.missing_client(base):
        return "base.client"
    closed = isinstance(base.source, Hub) and not catalogue.hub_allowed()
    return "base.missing" if closed else ""
