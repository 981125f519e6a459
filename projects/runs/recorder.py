"""Writes down what a run's child says: at most one commit a second, and only for the attempt that holds the run."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from projects.runs import lifecycle
from projects.runs.events import append, storable
from projects.runs.lifecycle import HELD
from projects.runs.models import Run, Status
from training.events import STAGES

log = logging.getLogger(__name__)
COMMIT = 1.0  # seconds between two commits of events
BEAT = 3.0  # seconds between two heartbeats when nothing is said
KEPT = frozenset(
    {"stage", "started", "step", "scored", "search", "trial", "note", "saved", "verified", "usage"}
    | {"checkpoint", "resumed"}
)
PROGRESS = frozenset({"checkpoint"})  # of which a later attempt has more than the one before
PENDING_LIMIT = 20_000  # events held back while the database is away


class Recorder:
    """`fields` are columns of the run that are due to be written; `ours` turns False when the run was taken away."""

    def __init__(self, run_id: UUID, attempt: int) -> None:
        self._run_id, self._attempt = run_id, attempt
        self._pending: list[tuple[str, dict[str, Any]]] = []
        self._fields: dict[str, Any] = {}
        self._written = time.monotonic()
        self._spoken = False  # the child has said something
        self._told_so = False  # … and the status says so
        self.ours = True

    def note(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        self._spoken = True
        data = storable({name: value for name, value in event.items() if name != "event"})
        if kind in KEPT and len(self._pending) < PENDING_LIMIT:
            self._pending.append((kind, data))
        if kind == "stage" and data.get("name") in STAGES:
            self._fields["stage"] = data["name"]
        if kind in ("stage", "step"):
            self._fields["progress"] = _share(data.get("progress"))
            self._fields["seconds_left"] = data.get("seconds_left")
        if kind in PROGRESS:
            self._fields["losses"] = 0

    def flush(self, *, now: bool = False) -> bool:
        """Writes when it is time to, or `now`. False: the run belongs to another attempt or has ended."""
        if self.ours and (now or self._due()):
            try:
                self.finish()
            except DatabaseError:
                # Training goes on without a database for a while; what was said waits.
                log.warning("Events of run %s were not written yet", self._run_id, exc_info=True)
                connection.close()
            self._written = time.monotonic()
        return self.ours

    def finish(self) -> bool:
        """Writes what is left, and answers as `flush` does. Raises DatabaseError while the database is away."""
        if self.ours:
            self.ours = self._write()
            self._pending, self._fields = [], {}
            self._told_so = self._spoken
        return self.ours

    def stop_wanted(self) -> bool:
        mine = Run.objects.filter(pk=self._run_id, attempt=self._attempt)
        try:
            return mine.filter(status=Status.STOPPING).exists()
        except DatabaseError:
            connection.close()
            return False

    def pause_wanted(self) -> bool:
        """Of a run that is to stop: it shall go on later."""
        try:
            return Run.objects.filter(pk=self._run_id, pausing=True).exists()
        except DatabaseError:
            connection.close()
            return True

    def _due(self) -> bool:
        if self._spoken and not self._told_so:
            return True
        return time.monotonic() - self._written >= (COMMIT if self._pending else BEAT)

    @transaction.atomic
    def _write(self) -> bool:
        mine = Run.objects.filter(pk=self._run_id, attempt=self._attempt, status__in=HELD)
        if self._spoken and not self._told_so:
            begun, before = Status.RUNNING, Status.STARTING
            lifecycle.move(self._run_id, begun, attempt=self._attempt, only_from=before)
        if not mine.update(heartbeat_at=timezone.now(), **self._fields):
            return False
        if self._pending:
            append(self._run_id, self._pending)
        return True


def _share(value: Any) -> float:
    return min(max(float(value or 0.0), 0.0), 1.0)
