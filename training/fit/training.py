"""The stage of training, whatever is trained: its events with their place in the whole run, the best model kept."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from accelerate import Accelerator

from training import loop
from training.events import Event, Note, Scored, Step
from training.fit import job as jobs
from training.fit.job import BEGINS, Job


def followed(
    job: Job, network: Any, data: loop.Data, accelerator: Accelerator, keep: Callable[[], None]
) -> Generator[Event, None, loop.Outcome]:
    """`keep` is called whenever the network is the best so far."""
    steps = loop.train(network, data, jobs.plan_of(job), accelerator)
    share = BEGINS["testing"] - BEGINS["training"]
    while True:
        try:
            event = next(steps)
        except StopIteration as stop:
            outcome: loop.Outcome = stop.value
            break
        if isinstance(event, Scored) and event.best:
            keep()
        if isinstance(event, Step):
            event = replace(event, progress=round(BEGINS["training"] + share * event.progress, 4))
        if isinstance(event, Note):
            event = job.note(event.code, **event.values)
        yield event
    if outcome.stopped_early:
        planned, run = job.settings["epochs"], outcome.epochs_run
        yield job.note("train.stopped_early", epochs=run, planned=planned, best=outcome.best_epoch)
    if outcome.best_epoch == 0:
        yield job.note("train.no_gain")
    return outcome
