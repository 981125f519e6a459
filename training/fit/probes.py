"""What the frozen base can do: simple models over its vectors, from which the head starts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from training import backbone, baselines
from training.coding import pair, sequence
from training.events import Event, each
from training.files import core
from training.fit.job import Job, stage
from training.tasks import bi_encoder

Floats = npt.NDArray[np.floating[Any]]
WORDS, MOST_WORDS = (
    20,
    60_000,
)  # words of a row, about; words that the model over the frozen base is fitted on
# -> the results for the test rows, and what was chosen on validation for them
Probe = Callable[[Job, Any, Accelerator], Generator[Event, None, tuple[Any, dict[str, Any]]]]


def vectors(
    network: Any,
    pieces: Sequence[Mapping[str, Any]],
    accelerator: Accelerator,
    start: float,
    share: float,
) -> Generator[Event, None, Floats]:
    """The frozen base's vectors of the pieces, with a sign of life between the chunks."""
    steps = backbone.vectors(network, pieces, accelerator.autocast)
    return (yield from each(steps, lambda done: stage("baselines", start + share * done)))


def whole(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """A linear model over one vector a row; it becomes the head, where that is wanted."""
    train = yield from vectors(network, job.pieces["train"], accelerator, 0.2, 0.6)
    keeps = job.settings.get("trained") == "head_only"
    if keeps:
        job.vectors["train"] = train
    targets = np.array([piece["target"] for piece in job.pieces["train"]])
    weights, bias = _linear(job.learner.objective, train, targets, len(job.labels))

    def outputs(split: str, start: float) -> Generator[Event, None, Any]:
        found = yield from vectors(network, job.pieces[split], accelerator, start, 0.1)
        if keeps:
            job.vectors[split] = found
        return job.results(split, found @ weights.T + bias)

    valid = yield from outputs("valid", 0.8)
    tuned = job.learner.tune(job.rows["valid"], valid, job.about)
    results = yield from outputs("test", 0.9)
    if job.settings["probe_head"]:
        head = {"weight": torch.tensor(weights).float(), "bias": torch.tensor(bias).float()}
        network.head.load_state_dict(head)
    return results, tuned


def _linear(objective: str, vectors: Floats, targets: Any, labels: int) -> tuple[Floats, Floats]:
    if objective == sequence.SCORE:
        return baselines.probe_score(vectors, targets)
    if objective == sequence.SEVERAL:
        return baselines.probe_several(vectors, targets)
    return baselines.probe(vectors, targets, labels)


def by_word(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """A linear model over the frozen vector of each word, fitted by least squares."""
    network.eval()
    known = job.pieces["train"][:: 1 + len(job.pieces["train"]) * WORDS // MOST_WORDS]
    with accelerator.autocast():
        vectors = core.run(network, known, "vectors")
    tags = np.concatenate([np.array(piece["tags"], int) for piece in known])
    weights, bias = baselines.probe_words(np.concatenate(vectors), tags, network.head.out_features)
    yield stage("baselines", 0.6)
    with accelerator.autocast():
        found = core.run(network, job.pieces["test"], "vectors")
    yield stage("baselines", 0.9)
    return job.results("test", [rows @ weights.T + bias for rows in found]), {}


def alone(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """Cosines of two texts, each by itself; what they mean becomes part of `job.about`, which the network reads."""
    found = {}
    for place, split in enumerate(("train", "valid", "test")):
        pieces = job.pieces[split]
        vectors_of = vectors(network, pieces, accelerator, (0.2, 0.8, 0.9)[place], 0.1)
        found[split] = job.results(split, (yield from vectors_of))
    targets = np.array([piece["target"] for piece in job.pieces["train"]])
    cosines = pair.cosines(found["train"])
    job.about |= bi_encoder.start(job.learner.objective, cosines, targets, job.about)
    return found["test"], job.learner.tune(job.rows["valid"], found["valid"], job.about)


PROBES: dict[str, Probe] = {
    "sequence": whole,
    "relation": whole,
    "token": by_word,
    "pair": alone,
}
