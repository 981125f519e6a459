"""Few rows a label: the base learns from pairs of rows (training.losses.contrast), a linear head is fitted on it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from training import backbone, baselines, loop
from training.fit.job import Job


@dataclass
class Refit:
    """Judges a network with a head that is fitted anew on the vectors of the training rows."""

    job: Job
    judge: loop.Judge

    def __call__(self, network: Any, accelerator: Accelerator) -> loop.Judged:
        fit_head(network, self.job, accelerator)
        return self.judge(network, accelerator)


def fit_head(network: Any, job: Job, accelerator: Accelerator) -> None:
    pieces = job.pieces["train"]
    vectors = _last(backbone.vectors(network, pieces, accelerator.autocast))
    targets = np.array([piece["target"] for piece in pieces])
    weights, bias = baselines.probe(vectors, targets, len(job.labels))
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weights))
        network.head.bias.copy_(torch.from_numpy(bias))


def _last(steps: Generator[float, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
