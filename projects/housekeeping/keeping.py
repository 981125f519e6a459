"""Keeps the house: looks at the disk and at old models every minute, at everything a few times a day."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from billing import replaying, trials
from billing.services import limits_of_many
from notify.services import announce, operators
from projects import room
from projects.housekeeping.finding import Lost, Orphan, lost, orphans
from projects.runs import afar, folders, storing
from projects.runs.guarding import LIMITS
from projects.runs.models import Artifact, Run, Status
from web.templatetags.attune import filesize

log = logging.getLogger(__name__)
EVERY = 6 * 3600.0  # seconds between two looks at everything
KEEP_STATES = 30  # days that a run can go on from a limit of its plan
AT_ONCE = 5  # models that are taken into the storage in a minute
STAMP = "housekeeping.stamp"
NIGHTLY = "ledger.stamp"
DAY = 24 * 3600.0 - 600


def sweep() -> None:
    look_at_disk()
    store()
    expire()
    trials.sweep()
    if _due(NIGHTLY, DAY):
        replaying.check()
    if _due():
        clean()
        expire_states()
        afar.sweep()
        tell_of_lost(list(lost()))


def _due(name: str = STAMP, every: float = EVERY) -> bool:
    """A file tells when it was last done, so that a restart does not do it anew."""
    stamp = Path(settings.ATTUNE_HOME) / "queue" / name
    try:
        fresh = time.time() - stamp.stat().st_mtime < every
    except OSError:
        fresh = False
    if not fresh:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    return not fresh


def look_at_disk() -> None:
    """Operators hear of it once a day, before anything is refused."""
    if not room.scarce():
        return
    values = {"free": filesize(room.free()), "least": filesize(settings.DISK_RESERVE)}
    key = f"disk.low:{timezone.now():%Y-%m-%d}"
    announce(kind="disk.low", key=key, values=values, to=operators(), path="/admin/")


def store() -> int:
    """Models that have come since go into the storage, if that is another place. Returns how many did."""
    if not storing.elsewhere():
        return 0
    waiting = Artifact.objects.filter(stored_at=None, removed_at=None).order_by("created_at")
    return sum(storing.store(artifact) for artifact in waiting[:AT_ONCE])


def expired() -> Iterator[Artifact]:
    """Models that are older than the plan of their workspace keeps them, or what was agreed on beside it."""
    kept = Artifact.objects.filter(removed_at=None).select_related("run__project")
    owners = kept.values_list("run__project__workspace", flat=True).distinct()
    allowed = limits_of_many(set(owners))
    days = {pk: found for pk, limits in allowed.items() if (found := limits["keep_days"])}
    now = timezone.now()
    mine = kept.filter(run__project__workspace__in=days).order_by("created_at")
    for artifact in mine.iterator():
        if artifact.created_at < now - timedelta(days=days[artifact.run.project.workspace_id]):
            yield artifact


def expire() -> int:
    found = list(expired())
    for artifact in found:
        storing.remove(artifact)
    return len(found)


def expire_states() -> int:
    """Of runs that came to a limit of their plan, and that nobody has had go on."""
    old = timezone.now() - timedelta(days=KEEP_STATES)
    ended = Run.objects.filter(status=Status.FAILED, problem__code__in=LIMITS, ended_at__lt=old)
    found = [
        state
        for run in ended.only("pk", "attempt", "status", "problem")
        if (state := folders.limited(run))
    ]
    folders.discard(*found)
    return len(found)


def clean(*, dry_run: bool = False) -> list[Orphan]:
    """Removes orphans, or only says which there are."""
    found = list(orphans())
    for orphan in [] if dry_run else found:
        log.info("Removed an orphan: %s %s (%s bytes)", orphan.kind, orphan.name, orphan.size)
        orphan.remove()
    return found


def tell_of_lost(found: list[Lost]) -> None:
    """Operators hear of it once a day as long as it is so."""
    for one in found:
        log.error("The file of a %s is missing: %s", one.kind, one.name)
    if found:
        values = {"count": len(found), "example": f"{found[0].kind} {found[0].name}"}
        key = f"files.lost:{timezone.now():%Y-%m-%d}"
        announce(kind="files.lost", key=key, values=values, to=operators(), path="/admin/")
