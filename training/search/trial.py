"""One trial: the training alone, on rows that were read and cut into pieces once for all of them."""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from training import backbone, loop
from training.events import Event
from training.fit import pooling, probes, writing
from training.fit import run as runs
from training.fit.job import Job


@dataclass
class Ready:
    """What all trials share: the prepared job, whose settings are the usual ones, and what the frozen base taught.

    `start` is the head and what is known with it, as the first trial found them: the base is the same in each.
    """

    job: Job
    tokenizer: Any
    start: tuple[dict[str, Any], dict[str, Any]] | None = None
    notes: list[dict[str, Any]] = field(default_factory=list)

    def job_of(self, settings: Mapping[str, Any], folder: Path) -> Job:
        spec = self.job.spec.with_settings(**settings)
        about, pieces = copy.deepcopy(self.job.about), dict(self.job.pieces)
        return replace(
            self.job, spec=spec, folder=folder, about=about, pieces=pieces, notes=[], seconds={}
        )


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
