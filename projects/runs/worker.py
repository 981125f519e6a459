"""Carries out one run: the torch-free parent of the process that trains.

It reads the child's events, has them recorded, looks at the word to stop, and writes the end. It decides nothing about
training and knows no page.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection

from projects.datasets.selectors import version_file
from projects.jobs import leaving
from projects.jobs.launcher import Child, launch
from projects.runs import folders, lifecycle, planning, services
from projects.runs.events import storable
from projects.runs.models import Artifact, Run, Status
from projects.runs.recorder import Recorder
from training.failpoints import failpoint
from training.problems import Problem
from web.errors import incident

log = logging.getLogger(__name__)
LOOK = 0.25  # seconds between two looks at the word to stop
GRACE = 10.0  # seconds for a child to save and end after the word
GRACE_LEAVING = 3.0  # the same when the whole queue is told to end
SILENT = 1800.0  # seconds without an event after which a child is taken for stuck
PERSIST = 60.0  # seconds for which the end of a run is tried to be written
DONE, PROBLEM, STOPPED, KILLED = 0, 2, 75, -9


class ChildFailed(Exception):
    """The training process ended in a way it should not: ours to mend."""

    def __init__(self, returncode: int | None, stderr: str) -> None:
        super().__init__(f"The child ended with {returncode}: {stderr}")
        self.returncode = returncode


@dataclass
class Ended:
    """How a child ended and what it said that matters to the end."""

    returncode: int | None = None
    said: dict[str, dict[str, Any]] = field(default_factory=dict)  # event name -> the last of it
    stderr: str = ""
    stopping: bool = False  # a person wants it to stop
    leaving: bool = False  # the queue ends
    ours: bool = True  # False: another attempt has the run


def execute(run_id: UUID | str) -> None:
    """Carries out a queued run. Delivered twice, for a run that has ended or is gone: does nothing."""
    begin = time.monotonic()
    attempt = lifecycle.claim(run_id)
    if attempt is None:
        log.info("Run %s is not waiting: nothing to do", run_id)
        return
    failpoint("run.claimed")
    run = Run.objects.select_related("version", "project").get(pk=run_id)
    try:
        folder = folders.fresh(run, attempt)
        folders.carry_over(run, attempt)
        _carry_out(run, attempt, folder, begin)
    except Problem as problem:
        told = {"code": problem.code, "values": storable(problem.values)}
        _fail(run, attempt, told, begin, ours=problem.code.startswith("artifact."))
    except Exception as error:
        _fail(run, attempt, {"incident": incident(error), **_cause(error)}, begin, ours=True)


def _cause(error: Exception) -> dict[str, Any]:
    """What is known of a failure on our side: a SIGKILL that we did not send is nearly always the lack of memory."""
    if getattr(error, "returncode", None) == KILLED:
        return {"code": "run.memory", "values": {}}
    return {}


def _carry_out(run: Run, attempt: int, folder: Path, begin: float) -> None:
    spec = planning.runnable(run, version_file(run.version))
    (folder / "spec.json").write_text(json.dumps(spec.as_dict()), encoding="utf-8")
    recorder = Recorder(run.pk, attempt)
    fit = ["fit", "--spec", str(folder / "spec.json"), "--out", str(folder)]
    ended = follow(fit, folder, recorder)
    if _fitted(ended):
        failpoint("run.fitted")
        recorder.note(
            {"event": "stage", "name": "verifying", "progress": 0.97, "seconds_left": None}
        )
        checked = follow(["verify", str(folder)], folder, recorder)
        ended = _joined(ended, checked)
    failpoint("run.ending")
    _conclude(run, attempt, folder, ended, time.monotonic() - begin)


def _fitted(ended: Ended) -> bool:
    done = ended.returncode == DONE and {"report", "saved"} <= ended.said.keys()
    return done and ended.ours and not (ended.stopping or ended.leaving)


def _joined(fit: Ended, verify: Ended) -> Ended:
    verify.said = {**fit.said, **verify.said}
    return verify


def follow(args: Sequence[str], folder: Path, recorder: Recorder) -> Ended:
    """Starts a child and reads it to its end, which a word to stop brings about."""
    child = launch(args, folder=folder, env=_threads())
    ended, watch = Ended(), _Watch(recorder, child)
    try:
        for event in child.lines(timeout=0.3):
            if event:
                watch.heard()
                recorder.note(event)
                ended.said[event["event"]] = event
            if not recorder.flush():
                break
            watch.look()
    finally:
        child.stop(0.0)
    ended.ours = recorder.flush(now=True)
    ended.returncode, ended.stderr = child.returncode, child.stderr
    ended.stopping, ended.leaving = watch.stopping, watch.leaving
    return ended


class _Watch:
    """Passes the word to stop on to the child, once, and puts an end to it when it does not listen."""

    def __init__(self, recorder: Recorder, child: Child) -> None:
        self._recorder, self._child = recorder, child
        self._looked = self._heard = time.monotonic()
        self._deadline: float | None = None
        self.stopping = self.leaving = False

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
            self._tell(now + GRACE)
        elif leaving.wanted():
            self.leaving = True
            self._tell(now + GRACE_LEAVING)
        elif now - self._heard > SILENT:
            self._child.kill()
            raise TimeoutError(f"No event for {SILENT:.0f} s: {self._child.stderr}")

    def _tell(self, deadline: float) -> None:
        self._deadline = deadline
        self._child.terminate()


def _threads() -> dict[str, str]:
    """Runs side by side share the cores; alone, torch knows best."""
    if settings.RUN_SLOTS == 1 or "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // settings.RUN_SLOTS))}


def _conclude(run: Run, attempt: int, folder: Path, ended: Ended, seconds: float) -> None:
    """Writes the end that the child's end calls for. Every write names the attempt, so that a late one is lost."""
    if not ended.ours:
        log.warning("Run %s was taken from attempt %s", run.pk, attempt)
        folders.abandon(run, attempt)
    elif _stopped(run, ended):
        _persist(lambda: services.end(run.pk, Status.CANCELLED, attempt=attempt, seconds=seconds))
        folders.tidy(run, attempt, kept=False)
    elif ended.leaving or ended.returncode == STOPPED:
        reason = "shutdown" if ended.leaving else "lost"
        _persist(lambda: services.requeue(run.pk, attempt=attempt, reason=reason))
    elif "problem" in ended.said and ended.returncode == PROBLEM:
        said = ended.said["problem"]
        raise Problem(said["code"], **(said.get("values") or {}))
    elif "verified" in ended.said and not _complete(ended):
        raise Problem("artifact.mismatch", difference=ended.said["verified"]["max_difference"])
    elif _complete(ended):
        _succeed(run, attempt, folder, ended, seconds)
    else:
        raise ChildFailed(ended.returncode, ended.stderr)


