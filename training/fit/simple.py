"""The stage of the baselines: what the fine-tune starts from and is compared with."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from accelerate import Accelerator

from training.events import Event
from training.fit import probes
from training.fit.job import Job, stage

HEAVY = ("confusion", "curves", "cooccurrence", "threshold_curve", "rows")


@dataclass(frozen=True)
class Simple:
    """Scores of the baselines on the test rows, and how good each of their answers is, 0 to 1."""

    metrics: dict[str, dict[str, Any]]
    hits: dict[str, npt.NDArray[np.floating[Any]]]


def plain(job: Job) -> Simple:
    """Those that need no base."""
    begin = time.monotonic()
    found = job.learner.simple(job.rows["train"], job.rows["test"], job.about, job.spec.seed)
    job.seconds["baselines"] = round(time.monotonic() - begin, 3)
    return _scored(job, found, {})


def score(job: Job, network: Any, accelerator: Accelerator) -> Generator[Event, None, Simple]:
    """Scores them all; leaves what is learnt over the frozen base in the head, where that is wanted."""
    begin, rows, learner = time.monotonic(), job.rows, job.learner
    found = learner.simple(rows["train"], rows["test"], job.about, job.spec.seed)
    yield stage("baselines", 0.2)
    tuned: dict[str, Any] = {}
    if job.learner.head in probes.PROBES:
        base, tuned = yield from probes.PROBES[job.learner.head](job, network, accelerator)
        found["base"] = base
    job.seconds["baselines"] = round(time.monotonic() - begin, 3)
    return _scored(job, found, tuned)


def _scored(job: Job, found: dict[str, Any], tuned: dict[str, Any]) -> Simple:
    """`tuned` belongs to the model over the base's vectors."""
    metrics, hits, rows, learner = {}, {}, job.rows["test"], job.learner
    for name, results in found.items():
        about = job.about | (tuned if name == "base" else {})
        metrics[name] = _brief(learner.score(rows, results, about))
        hits[name] = learner.hits(rows, results, about)
    return Simple(metrics, hits)


def _brief(metrics: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody looks at for a baseline."""
    return {name: value for name, value in metrics.items() if name not in HEAVY}
