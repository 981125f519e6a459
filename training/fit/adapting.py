"""Training an encoder through an adapter beside its layers; what is saved is a plain model."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from accelerate import Accelerator

from training import adapters, export, loop
from training.events import Event
from training.fit.job import Job
from training.fit.judging import Judge
from training.fit.keeping import Beside, Best

Follow = Callable[[Best], Generator[Event, None, loop.Outcome]]


def adapted(
    job: Job,
    network: Any,
    tokenizer: Any,
    accelerator: Accelerator,
    judge: Judge,
    follow: Follow,
) -> Generator[Event, None, loop.Outcome]:
    """`follow` trains, given what keeps the best; that is put into the weights at the end."""
    settings = job.settings
    adapters.attach(network, settings["rank"], settings["alpha"], method=settings["method"])
    network.to(accelerator.device)
    best = Beside(network, lambda: judge.tuned)
    outcome = yield from follow(best)
    best.put()
    adapters.merged(network)
    export.checkpoint(job.folder, network, tokenizer, job.about | best.chosen)
    return outcome
