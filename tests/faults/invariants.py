"""What must hold whatever has died: asserted by one function at the end of every case."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from unittest import mock

import psutil
from django.conf import settings

from billing.models import Hold, LedgerEntry
from notify.models import News
from projects.housekeeping import finding, keeping
from projects.jobs.launcher import STDERR
from projects.runs import folders
from projects.runs.lifecycle import FINAL, HELD, NEXT
from projects.runs.models import Artifact, Run, RunEvent, Status


def assert_consistent(*, ended: bool = True, tidied: bool = True) -> None:
    """No run is lost, doubled, stuck or lied about. `ended`: every run has come to a final status.

    Looked at are the rows of all runs, what was booked and told of them, their files, and the processes of the machine.
    Not `tidied`: whoever would have removed files that are of no more use has died; housekeeping does it.
    """
    if not tidied:
        keep_house()
    until = time.monotonic() + SETTLES
    while (found := faults(ended=ended)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not found, "\n".join(found)


def faults(*, ended: bool = True) -> list[str]:
    """All that does not hold, in words."""
    runs = list(Run.objects.select_related("artifact"))
    found = [fault for run in runs for look in LOOKS for fault in look(run)]
    found += [f"{run} is {run.status}" for run in runs if ended and run.status not in FINAL]
    return [*found, *_strays(runs), *_left_behind(runs)]


def keep_house() -> int:
    """As it is done a few times a day, when it has become quiet around a file. How much was removed."""
    with mock.patch.object(finding, "SETTLED", -1.0):
        return len(keeping.clean())


def _status(run: Run) -> Iterator[str]:
    """One legal step after the other, all of them told, the last of them the truth."""
    told = [Status(event.data["status"]) for event in _events(run) if event.kind == "status"]
    for before, after in pairwise(told):
        if after not in NEXT[before]:
            yield f"{run}: {before} was followed by {after}"
    if told and told[-1] != run.status:
        yield f"{run} is {run.status}, and its history ends with {told[-1]}"
    if (run.ended_at is not None) != (run.status in FINAL):
        yield f"{run} is {run.status} and ended at {run.ended_at}"


def _history(run: Run) -> Iterator[str]:
    events = _events(run)
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield f"{run}: its events are not numbered in a row"
    if any(one.attempt > two.attempt for one, two in pairwise(events)):
        yield f"{run}: an attempt wrote after a newer one had the run"
    for attempt in {event.attempt for event in events}:
        steps = [e.data["step"] for e in events if e.kind == "step" and e.attempt == attempt]
        if len(set(steps)) < len(steps) and run.spec.get("seeds", 1) == 1:
            yield f"{run}: attempt {attempt} tells a step twice"


def _going_on(run: Run) -> Iterator[str]:
    """Each attempt begins with the last state that an earlier one told of, unless it says why it cannot."""
    kept = 0
    for _attempt, group in groupby(_events(run), key=lambda event: event.attempt):
        told = list(group)
        codes = {event.data.get("code") for event in told if event.kind == "note"}
        begins = [e.data["step"] for e in told if e.kind == "resumed"] or [0]
        steps = [e.data["step"] for e in told if e.kind == "step"]
        if steps and begins[0] < kept and not codes & LOST_STATES:
            yield f"{run}: {kept} steps were kept, and it went on after {begins[0]}"
        if steps and steps[0] <= begins[0]:
            yield f"{run}: it went on after step {begins[0]} and says step {steps[0]} again"
        kept = max([kept, *(e.data["step"] for e in told if e.kind == "checkpoint")])


def _told(run: Run) -> Iterator[str]:
    """Everybody hears of its end, once."""
    ended = [e for e in _events(run) if e.kind == "status" and e.data["status"] in FINAL]
    told = list(News.objects.filter(key=f"run:{run.pk}").values_list("kind", flat=True))
    if told != [f"run.{run.status}"] * len(ended):
        yield f"{run} is {run.status}, came to {len(ended)} ends, and people heard of {told}"


def _success(run: Run) -> Iterator[str]:
    """A success has a whole artifact, and nothing else has one."""
    artifact = Artifact.objects.filter(run=run).first()
    if (run.status == Status.SUCCEEDED) != (artifact is not None):
        yield f"{run} is {run.status} with the artifact {artifact}"
    if artifact is None:
        return
    file = folders.artifact_zip(artifact)
    if not file.is_file() or not folders.artifact_folder(artifact).is_dir():
        yield f"{run}: the files of its artifact are not there"
    elif hashlib.sha256(file.read_bytes()).hexdigest() != artifact.sha256:
        yield f"{run}: its zip is not what was saved"
    if not run.report or not artifact.verified.get("labels_equal"):
        yield f"{run} has succeeded without a report or without being verified"


def _failure(run: Run) -> Iterator[str]:
    """It says why, and nothing that is ours: no traceback, no path."""
    if (run.status == Status.FAILED) != bool(run.problem):
        yield f"{run} is {run.status} with the problem {run.problem}"
    text = str(run.problem or "")
    if any(secret in text for secret in ("Traceback", str(settings.ATTUNE_HOME), 'File "')):
        yield f"{run} tells what it should not: {text}"


def _booked(run: Run) -> Iterator[str]:
    """One place in the plan while it lives; an entry in the ledger for what was kept, none for a failure of ours."""
    open_holds = Hold.objects.filter(run_id=run.pk, released_at=None).count()
    if open_holds and run.status in FINAL:
        yield f"{run} is {run.status} and still holds its place"
    entries = LedgerEntry.objects.filter(run_id=run.pk)
    back = list(entries.filter(kind="refund").values_list("attempt", flat=True))
    used = entries.filter(kind="settle").exclude(attempt__in=back)
    booked = sorted(used.values_list("attempt", flat=True))
    if len(set(booked)) < len(booked):
        yield f"{run}: one attempt is booked twice: {booked}"
    if run.status == Status.SUCCEEDED and run.attempt not in booked:
        yield f"{run} has succeeded, and booked are {booked}"
    if not set(booked) <= {run.attempt, *_laid_down(run)}:
        yield f"{run}: work that was lost is booked: {booked}"
    if run.attempt in booked and set(run.problem or {}) == {"incident"}:
        yield f"{run}: a failure of ours is booked"


def _laid_down(run: Run) -> set[int]:
    """Attempts that kept what they had done and were told to end."""
    moves = [event for event in _events(run) if event.kind == "status"]
    told = [e for e in moves if e.data["status"] == Status.PAUSED or e.data["reason"] == "shutdown"]
    return {event.attempt for event in told}


def _files(run: Run) -> Iterator[str]:
    """Of one that has ended: one attempt, no half-written file, and without a success no model."""
    if run.status not in FINAL:
        return
    attempts = list(folders.of_run(run.pk).glob("attempt-*"))
    if len(attempts) > 1:
        yield f"{run} has ended and left {len(attempts)} attempts"
    heavy = folders.HEAVY if run.status != Status.SUCCEEDED else ("checkpoint",)
    for folder in attempts:
        left = [name for name in heavy if (folder / name).exists()]
        left += [str(path) for path in half_written(folder)]
        if left:
            yield f"{run} has ended and left {left}"


SETTLES = 10.0  # seconds: the end of a run is written first, and then another process tidies up
LOOKS = (_status, _history, _going_on, _told, _success, _failure, _booked, _files)
LOST_STATES = {"train.checkpoint_broken", "train.checkpoints_lost"}


def half_written(folder: Path) -> Iterator[Path]:
    """What a writer that was killed leaves beside its target."""
    for pattern in ("*.tmp", "*.part", ".*.part", "*.tmp.*"):
        yield from (path for path in folder.rglob(pattern) if path.name != STDERR)


def _strays(runs: list[Run]) -> Iterator[str]:
    """Files of runs that are not there."""
    known = {str(run.pk) for run in runs}
    for folder in Path(settings.RUNS_DIR).iterdir():
        if folder.name not in known:
            yield f"{folder} belongs to no run"


def _left_behind(runs: list[Run]) -> Iterator[str]:
    """Processes that work for a run that no worker has; also those that a trainer has started in its folder."""
    idle = {str(run.pk) for run in runs if run.status not in HELD}
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = (*process.cmdline(), process.cwd())
        except psutil.Error:
            continue
        if any(pk in word for pk in idle for word in words):
            yield f"process {process.pid} is left behind: {words}"


def _events(run: Run) -> list[RunEvent]:
    return list(RunEvent.objects.filter(run=run).order_by("seq"))
