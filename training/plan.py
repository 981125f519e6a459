"""The settings of a training, all chosen. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from training import batches


@dataclass(frozen=True)
class Plan:
    """What has a default here changes nothing where it is left out."""

    epochs: int
    learning_rate: float
    head_learning_rate: float
    batch_size: int
    warmup: float
    weight_decay: float
    dropout: float
    clip: float
    schedule: str
    patience: int
    class_weights: bool
    seed: int
    optimizer: str = "adamw"
    layer_decay: float = 1.0
    accumulation: int = 1
    label_smoothing: float = 0.0
    max_steps: int = 0  # 0: no limit
    min_gain: float = 0.0
    trained: str = "all"
    top_layers: int = 2
    focal: float = 0.0
    oversampling: bool = False
    few_shot: str = "off"
    augmentation: str = "none"
    augment_share: float = 0.1
    sharding: str = "none"

    @property
    def step_rows(self) -> int:
        return self.batch_size * self.accumulation

    def epoch_steps(self, rows: int) -> int:
        return batches.steps(rows, self.step_rows)

    def steps(self, rows: int) -> int:
        """Of the whole training."""
        planned = self.epochs * self.epoch_steps(rows)
        return min(planned, self.max_steps) if self.max_steps else planned


def factor(step: int, steps: int, warmup: float, schedule: str) -> float:
    """What the learning rate is multiplied with at `step` (0, 1 … steps - 1); never 0."""
    rising = round(steps * warmup)
    if step < rising:
        return (step + 1) / (rising + 1)
    done = (step - rising) / max(1, steps - rising)
    if schedule == "linear":
        return 1 - done
    return 0.5 * (1 + math.cos(math.pi * done)) if schedule == "cosine" else 1.0
