"""Carries out one run: the torch-free parent of the process that trains.

It reads the child's events, has them recorded, looks at the word to stop, and writes the end. It decides nothing about
training and knows no page.
"""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection

from billing.services import run_limits
from projects.datasets.selectors import version_file
from projects.jobs import hardware, slots
from projects.jobs.health import GPU
from projects.jobs.launcher import launcher_for
from projects.runs import afar, faults, folders, lifecycle, planning, services, turns
from projects.runs.events import storable
from projects.runs.guarding import Room, Watch
from projects.runs.measuring import Meter
from projects.runs.models import Artifact, Follows, Run, RunEvent, Status
from projects.runs.recorder import Recorder
from training.failpoints import failpoint
from training.problems import Problem
from training.problems import resuming as reasons
from web.errors import incident

log = logging.getLogger(__name__)
PERSIST = 60.0  # seconds for which the end of a run is tried to be written
TAKING = (
    3.0  # seconds that are waited for a state on its way to the storage, when training has ended
)
DONE, PROBLEM, STOPPED = 0, 2, 75


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


def take_turn(run_id: UUID | str) -> None:
    """Carries out the run whose turn it is in the queue of `run_id`, which is often another one."""
    cluster = Run.objects.filter(pk=run_id).values_list("cluster", flat=True).first()
    while chosen := turns.next_run(cluster or hardware.cluster()):
        if execute(chosen):
            return  # else another worker was quicker


def execute(run_id: UUID | str) -> bool:
    """Carries out a queued run. Delivered twice, for a run that has ended or is gone: does nothing, which is False."""
    begin = time.monotonic()
    attempt = lifecycle.claim(run_id)
    if attempt is None:
        log.info("Run %s is not waiting: nothing to do", run_id)
        return False
    failpoint("run.claimed")
    run = Run.objects.select_related("version", "project").get(pk=run_id)
    try:
        folder = folders.fresh(run, attempt)
        found = folders.carry_over(run, attempt) or afar.fetch(run, folder)
        lost = not found and _should_have_states(run)
        _carry_out(run, attempt, folder, begin, lost=lost)
    except slots.Busy:
        log.exception("Run %s found no free slot", run_id)
        _persist(lambda: _put_back(run, attempt))
    except Problem as problem:
        told = {"code": problem.code, "values": storable(problem.values)}
        _fail(run, attempt, told, begin)
    except Exception as error:
        told = {"incident": incident(error), **faults.cause(error, run)}
        _fail(run, attempt, told, begin)
    return True


def _put_back(run: Run, attempt: int) -> bool:
    """Where there are several devices, a run may have more than one slot, and others wait until it has ended: they are
    not lost. Where there is one, each worker has its slot, and a run that found none is lost."""
    if planning.devices_here() > 1:
        mine: dict[str, Any] = {"attempt": attempt, "reason": "slots"}
        return services.requeue(run.pk, **mine) or services.end(run.pk, Status.CANCELLED, **mine)
    return services.lose(run.pk, attempt=attempt)


def _should_have_states(run: Run) -> bool:
    return run.follows == Follows.RESUME or _had_states(run)


def _had_states(run: Run) -> bool:
    return RunEvent.objects.filter(run=run, kind="checkpoint").exists()


def _carry_out(run: Run, attempt: int, folder: Path, begin: float, *, lost: bool) -> None:
    """`lost`: states that an earlier attempt told of are not there."""
    spec = planning.runnable(run, version_file(run.version))
    spec = replace(spec, smaller=faults.halvings(run))
    (folder / "spec.json").write_text(json.dumps(spec.as_dict()), encoding="utf-8")
    fit = ["fit", "--spec", str(folder / "spec.json"), "--out", str(folder)]
    devices = planning.devices_of(run)
    with slots.taken(run.cluster, devices) as slot:
        room = Room(slot, run_limits(run.project.workspace), begin, run.cluster == GPU)
        recorder, courier = Recorder(run.pk, attempt), afar.Courier(run, attempt)
        if lost:
            values = {"reason": reasons.GONE}
            recorder.note({"event": "note", "code": "train.checkpoints_lost", "values": values})
        network = not spec.base_folder  # else it is fetched
        given: dict[str, Any] = {"devices": devices, "network": network}
        ended = follow(fit, folder, recorder, room, **given, on_checkpoint=courier.look)
        courier.wait(0.0 if ended.leaving else TAKING)
        if _fitted(ended):
            failpoint("run.fitted")
            recorder.note(
                {"event": "stage", "name": "verifying", "progress": 0.97, "seconds_left": None}
            )
            checked = follow(["verify", str(folder)], folder, recorder, room)
            ended = _joined(ended, checked)
    failpoint("run.ending")
    _conclude(run, attempt, folder, ended, time.monotonic() - begin)


