"""What the frozen base can do: simple models over its vectors, from which the head starts; of a draft, all there is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from training import baselines
from training.coding import pair, sequence
from training.events import Event, each
from training.files import core
from training.fit.job import Job, stage, store_of
from training.tasks import bi_encoder
from training.vectors import Store

Floats = npt.NDArray[np.floating[Any]]
Models = Iterator[tuple[Floats, Floats]]  # weights and bias, one pair a strength
WORDS, MOST_WORDS = (
    20,
    60_000,
)  # words of a row, about; words that the model over the frozen base is fitted on
# -> the results for the test rows, and what was chosen on validation for them
Probe = Callable[[Job, Any, Accelerator], Generator[Event, None, tuple[Any, dict[str, Any]]]]


def vectors(
    job: Job, network: Any, store: Store, say: Callable[[float], Event]
) -> Generator[Event, None, dict[str, Any]]:
    """The frozen base's vectors of all pieces, by split, with a sign of life between the chunks."""
    pieces = [piece for found in job.pieces.values() for piece in found]
    found = yield from each(store.of(network, pieces), say)
    parts, begin = {}, 0
    for split, own in job.pieces.items():
        parts[split] = np.array(found[begin : begin + len(own)]).reshape(-1, *network.shape)
        begin += len(own)
    return parts


def whole(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """A linear model over one vector a row; it becomes the head, where that is wanted."""
    read = vectors(job, network, store_of(job), lambda done: stage("baselines", 0.2 + 0.7 * done))
    found = yield from read
    if job.settings.get("trained") == "head_only":
        job.vectors |= found
    weights, bias = next(linear(job, found["train"], [baselines.STRENGTH]))
    yield stage("baselines", 0.95)
    valid, results = (
        job.results(split, found[split] @ weights.T + bias) for split in ("valid", "test")
    )
    if job.settings["probe_head"]:
        put(network, weights, bias)
    return results, job.learner.tune(job.rows["valid"], valid, job.about)


def linear(job: Job, vectors: Floats, strengths: Sequence[float], balanced: bool = False) -> Models:
    """Linear models over one vector a row, for what the head's numbers mean."""
    targets = np.array([piece["target"] for piece in job.pieces["train"]])
    if job.learner.objective == sequence.SCORE:
        return baselines.probes_score(vectors, targets, strengths)
    if job.learner.objective == sequence.SEVERAL:
        return baselines.probes_several(vectors, targets, strengths, balanced)
    return baselines.probes(vectors, targets, len(job.labels), strengths, balanced)


def put(network: Any, weights: Floats, bias: Floats) -> None:
    """A linear model as the head."""
    head = {"weight": torch.tensor(weights).float(), "bias": torch.tensor(bias).float()}
    network.head.load_state_dict(head)


def by_word(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """A linear model over the frozen vector of each word, fitted by least squares."""
    network.eval()
    known = job.pieces["train"][:: every(job, MOST_WORDS)]
    with accelerator.autocast():
        vectors = core.run(network, known, "vectors")
    weights, bias = next(words(known, vectors, network.head.out_features, [baselines.STRENGTH]))
    yield stage("baselines", 0.6)
    with accelerator.autocast():
        found = core.run(network, job.pieces["test"], "vectors")
    yield stage("baselines", 0.9)
    return job.results("test", [rows @ weights.T + bias for rows in found]), {}


def every(job: Job, most: int) -> int:
    """Of how many training pieces one is taken, so that they have no more than so many words, about."""
    return 1 + len(job.pieces["train"]) * WORDS // most


def words(
    pieces: Sequence[Any], vectors: Sequence[Floats], tags: int, strengths: Sequence[float]
) -> Models:
    known = np.concatenate([np.array(piece["tags"], int) for piece in pieces])
    return baselines.probes_words(np.concatenate(vectors), known, tags, strengths)


def alone(
    job: Job, network: Any, accelerator: Accelerator
) -> Generator[Event, None, tuple[Any, dict[str, Any]]]:
    """Cosines of two texts, each by itself; what they mean becomes part of `job.about`, which the network reads."""
    read = vectors(job, network, store_of(job), lambda done: stage("baselines", 0.2 + 0.7 * done))
    return compared(job, (yield from read))


def compared(job: Job, vectors: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    found = {split: job.results(split, own) for split, own in vectors.items()}
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
