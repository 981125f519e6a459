"""Training an encoder through an adapter beside its layers, or a prompt before its texts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from typing import Any

from accelerate import Accelerator

from training import adapters, clashes, export, loop
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
    """`follow` trains, given what keeps the best; that is put into the weights at the end, where it can be."""
    adapters.begin(network, job.settings, job.pieces["train"], tokenizer.all_special_ids)
    network.to(accelerator.device)
    best = Beside(network, lambda: judge.tuned)
    outcome = yield from follow(best)
    best.put()
    about, beside = job.about | best.chosen, None
    if job.settings["method"] in clashes.SOFT:
        beside = adapters.save_adapter(network, job.folder / ".adapter.part", job.spec.base)
        about |= adapters.apart(network)
    else:
        adapters.merged(network)
    export.checkpoint(job.folder, network, tokenizer, about, beside)
    if beside:
        shutil.rmtree(beside)
    return outcome
