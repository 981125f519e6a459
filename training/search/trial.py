"""One trial: the training alone, on rows that were read and cut into pieces once for all of them."""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from training import backbone, loop, repair
from training.events import Event, Scored, Stage, Step
from training.fit import job as jobs
from training.fit import pooling, probes, writing
from training.fit import run as runs
from training.fit.job import BEGINS, Job
from training.problems import Problem
from training.spec import Spec

EVERY = 1.0  # seconds between two signs of life
Message = dict[str, Any]


@dataclass
class Ready:
    """What all trials share: the prepared job, whose settings are the usual ones, and what the frozen base taught.

    `start` is the head and what is known with it, as the first trial found them: the base is the same in each.
    """

    job: Job
    tokenizer: Any
    start: tuple[dict[str, Any], dict[str, Any]] | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sign(self) -> int:
        """Models that write are compared by their loss, of which less is better."""
        return -1 if self.job.learner.head == "text" else 1

    @property
    def figure(self) -> str:
        return "loss" if self.sign < 0 else self.job.learner.main

    def value(self, event: Scored) -> float:
        found = event.valid_loss if self.sign < 0 else event.metrics[self.figure]
        return float(found if found is not None else "nan")

    def job_of(self, settings: Mapping[str, Any], folder: Path) -> Job:
        spec = self.job.spec.with_settings(**settings)
        about, pieces = copy.deepcopy(self.job.about), dict(self.job.pieces)
        return replace(
            self.job, spec=spec, folder=folder, about=about, pieces=pieces, notes=[], seconds={}
        )


def prepared(spec: Spec, folder: Path, bases_dir: str | Path) -> Generator[Event, None, Ready]:
    """What all trials of a process share. Raises Problem for what is the user's."""
    job = Job(replace(spec, search={}), folder, jobs.task_of(spec))
    yield from jobs.read(job)
    if not job.rows["valid"]:
        raise Problem("search.no_valid")
    yield from jobs.located(job, bases_dir)
    job.rows = {**job.rows, "test": job.rows["valid"]}  # no trial sees a test row
    prepare = writing.prepare if job.learner.head == "text" else jobs.prepare
    return Ready(job, (yield from prepare(job)))


def tried(
    ready: Ready, settings: Mapping[str, Any], folder: Path
) -> Generator[Event, None, loop.Outcome]:
    """Trains with the settings; its best model lies in `folder`/checkpoint afterwards."""
    job = ready.job_of(settings, folder)
    if job.learner.head == "text":
        return (yield from writing.tried(job, ready.tokenizer))
    accelerator = backbone.accelerator(job.settings["precision"])
    backbone.seed(job.spec.seed)
    network = runs.network_of(job, accelerator)
    yield from _begun(ready, job, network, accelerator)
    return (yield from runs.trained(job, network, ready.tokenizer, accelerator))


def _begun(
    ready: Ready, job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, None]:
    """The head as the baselines of a fine-tune leave it."""
    probe = probes.PROBES.get(job.learner.head)
    if probe is None:
        return
    if ready.start is None:
        yield from pooling.settle(job, network, accelerator)
        yield from probe(job, network, accelerator)
        head = {name: value.clone() for name, value in network.head.state_dict().items()}
        ready.start = head, copy.deepcopy(job.about)
        return
    head, about = ready.start
    network.head.load_state_dict(head)
    job.about |= copy.deepcopy(about)


def carried_out(
    ready: Ready, settings: Mapping[str, Any], folder: Path
) -> Generator[Message, str | None, Message]:
    """What happens in a trial: {"share"} of it that is done, and {"epoch", "value", "kept"}, which is to be answered
    with the reason why the trial is given up, or "". Returns its end: {"state", "value", "reason"}.

    What is no fault of ours fails the trial alone.
    """
    folder.mkdir(exist_ok=True)
    try:
        return (yield from _followed(ready, settings, folder))
    except Problem as problem:
        if not problem.code.startswith("train."):
            raise
        return {"state": "failed", "value": None, "reason": problem.code}
    except (MemoryError, RuntimeError) as error:
        if not repair.out_of_memory(error):
            raise
        return {"state": "failed", "value": None, "reason": "train.memory"}


def _followed(
    ready: Ready, settings: Mapping[str, Any], folder: Path
) -> Generator[Message, str | None, Message]:
    kept: float | None = None
    said = time.monotonic()
    with closing(tried(ready, settings, folder)) as steps:
        for event in steps:
            if isinstance(event, Scored) and event.best:
                kept = ready.value(event)
            if isinstance(event, Scored) and event.epoch:
                told = {"epoch": event.epoch, "value": ready.value(event), "kept": kept}
                if reason := (yield told):
                    return {"state": "pruned", "value": None, "reason": reason}
            if isinstance(event, Step | Stage) and time.monotonic() - said >= EVERY:
                said = time.monotonic()
                yield {"share": _share(event)}
    value = None if kept is None else ready.sign * kept
    return {"state": "complete", "value": value, "reason": ""}


def _share(event: Step | Stage) -> float:
    """How far the trial is."""
    begin, end = BEGINS["training"], BEGINS["testing"]
    return max(0.0, (event.progress - begin) / (end - begin))
