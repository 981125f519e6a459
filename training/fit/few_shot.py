"""Few rows a label: the base learns from pairs of rows (training.losses.contrast), a linear head is fitted on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from training import baselines, loop
from training.files import core
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
    network.eval()
    with accelerator.autocast():
        vectors = np.stack(core.run(network, pieces, "vectors"))
    targets = np.array([piece["target"] for piece in pieces])
    weights, bias = baselines.probe(vectors, targets, len(job.labels))
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weights))
        network.head.bias.copy_(torch.from_numpy(bias))
