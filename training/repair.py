"""What a training does about itself: too little memory for a batch, a loss that leaves the ground."""

from __future__ import annotations

import re
import resource
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

STATUS = Path("/proc/self/status")  # of Linux
BAD_STEPS = 3  # steps without a finite loss before something is done about it
STEPS_BACK = 2  # how often training goes back before the run is given up
WINDOW = 20  # steps whose mean loss is watched
# A mean loss above GROWN times that of the first steps, and above FLOOR, is no noise: guessing costs ln(labels).
GROWN, FLOOR = 10.0, 10.0


class Astray(Exception):  # no error of anybody: it never leaves the loop
    """The loss is no number, or far above where it began."""


def out_of_memory(error: BaseException) -> bool:
    """Of the GPU, of Python, or of the processor's allocator, which has no exception of its own."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def most_memory(device: str) -> int:
    """Bytes that this process has held at the most so far: of the GPU where it computes on one."""
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    # Elsewhere than here the system counts what the process that started this one had held by then.
    if STATUS.exists() and (held := re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.M)):
        return int(held[1]) * 1024
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found) if sys.platform == "darwin" else int(found) * 1024


@dataclass
class Watch:
    """Raises Astray when the losses of the steps say so."""

    bad: int = 0
    first: list[float] = field(default_factory=list)
    last: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def failed(self) -> None:
        """A step whose loss or gradient is not finite."""
        self.bad += 1
        if self.bad >= BAD_STEPS:
            raise Astray

    def add(self, loss: float) -> None:
        if len(self.first) < WINDOW:
            self.first.append(loss)
            return
        self.last.append(loss)
        mean = sum(self.last) / len(self.last)
        if len(self.last) == WINDOW and mean > max(FLOOR, GROWN * sum(self.first) / WINDOW):
            raise Astray

    def again(self) -> None:
        """After a step back. The first losses stay what is compared with."""
        self.bad = 0
        self.last.clear()


@dataclass(frozen=True)
class Good:
    """What is gone back to: the optimizer's weights with a copy of each, and the step at which they were good."""

    step: int
    weights: list[tuple[Tensor, Tensor]]

    @classmethod
    def of(cls, optimizer: torch.optim.Optimizer, step: int) -> Good:
        items = (item for group in optimizer.param_groups for item in group["params"])
        return cls(step, [(item, item.detach().clone()) for item in items])

    @torch.no_grad()
    def put(self) -> None:
        for item, copy in self.weights:
            item.copy_(copy)
