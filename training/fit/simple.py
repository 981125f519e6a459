"""The stage of the baselines: what the fine-tune starts from and is compared with."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from training import backbone, baselines, loop
from training.events import Event
from training.files import predict
from training.fit.job import Job, stage

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Simple:
    """Scores of the baselines on the test rows, and which rows each of the two simple ones gets right."""

    metrics: dict[str, dict[str, Any]]
    hits: dict[str, npt.NDArray[np.bool_]]


def score(
    job: Job, network: predict.Classifier, data: loop.Data, accelerator: Accelerator
) -> Generator[Event, None, Simple]:
    """Scores all three; leaves the linear model over the base's vectors in the head, where that is wanted."""
    begin, labels = time.monotonic(), len(job.labels)
    truth, test = job.targets["train"], job.targets["test"]
    texts = {name: [row.values["text"] for row in rows] for name, rows in job.rows.items()}
    found = {
        "majority": baselines.majority(truth, len(test), labels),
        "tfidf": baselines.tfidf(texts["train"], truth, texts["test"], labels, job.spec.seed),
    }
    yield stage("baselines", 0.2)
    train = yield from _vectors(job.ids["train"], network, data, accelerator, 0.2, 0.8)
    weights, bias = baselines.probe(train, truth, labels)
    vectors = yield from _vectors(job.ids["test"], network, data, accelerator, 0.9, 0.1)
    found["base"] = baselines.softmax(vectors @ weights.T + bias)
    if job.settings["probe_head"]:
        head = {"weight": torch.tensor(weights).float(), "bias": torch.tensor(bias).float()}
        network.head.load_state_dict(head)
    job.seconds["baselines"] = round(time.monotonic() - begin, 3)
    metrics = {
        name: _brief(job.task.score(test, table, job.labels)) for name, table in found.items()
    }
    hits = {name: found[name].argmax(-1) == test for name in ("majority", "tfidf")}
    return Simple(metrics, hits)


def _vectors(
    ids: Sequence[Sequence[int]],
    network: predict.Classifier,
    data: loop.Data,
    accelerator: Accelerator,
    start: float,
    share: float,
) -> Generator[Event, None, Floats]:
    """The frozen base's vectors of the rows, with a sign of life between the chunks."""
    steps = backbone.vectors(network, ids, data.pad, data.limit, accelerator.autocast)
    while True:
        try:
            yield stage("baselines", start + share * next(steps))
        except StopIteration as stop:
            result: Floats = stop.value
            return result


def _brief(metrics: dict[str, Any]) -> dict[str, Any]:
    """Without the confusion matrix, which nobody looks at for a baseline."""
    return {name: value for name, value in metrics.items() if name != "confusion"}