def _stopped(run: Run, ended: Ended) -> bool:
    """A person wanted it to stop, perhaps in the very instant of its end; one that is complete has ended by itself."""
    wanted = Run.objects.filter(pk=run.pk, status=Status.STOPPING).exists()
    return wanted and not _complete(ended)


def _complete(ended: Ended) -> bool:
    said = {"report", "saved", "verified"} <= ended.said.keys()
    return said and ended.returncode == DONE and ended.said["verified"]["labels_equal"] is True


def _succeed(run: Run, attempt: int, folder: Path, ended: Ended, seconds: float) -> None:
    saved, verified = ended.said["saved"], ended.said["verified"]
    artifact = Artifact(
        folder=folders.relative(folder / saved["folder"]),
        zip_path=folders.relative(folder / saved["zip"]),
        size=saved["size"],
        sha256=saved["sha256"],
        verified={name: value for name, value in verified.items() if name != "event"},
    )
    report = storable({k: value for k, value in ended.said["report"].items() if k != "event"})
    given: dict[str, Any] = {"run": run, "attempt": attempt, "seconds": seconds}
    if _persist(lambda: services.succeed(report=report, artifact=artifact, **given)):
        failpoint("run.ended")
        folders.tidy(run, attempt, kept=True)


def _fail(
    run: Run, attempt: int, problem: dict[str, Any], begin: float, *, ours: bool = False
) -> None:
    """What failed on our side is not booked."""
    seconds = 0.0 if ours else time.monotonic() - begin
    given: dict[str, Any] = {"attempt": attempt, "seconds": seconds, "problem": problem}
    if _persist(lambda: services.end(run.pk, Status.FAILED, **given)):
        folders.tidy(run, attempt, kept=False)


def _persist(write: Callable[[], bool]) -> bool:
    """The end of a run must get written: a database that is away for a moment is asked again."""
    until = time.monotonic() + PERSIST
    while True:
        try:
            return write()
        except DatabaseError:
            if time.monotonic() > until:
                raise
            log.warning("The end of a run was not written yet", exc_info=True)
            connection.close()
            time.sleep(1.0)
