"""Looks after a child while it trains: the word to stop, the room that it may take, and whether it still lives."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import psutil
from django.template.defaultfilters import filesizeformat

from billing.services import RunLimits
from projects.jobs import leaving
from projects.jobs.launcher import Job
from projects.jobs.slots import Slot
from projects.runs.recorder import Recorder
from training.problems import Problem

LOOK = 0.25  # seconds between two looks at the word to stop
GRACE = 1.0  # seconds for a child to end after the word to stop: nothing of it is kept
GRACE_PAUSING = (
    120.0  # seconds for a child to save and end: of a large model, that may take a while
)
GRACE_LEAVING = (
    4.5  # the same when the service ends, which waits no longer: see config.supervisor.GRACE
)
WEIGH = 2.0  # seconds between two looks at its memory
# Ends that a plan brings about: what the run had come to is kept, and with a larger plan it goes on from there.
LIMITS = ("run.time_limit", "run.memory_limit")
SILENT = 1800.0  # seconds without an event after which a child is taken for stuck


@dataclass(frozen=True)
class Room:
    """What a run may take: its slot, and as much time and memory as the plan says."""

    slot: Slot
    limits: RunLimits
    begin: float  # time.monotonic() at which it began
    gpu: bool

    @property
    def memory(self) -> int:
        """Bytes that the system itself keeps a process to; 0: none. CUDA reserves far more than it takes."""
        return 0 if self.gpu else self.limits.memory or 0

    def too_late(self) -> Problem | None:
        seconds = self.limits.seconds
        if seconds is None or time.monotonic() - self.begin <= seconds:
            return None
        return Problem("run.time_limit", minutes=round(seconds / 60))

    def too_large(self, pid: int) -> Problem | None:
        limit = self.limits.memory
        if limit is None or resident(pid) <= limit:
            return None
        return Problem("run.memory_limit", limit=limit, limit_text=filesizeformat(limit))


class Watch:
    """Passes the word to stop on to the child, once, and puts an end to it when it does not listen."""

    def __init__(self, recorder: Recorder, child: Job, room: Room) -> None:
        self._recorder, self._child, self._room = recorder, child, room
        self._looked = self._heard = self._weighed = time.monotonic()
        self._deadline: float | None = None
        self.stopping = self.leaving = False
        self.outgrown: Problem | None = None

    def heard(self) -> None:
        self._heard = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        if self._deadline is not None:
            if now > self._deadline:
                self._child.kill()
        elif self._recorder.stop_wanted():
            self.stopping = True
            self._stop(now)
        elif leaving.wanted():
            self.leaving = True
            self._tell(now + GRACE_LEAVING)
        elif now - self._heard > SILENT:
            self._child.kill()
            raise TimeoutError(f"No event for {SILENT:.0f} s: {self._child.stderr}")
        else:
            self._measure(now)

    def _measure(self, now: float) -> None:
        self.outgrown = self._room.too_late()
        if self.outgrown:
            self._tell(now + GRACE_PAUSING)
        elif now - self._weighed > WEIGH:
            self._weighed = now
            self.outgrown = self._room.too_large(self._child.pid)
            if self.outgrown:
                self._child.kill()

    def _stop(self, now: float) -> None:
        """Nobody wants what a run that is cancelled has come to."""
        if self._recorder.pause_wanted():
            self._tell(now + GRACE_PAUSING)
        else:
            self._deadline = now + GRACE
            self._child.drop()

    def _tell(self, deadline: float) -> None:
        self._deadline = deadline
        self._child.terminate()


def resident(pid: int) -> int:
    """Bytes of memory that a process and those it has started take, what they share with others left out."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                found = process.memory_info()
                total += found.rss - getattr(found, "shared", 0)
    return total