def _fitted(ended: Ended) -> bool:
    done = ended.returncode == DONE and {"report", "saved"} <= ended.said.keys()
    return done and ended.ours and not (ended.stopping or ended.leaving)


def _joined(fit: Ended, verify: Ended) -> Ended:
    verify.said = {**fit.said, **verify.said}
    return verify


def follow(
    args: Sequence[str],
    folder: Path,
    recorder: Recorder,
    room: Room,
    *,
    devices: int = 1,
    network: bool = False,
    on_checkpoint: Callable[[], None] = lambda: None,
) -> Ended:
    """Starts a child and reads it to its end, which a word to stop brings about.

    Raises Problem(`run.time_limit`, `run.memory_limit`) when it outgrows its room.
    """
    reach: dict[str, Any] = {"network": network, "keep": room.slot.descriptors}
    given: dict[str, Any] = {"env": room.slot.env, "memory": room.memory, **reach}
    child = launcher_for(devices)(args, folder=folder, warm=True, **given)
    ended, watch = Ended(), Watch(recorder, child, room)
    meter = Meter(recorder.note, child.pid)
    try:
        for event in child.lines(timeout=0.3):
            if event:
                watch.heard()
                recorder.note(event)
                ended.said[event["event"]] = event
                if event["event"] == "checkpoint":
                    on_checkpoint()
            if not recorder.flush():
                break
            watch.look()
            meter.look()
    finally:
        child.stop(0.0)
    ended.ours = recorder.flush(now=True)
    ended.returncode, ended.stderr = child.returncode, child.stderr
    ended.stopping, ended.leaving = watch.stopping, watch.leaving
    if (
        watch.outgrown and ended.ours and ended.returncode != DONE
    ):  # else it was done in that instant
        raise watch.outgrown
    return ended


def _conclude(run: Run, attempt: int, folder: Path, ended: Ended, seconds: float) -> None:
    """Writes the end that the child's end calls for. Every write names the attempt, so that a late one is lost."""
    if not ended.ours:
        log.warning("Run %s was taken from attempt %s", run.pk, attempt)
        folders.abandon(run, attempt)
    elif _stopped(run, ended) and Run.objects.filter(pk=run.pk, pausing=True).exists():
        _persist(lambda: services.lay_down(run.pk, attempt=attempt, seconds=seconds))
    elif _stopped(run, ended):
        _persist(lambda: services.end(run.pk, Status.CANCELLED, attempt=attempt, seconds=seconds))
    elif ended.leaving:
        given: dict[str, Any] = {"attempt": attempt, "reason": "shutdown"}
        given["seconds"] = seconds if _had_states(run) else 0.0
        _persist(lambda: services.requeue(run.pk, **given))
    elif ended.returncode == STOPPED:  # by nobody here
        _persist(lambda: services.lose(run.pk, attempt=attempt))
    elif "problem" in ended.said and ended.returncode == PROBLEM:
        said = ended.said["problem"]
        raise Problem(said["code"], **(said.get("values") or {}))
    elif ended.returncode == -signal.SIGKILL and _again(run, attempt):
        log.warning("Run %s: somebody killed the process of attempt %s", run.pk, attempt)
    elif ended.said.get("verified", {}).get("labels_equal") is False:
        raise Problem("artifact.mismatch", difference=ended.said["verified"]["max_difference"])
    elif _complete(ended):
        _succeed(run, attempt, folder, ended, seconds)
    else:
        raise ChildFailed(ended.returncode, ended.stderr)


def _again(run: Run, attempt: int) -> bool:
    """Its process was killed, and not by us: it goes on where it was. For want of memory it does so once."""
    reason = faults.MEMORY if faults.starved(run) else "killed"
    if reason == faults.MEMORY and faults.halvings(run):
        return False
    return _persist(lambda: services.give_back(run.pk, attempt=attempt, reason=reason))


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
        folders.forget_states(run)


def _fail(run: Run, attempt: int, problem: dict[str, Any], begin: float) -> None:
    seconds = time.monotonic() - begin
    given: dict[str, Any] = {"attempt": attempt, "seconds": seconds, "problem": problem}
    _persist(lambda: services.end(run.pk, Status.FAILED, **given))


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
