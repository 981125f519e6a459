"""How good the network is after an epoch: its loss and scores on the validation rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accelerate import Accelerator

from training import loop
from training.fit.job import Job


@dataclass
class Judge:
    """`tuned` is what was chosen on validation for the network that was judged last."""

    job: Job
    tuned: dict[str, Any] = field(default_factory=dict)

    def __call__(self, network: Any, accelerator: Accelerator) -> loop.Judged:
        job, rows = self.job, self.job.rows["valid"]
        if not rows:
            return loop.Judged()
        learner = job.learner
        loss, outputs = loop.measured(network, job.pieces["valid"], accelerator)
        results = job.results("valid", outputs)
        self.tuned = learner.tune(rows, results, job.about)
        found = learner.figures(learner.score(rows, results, job.about | self.tuned))
        return loop.Judged(loss, found, self.value(loss, found))

    def value(self, loss: float | None, found: Mapping[str, float]) -> float:
        """More is better, whatever it is that epochs are compared by."""
        wanted = self.job.settings.get("stop_metric", "auto")
        if wanted == "loss":
            return -math.inf if loss is None else -loss
        return found[self.job.learner.main if wanted == "auto" else wanted]


def data_of(job: Job, judge: loop.Judge, change: Callable[..., Any] | None = None) -> loop.Data:
    train, valid = job.pieces["train"], job.pieces["valid"]
    single = bool(job.labels) and all(isinstance(piece.get("target"), int) for piece in train)
    return loop.Data(
        train,
        judge,
        valid_rows=len(job.rows["valid"]),
        valid_tokens=sum(len(piece["ids"]) for piece in valid),
        labels=len(job.labels) if single else 0,
        change=change,
    )
