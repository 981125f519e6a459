"""The training loop: a generator of what happens, epoch after epoch. It keeps no files and knows no status."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor

from training import batches, distributed, freezing, losses, optimizers, repair
from training.events import Event, Note, Scored, Step
from training.files import core
from training.plan import Plan
from training.problems import Problem

EVERY = 0.25  # seconds between two Step events, at least
NOISE = 0.5  # standard errors of the validation score, below which two epochs count as equally good
LAG = (
    8  # steps whose losses a GPU is asked for at once: it need not wait for the question in between
)
SCORING = 0.35  # time of scoring a token against training on it

Piece = Mapping[str, Any]  # what the network reads at once: at least "ids"; see training.coding


@dataclass(frozen=True)
class Judged:
    """A model on the validation rows. Of two epochs the one with the higher `value` is better."""

    loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    value: float = 0.0


Judge = Callable[[Any, Accelerator], Judged]


@dataclass(frozen=True)
class Data:
    """`judge` looks at the validation rows, of which there may be none: then the last epoch is the best."""

    train: Sequence[Piece]
    judge: Judge
    valid_rows: int = 0
    valid_tokens: int = 0
    labels: int = 0  # of rows that have one label each


@dataclass(frozen=True)
class Outcome:
    """Of a training that came to its end. `history` holds the Scored events, the one of the base first."""

    best_epoch: int
    epochs_run: int
    history: tuple[Scored, ...]
    stopped_early: bool
    value: float = 0.0  # of the best epoch, as Judged has it


@dataclass
class Clock:
    """Speed and remaining time. Only shown: nothing that is decided depends on it."""

    work: float  # tokens of the whole training, scoring counted as SCORING
    done: float = 0.0
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

    def left(self) -> float:
        return (time.monotonic() - self.begun) / max(self.done, 1) * max(0.0, self.work - self.done)

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


def factor(step: int, steps: int, warmup: float, schedule: str) -> float:
    """What the learning rate is multiplied with at `step` (0, 1 … steps - 1); never 0."""
    rising = round(steps * warmup)
    if step < rising:
        return (step + 1) / (rising + 1)
    done = (step - rising) / max(1, steps - rising)
    if schedule == "linear":
        return 1 - done
    return 0.5 * (1 + math.cos(math.pi * done)) if schedule == "cosine" else 1.0


def weights(targets: Sequence[int], labels: int) -> Tensor:
    """One weight a label, higher for rare ones, 1 on average over the rows."""
    counts = np.bincount(np.asarray(targets), minlength=labels)
    return torch.tensor(len(targets) / np.maximum(counts, 1) / max(1, (counts > 0).sum())).float()


def measured(
    network: Any, pieces: Sequence[Piece], accelerator: Accelerator
) -> tuple[float | None, list[NDArray[np.float32]]]:
    """The mean loss of pieces that hold their targets (None without any that count), and all outputs."""
    losses: list[tuple[float, int]] = []

    def watch(outputs: Tensor, batch: core.Batch) -> None:
        loss = float(network.criterion(outputs, batch))
        if math.isfinite(loss):  # without a known target among them it is not
            losses.append((loss, len(outputs)))

    network.eval()
    with accelerator.autocast():
        outputs = core.run(network, pieces, watch=watch)
    rows = sum(count for _, count in losses)
    return (sum(loss * count for loss, count in losses) / rows if rows else None), outputs


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


def lag_of(accelerator: Accelerator, optimizer: torch.optim.Optimizer) -> int:
    """Steps after which their losses are looked at: an optimizer that passes over a bad step by itself can wait."""
    return LAG if accelerator.device.type == "cuda" and optimizers.skips(optimizer) else 1


class Trainer:
    """The state of one training: the network's optimizer, and how far it has come."""

    def __init__(self, network: Any, data: Data, plan: Plan, accelerator: Accelerator) -> None:
        self.network, self.data, self.plan, self.accelerator = network, data, plan, accelerator
        freezing.apply(network, plan)
        distributed.alike(network, plan.seed)
        self.optimizer = optimizers.build(network, plan)
        self.criterion = losses.criterion(network, plan)
        self.lengths = [len(piece["ids"]) for piece in data.train]
        self.steps = plan.steps(len(self.lengths))
        if plan.class_weights and data.labels:
            targets = [piece["target"] for piece in data.train]
            network.balance = weights(targets, data.labels).to(accelerator.device)
        self.shares_of_rows: NDArray[np.float64] | None = None
        if plan.oversampling:
            self.shares_of_rows = batches.evenly([piece["target"] for piece in data.train])
        self.size = plan.batch_size  # rows that are read at once
        self.step, self.watch, self.back = 0, repair.Watch(), 0
        self.good = repair.Good.of(self.optimizer, 0)
        self.whole = 0.0  # what the mean loss of the step is the mean over
        self.notes: list[Note] = []
        self.untold: list[tuple[int, Tensor]] = []  # rows and loss of steps that nobody looked at
        self.lag = lag_of(accelerator, self.optimizer)

    def attempt(self, number: int, clock: Clock) -> Generator[Event, None, float | None]:
        """An epoch, from its beginning again with half the learning rate where it went astray."""
        while True:
            bad = self.watch.bad
            try:
                loss = yield from self.epoch(number, clock)
            except repair.Astray:
                yield self.step_back()
                continue
            if self.watch.bad == bad:
                self.good = repair.Good.of(self.optimizer, self.step)
            return loss

    def step_back(self) -> Note:
        if self.back >= repair.STEPS_BACK:
            raise Problem(
                "train.diverged",
                step=self.step,
                learning_rate=self.plan.learning_rate,
                steps=self.steps,
            )
        failed, self.step = self.step, self.good.step
        self.back += 1
        self.good.put()
        # What the optimizer remembers is of the steps that went astray.
        freezing.apply(self.network, self.plan)
        self.optimizer = optimizers.build(self.network, self.plan)
        for group in self.optimizer.param_groups:
            group["top"] *= 0.5**self.back
        self.watch.again()
        rate = self.plan.learning_rate * 0.5**self.back
        return Note(
            "train.stepped_back", {"step": failed, "back": self.step, "learning_rate": rate}
        )

    def epoch(self, number: int, clock: Clock) -> Generator[Event, None, float | None]:
        """All rows once, or as many as there are steps left; returns the mean loss of the rows."""
        self.network.train()
        freezing.thaw(self.network, self.plan, number)
        total, seen = 0.0, 0
        plan, per_epoch = self.plan, self.plan.epoch_steps(len(self.lengths))
        chosen = batches.training(
            self.lengths, plan.step_rows, plan.seed, number, self.shares_of_rows
        )
        for place, rows in enumerate(chosen, start=1):
            self.untold.append((len(rows), self.update(rows.tolist())))
            clock.add(len(rows), sum(self.lengths[row] for row in rows))
            yield from self.said()
            ended = place == per_epoch or self.step >= self.steps
            # By the count of steps and not by the clock: all ranks look at the same moment.
            if ended or self.step == 1 or len(self.untold) >= self.lag:
                for count, loss in self.told():
                    clock.losses.append(loss)
                    if math.isfinite(loss):
                        total, seen = total + loss * count, seen + count
                if clock.due() or ended or self.step == 1:
                    yield clock.event(self.step, number - 1 + place / per_epoch, self.rate())
            if ended:
                break
        return total / seen if seen else None

    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def update(self, rows: list[int]) -> Tensor:
        """One step; returns the loss, NaN for a step that changed nothing: its loss or gradient is not finite."""
        scale = factor(self.step, self.steps, self.plan.warmup, self.plan.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * scale
        self.step += 1
        value = self.gradient(rows)
        norm = self.accelerator.clip_grad_norm_(self.network.parameters(), self.plan.clip)
        fine = torch.isfinite(value) & torch.isfinite(torch.as_tensor(norm, device=value.device))
        optimizers.move(self.optimizer, fine, wait=self.lag == 1)
        self.optimizer.zero_grad(set_to_none=True)
        return torch.where(fine, value, math.nan)

    def told(self) -> list[tuple[int, float]]:
        """Rows and loss of each step since the last question; repair.Astray when they say so."""
        losses = torch.stack([loss for _, loss in self.untold]).tolist()
        found = [(rows, loss) for (rows, _), loss in zip(self.untold, losses, strict=True)]
        self.untold.clear()
        for loss in losses:
            if math.isfinite(loss):
                self.watch.add(loss)
            else:
                self.watch.failed()
        return found

    def said(self) -> Generator[Event, None, None]:
        yield from self.notes
        self.notes.clear()

    def gradient(self, rows: list[int]) -> Tensor:
        """That of the mean loss of the rows; returns that loss. Fewer are read at once when memory is short."""
        own, self.whole = distributed.mine(rows), 0.0
        while True:
            try:
                return distributed.summed(self.network, self.summed(own))
            except (MemoryError, RuntimeError) as error:
                if self.size == 1 or not repair.out_of_memory(error):
                    raise
            # Outside of `except`: the error holds on to what the batch had taken.
            self.optimizer.zero_grad(set_to_none=True)
            self.halve(len(own))

    def halve(self, rows: int) -> None:
        before, self.size = self.size, -(-min(self.size, rows) // 2)
        if self.accelerator.device.type == "cuda":
            torch.cuda.empty_cache()
        together = -(-self.plan.step_rows // self.size)
        self.notes.append(
            Note(
                "train.smaller_batch",
                {"step": self.step, "before": before, "rows": self.size, "together": together},
            )
        )

    def summed(self, rows: list[int]) -> Tensor:
        """Adds the gradient of the rows, read `size` at a time."""
        size = self.size
        parts = [self.collated(rows[start : start + size]) for start in range(0, len(rows), size)]
        found = torch.zeros((), device=self.accelerator.device)
        for batch, share in zip(parts, self.shares(parts), strict=True):
            if share:  # else its mean would be over nothing
                found += self.part(core.moved(batch, self.accelerator.device), share)
        return found

    def collated(self, rows: list[int]) -> core.Batch:
        batch: core.Batch = self.network.collate([self.data.train[row] for row in rows])
        return batch

    def shares(self, parts: Sequence[core.Batch]) -> list[float]:
        """How much each batch counts, 1 in all of all ranks; what carries no loss, such as padding, does not."""
        if len(parts) == 1 and distributed.ranks() == 1:
            return [1.0]
        found = [losses.weight(self.network, batch) for batch in parts]
        # Once a step, however often its rows are read in smaller parts: the other ranks ask once as well.
        self.whole = self.whole or distributed.total(sum(found))
        return [weight / max(self.whole, 1e-12) for weight in found]

    def part(self, batch: core.Batch, share: float) -> Tensor:
        with self.accelerator.autocast():
            outputs = self.network(batch)
        loss: Tensor = self.criterion(outputs, batch) * share
        self.accelerator.backward(loss)
        return loss.detach()


def train(
    network: Any, data: Data, plan: Plan, accelerator: Accelerator
) -> Generator[Event, None, Outcome]:
    """Trains `network` in place. While a Scored event with `best` is handed out, the network is that best one:
    whoever wants to keep it copies it then."""
    trainer = Trainer(network, data, plan, accelerator)
    valid_work = SCORING * data.valid_tokens
    epochs = trainer.steps / max(
        1, plan.epoch_steps(len(trainer.lengths))
    )  # as far as it will come
    clock = Clock(work=epochs * (sum(trainer.lengths) + valid_work) + valid_work)
    history: list[Scored] = []
    values: list[float] = []
    best, stopped = 0, False
    for number in range(plan.epochs + 1):
        loss = (yield from trainer.attempt(number, clock)) if number else None
        judged = distributed.agreed(data.judge(network, accelerator))
        clock.done += valid_work
        event = Scored(number, trainer.step, loss, judged.loss, judged.metrics, best=False)
        if as_good(judged.value, values, data.valid_rows):
            event, best = replace(event, best=True), number
        history.append(event)
        values.append(judged.value)
        yield event
        clock.said = time.monotonic()
        gained = last_gain(values, plan.min_gain) if plan.min_gain else best
        stopped = bool(data.valid_rows) and number < plan.epochs and hopeless(number, gained, plan)
        if stopped or (number and trainer.step >= trainer.steps):
            break
    return Outcome(best, number, tuple(history), stopped_early=stopped, value=values[best])
