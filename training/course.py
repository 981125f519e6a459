"""How far a training has come, and what it has decided: with the weights, all there is to go on from. No torch."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from training.events import Note, Scored, Step
from training.plan import Plan

EVERY = 0.25  # seconds between two Step events, at least
NOISE = 0.5  # standard errors of the validation score, below which two epochs count as equally good


def as_good(value: float, values: Sequence[float], rows: int) -> bool:
    """Whether the epoch is to be preferred to all before it, given so many validation rows.

    The learning rate falls, so that a later epoch is the better bet until the validation rows clearly say otherwise:
    a difference of less than NOISE standard errors says nothing. A strict comparison ended banking77 at the untrained
    head: its first two epochs were worse by a hair, and its third was the best.
    """
    if not rows:
        return True
    top = max(values, default=value)
    share = min(max(top, 0.0), 1.0)
    return value >= top - NOISE * math.sqrt(share * (1 - share) / rows)


def last_gain(values: Sequence[float], least: float) -> int:
    """The last epoch that was better by `least` than the best before it."""
    found, top = 0, values[0]
    for number, value in enumerate(values):
        if value >= top + least:
            found, top = number, value
    return found


def hopeless(number: int, best: int, plan: Plan) -> bool:
    """Whether training is given up after this epoch.

    A head that starts from a linear model gets worse at first, with few rows for some epochs: as long as nothing is
    better than the start, half of the epochs are run.
    """
    begun = best > 0 or 2 * number >= plan.epochs
    return begun and number - best >= plan.patience


@dataclass
class Course:
    """The epochs of a training. `number` is the one that is run, or was run last; 0 is before the first step."""

    number: int = 0
    trained: bool = True  # its steps are done; before the first epoch there are none
    loss: float | None = None  # of those steps
    best: int = 0
    since: int = 0  # epoch from which patience is counted: that at which more epochs were asked for
    stopped: bool = False  # early
    over: bool = False
    values: list[float] = field(default_factory=list)  # of all epochs so far, as Judged has them
    history: list[Scored] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)  # all that were handed out
    # Within the epoch: steps done, the sum of their losses over so many rows, bad steps before it
    place: int = 0
    total: float = 0.0
    seen: int = 0
    bad: int = 0

    def again(self) -> None:
        """The epoch from its beginning."""
        self.place, self.total, self.seen = 0, 0.0, 0

    def add(self, loss: float, rows: int) -> None:
        """Of a step that was done."""
        if math.isfinite(loss):
            self.total, self.seen = self.total + loss * rows, self.seen + rows

    def done(self) -> None:
        """The steps of the epoch are."""
        self.loss = self.total / self.seen if self.seen else None
        self.again()
        self.trained = True

    def scored(self, event: Scored, value: float) -> None:
        """The epoch is judged."""
        self.values.append(value)
        self.history.append(event)
        if event.best:
            self.best = event.epoch

    def advance(self, plan: Plan, rows: int, last: bool) -> None:
        """On to the next epoch, or to the end: for want of steps (`last`) or of hope, which validation `rows` give."""
        gained = last_gain(self.values, plan.min_gain) if plan.min_gain else self.best
        gained = max(gained, self.since)
        ahead = bool(rows) and self.number < plan.epochs
        self.stopped = ahead and hopeless(self.number, gained, plan)
        if self.stopped or self.number == plan.epochs or (self.number and last):
            self.over = True
        else:
            self.number, self.trained = self.number + 1, False

    def extend(self) -> None:
        """What was over goes on with the next epoch."""
        self.since, self.over, self.stopped = self.number, False, False
        self.number, self.trained = self.number + 1, False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Course:
        found = cls(**data)
        history = [Scored(**{**item}) for item in data["history"]]
        return replace(found, history=history, notes=[Note(**item) for item in data["notes"]])


@dataclass
class Clock:
    """Speed and remaining time. Only shown: nothing that is decided depends on it."""

    work: float  # tokens of the whole training, scoring counted less
    done: float = 0.0
    earlier: float = 0.0  # seconds of it before this process
    rows: int = 0
    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    begun: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)

    def add(self, rows: int, tokens: int) -> None:
        self.rows += rows
        self.tokens += tokens
        self.done += tokens

    def due(self) -> bool:
        return time.monotonic() - self.said >= EVERY

    def seconds(self) -> float:
        return self.earlier + time.monotonic() - self.begun

    def left(self) -> float:
        return self.seconds() / max(self.done, 1) * max(0.0, self.work - self.done)

    def event(self, step: int, epoch: float, rate: float) -> Step:
        """What happened since the last event; its loss is the mean over these steps."""
        now = time.monotonic()
        seconds = max(now - self.said, 1e-6)
        finite = [loss for loss in self.losses if math.isfinite(loss)]
        result = Step(
            step=step,
            epoch=round(epoch, 4),
            loss=sum(finite) / len(finite) if finite else None,
            learning_rate=rate,
            rows_per_second=round(self.rows / seconds, 2),
            tokens_per_second=round(self.tokens / seconds, 1),
            progress=min(1.0, self.done / max(self.work, 1)),
            seconds_left=round(self.left(), 1),
        )
        self.said, self.rows, self.tokens, self.losses = now, 0, 0, []
        return result
