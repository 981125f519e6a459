"""What the check of an import and the close look at a version have in common: a child process that works for a row.

Every write names the attempt that makes it. A child that was given up for dead, or started twice, writes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Model, Q
from django.utils import timezone

from projects.datasets import files
from projects.jobs import forked, leaving
from projects.jobs.launcher import Child, launch
from projects.jobs.queue import enqueue, queued
from web.errors import incident

STALE = timedelta(seconds=45)  # without a heartbeat; one is written at least every BEAT
BEAT = 2.0  # seconds
KICK = timedelta(seconds=20)  # the entry in the queue comes with the commit
ATTEMPTS = 2
LIMIT = 3600.0  # seconds that a child may take
GRACE = 2.0  # seconds between SIGTERM and SIGKILL
FOLDER = ".checks"  # below VERSIONS_DIR: on the disk on which the files will lie
QUEUED, FAILED = "queued", "failed"


@dataclass
class Outcome:
    """The last event of each kind that the child told, and how it ended."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    returncode: int | None = None
    stderr: str = ""
    lost: bool = False  # the row is gone, or belongs to another attempt
    leaving: bool = False  # the queue ends

    @property
    def problem(self) -> dict[str, Any] | None:
        told = self.events.get("problem")
        return {"code": told["code"], "values": told["values"]} if told else None


@dataclass(frozen=True)
class Kind:
    """A kind of row that a child works for. Its model has the statuses QUEUED and FAILED, and the fields `attempt`,
    `progress`, `problem`, `created_at`, `heartbeat_at` and `ended_at`."""

    model: type[Model]
    task: str  # of the queue
    cluster: str  # in which it waits; empty: the first one
    running: str  # the status while a child works
    related: tuple[str, ...]  # what `arguments` and `settle` follow
    arguments: Callable[[Any, Path], list[str]]  # of `python -m training`
    settle: Callable[[Any, int, Outcome, Path], None]  # writes the end
    ended: Callable[[UUID, str], None] | None = None  # told of it, in the same transaction
    warm: bool = False  # whether the launcher forks the child, which is spared the imports


class ChildFailed(Exception):
    def __init__(self, returncode: int | None, stderr: str) -> None:
        super().__init__(f"The child ended with {returncode}: {stderr[-2000:]}")


def execute(kind: Kind, pk: UUID | str) -> None:
    """Runs the child unless it has run, is running elsewhere, or has been tried too often."""
    attempt = claim(kind, pk)
    if attempt is None:
        return
    row: Any = kind.model._default_manager.select_related(*kind.related).get(pk=pk)
    folder = Path(settings.VERSIONS_DIR) / FOLDER / f"{row.pk}-{attempt}"
    left = died = False
    try:
        files.discard(folder)
        folder.mkdir(parents=True)
        outcome = run(kind, row, attempt, folder)
        died = outcome.returncode == forked.LOST and attempt < ATTEMPTS
        left = outcome.leaving or died
        if not outcome.lost and not left:
            kind.settle(row, attempt, outcome, folder)
    except Exception as error:
        fail(kind, row.pk, attempt, incident(error))
    finally:
        files.discard(folder)
    if left:
        give_back(kind, row.pk, attempt, counts=died)


def claim(kind: Kind, pk: UUID | str) -> int | None:
    """The number of the attempt that now holds the row; None when there is nothing to do."""
    now, rows = timezone.now(), kind.model._default_manager
    free = Q(status=QUEUED) | Q(status=kind.running, heartbeat_at__lt=now - STALE)
    begun = {"status": kind.running, "attempt": F("attempt") + 1, "heartbeat_at": now}
    if not rows.filter(free, pk=pk, attempt__lt=ATTEMPTS).update(**begun, progress=0):
        return None
    attempt: int = rows.values_list("attempt", flat=True).get(pk=pk)
    return attempt


def run(kind: Kind, row: Any, attempt: int, folder: Path) -> Outcome:
    """Starts the child and follows it to its end; stops it when the row is no longer this attempt's."""
    child = launch(kind.arguments(row, folder), folder=folder, warm=kind.warm)
    outcome = Outcome()
    try:
        _follow(kind, row.pk, attempt, child, outcome)
    finally:
        child.stop(GRACE)
    outcome.returncode, outcome.stderr = child.returncode, child.stderr
    return outcome


def _follow(kind: Kind, pk: UUID, attempt: int, child: Child, outcome: Outcome) -> None:
    beaten, started = 0.0, time.monotonic()
    for event in child.lines(timeout=0.3):
        if event:
            outcome.events[event["event"]] = event
        if leaving.wanted():
            outcome.leaving = True
            return
        if time.monotonic() - beaten < BEAT:
            continue
        beaten = time.monotonic()
        progress = float(outcome.events.get("progress", {}).get("progress", 0))
        if not beat(kind, pk, attempt, progress):
            outcome.lost = True
            return
        if beaten - started > LIMIT:
            raise TimeoutError(f"The child took longer than {LIMIT:.0f} s")


def beat(kind: Kind, pk: UUID, attempt: int, progress: float) -> bool:
    """False when the row is no longer this attempt's."""
    held = _held(kind, pk, attempt)
    return bool(held.update(heartbeat_at=timezone.now(), progress=min(max(progress, 0.0), 1.0)))


def end(kind: Kind, pk: UUID, attempt: int, status: str, **fields: Any) -> bool:
    """False when the row is no longer this attempt's."""
    ended = _held(kind, pk, attempt).update(status=status, ended_at=timezone.now(), **fields)
    if ended and kind.ended:
        kind.ended(pk, status)
    return bool(ended)


def fail(kind: Kind, pk: UUID, attempt: int, number: str) -> None:
    end(kind, pk, attempt, FAILED, problem={"incident": number})


def _held(kind: Kind, pk: UUID, attempt: int) -> Any:
    return kind.model._default_manager.filter(pk=pk, attempt=attempt, status=kind.running)


def revive(kind: Kind) -> int:
    """Gives rows whose worker died, or whose queue entry was lost, to the queue again; fails hopeless ones."""
    now, rows = timezone.now(), kind.model._default_manager
    dead = rows.filter(status=kind.running, heartbeat_at__lt=now - STALE)
    for pk, attempt in dead.filter(attempt__gte=ATTEMPTS).values_list("pk", "attempt"):
        fault = ChildFailed(None, f"{kind.model.__name__} {pk} lost its worker")
        fail(kind, pk, attempt, incident(fault))
    lost = list(dead.filter(attempt__lt=ATTEMPTS).values_list("pk", flat=True))
    lost += _unheard(kind, now)
    for pk in lost:
        enqueue(kind.task, pk, cluster=kind.cluster or None)
    return len(lost)


def _unheard(kind: Kind, now: datetime) -> list[UUID]:
    """Queued, but not in the queue's table: the entry was lost."""
    waiting = kind.model._default_manager.filter(status=QUEUED, created_at__lt=now - KICK)
    found = list(waiting.values_list("pk", flat=True))
    known = (
        queued(kind.task, cluster=kind.cluster or settings.QUEUE_CLUSTERS[0]) if found else set()
    )
    return [pk for pk in found if str(pk) not in known]


def give_back(kind: Kind, pk: UUID, attempt: int, counts: bool = False) -> None:
    """The queue ends: the row waits for its next start, and this attempt does not count. If the launcher has died, and
    the child with it, it does."""
    given = {"status": QUEUED, "attempt": attempt if counts else attempt - 1, "progress": 0}
    if _held(kind, pk, attempt).update(**given):
        enqueue(kind.task, pk, cluster=kind.cluster or None)
