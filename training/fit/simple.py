"""The stage of the baselines: what the fine-tune starts from and is compared with."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from training.events import Event
from training.fit import probes, resuming
from training.fit.job import Job, stage

HEAD, VECTORS = "head.", "vectors."  # beginnings of names of tensors that are kept
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
    if known := resuming.read_baselines(job):
        return _remembered(job, network, *known)
    before = dict(job.about)
    found = learner.simple(rows["train"], rows["test"], job.about, job.spec.seed)
    yield stage("baselines", 0.2)
    tuned: dict[str, Any] = {}
    if job.learner.head in probes.PROBES:
        base, tuned = yield from probes.PROBES[job.learner.head](job, network, accelerator)
        found["base"] = base
    job.seconds["baselines"] = round(time.monotonic() - begin, 3)
    simple = _scored(job, found, tuned)
    told = {name: value for name, value in job.about.items() if before.get(name) != value}
    state: dict[str, Any] = {"metrics": simple.metrics, "about": told, "tried": job.tried}
    state["seconds"] = job.seconds["baselines"]
    tensors = {f"{VECTORS}{split}": torch.from_numpy(item) for split, item in job.vectors.items()}
    tensors |= {f"{HEAD}{name}": item for name, item in network.head.state_dict().items()}
    resuming.write_baselines(job, state, tensors | resuming.hits_as_tensors(simple.hits))
    return simple


def _scored(job: Job, found: dict[str, Any], tuned: dict[str, Any]) -> Simple:
    """`tuned` belongs to the model over the base's vectors."""
    metrics, hits, rows, learner = {}, {}, job.rows["test"], job.learner
    for name, results in found.items():
        about = job.about | (tuned if name == "base" else {})
        metrics[name] = _brief(learner.score(rows, results, about))
        hits[name] = learner.hits(rows, results, about)
    return Simple(metrics, hits)


def _remembered(
    job: Job, network: Any, state: Mapping[str, Any], tensors: Mapping[str, Any]
) -> Simple:
    """What they left behind, besides what they found: the head, and vectors of a base that stays as it is."""
    head = resuming.named(tensors, HEAD)
    network.head.load_state_dict(head)
    vectors = resuming.named(tensors, VECTORS)
    job.vectors = {split: item.numpy() for split, item in vectors.items()}
    job.about |= state["about"]
    job.tried[:] = state["tried"]
    job.seconds["baselines"] = state["seconds"]
    return Simple(state["metrics"], resuming.hits_of(tensors, state["metrics"]))


def _brief(metrics: dict[str, Any]) -> dict[str, Any]:
    """Without what nobody looks at for a baseline."""
    return {name: value for name, value in metrics.items() if name not in HEAVY}
