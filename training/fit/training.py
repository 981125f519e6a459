"""The stage of training, whatever is trained: its events with their place in the whole run, the best model kept."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from accelerate import Accelerator

from training import loop
from training.events import Event, Note, Step, each
from training.fit import job as jobs
from training.fit import keeping
from training.fit.job import BEGINS, Job


def followed(
    job: Job, network: Any, data: loop.Data, accelerator: Accelerator, best: keeping.Best
) -> Generator[Event, None, loop.Outcome]:
    """`best` is told whenever the network is the best so far; the run can go on from what is kept on the way."""
    keeper = keeping.keeper(job, best)
    steps = loop.train(network, data, jobs.plan_of(job), accelerator, keeper)
    share = BEGINS["testing"] - BEGINS["training"]

    def told(event: Event) -> Event:
        if isinstance(event, Step):
            return replace(event, progress=round(BEGINS["training"] + share * event.progress, 4))
        return job.note(event.code, **event.values) if isinstance(event, Note) else event

    outcome = yield from each(steps, told)
    if outcome.stopped_early:
        planned, run = job.settings["epochs"], outcome.epochs_run
        yield job.note("train.stopped_early", epochs=run, planned=planned, best=outcome.best_epoch)
    if outcome.best_epoch == 0:
        yield job.note("train.no_gain")
    return outcome
