"""The training loop: a generator of what happens, epoch after epoch. It keeps no files and knows no status."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor

from training import augment, batches, distributed, freezing, losses, optimizers, repair, stopping
from training.course import Clock, Course, as_good
from training.events import Event, Note, Scored
from training.files import core
from training.plan import Plan, factor
from training.problems import Problem
from training.shards import settle, whole

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
    # (piece, what draws) -> the piece as it is read this time
    change: Callable[[Piece, np.random.Generator], Piece] | None = None


@dataclass(frozen=True)
class Outcome:
    """Of a training that came to its end. `history` holds the Scored events, the one of the base first."""

    best_epoch: int
    epochs_run: int
    history: tuple[Scored, ...]
    stopped_early: bool
    value: float = 0.0  # of the best epoch, as Judged has it
    earlier: float = 0.0  # seconds of the training before this process


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


class Keeper:
    """What is kept of a training on its way: nothing, where nobody wants it. See training.fit.keeping."""

    def keep(self) -> None:
        """The network is the best so far."""

    def restore(self, trainer: Trainer) -> Iterator[Event]:
        """Puts a trainer that has not begun where another one was left."""
        return iter(())

    def due(self, *, epoch: bool) -> bool:
        """Whether it is time to save; `epoch`: one has just ended."""
        return False

    def save(self, trainer: Trainer) -> Iterator[Event]:
        """All that is needed to go on from here."""
        return iter(())

    def end(self, trainer: Trainer) -> Iterator[Event]:
        """All epochs are done."""
        return iter(())

    def leave(self, trainer: Trainer) -> None:
        """The same when the process is to end."""


class Trainer:
    """The state of one training: the network's optimizer, and how far it has come."""

    def __init__(
        self,
        network: Any,
        data: Data,
        plan: Plan,
        accelerator: Accelerator,
        keeper: Keeper | None = None,
    ) -> None:
        self.network, self.data, self.plan, self.accelerator = network, data, plan, accelerator
        freezing.apply(network, plan)
        # Whether whatever is done with the network is done by all ranks together.
        self.together = distributed.alike(network, plan.seed, plan.sharding)
        self.optimizer = optimizers.build(network, plan)
        self.outputs = losses.outputs_of(network, plan)
        self.criterion = losses.criterion(network, plan)
        self.lengths = [len(piece["ids"]) for piece in data.train]
        self.steps = plan.steps(len(self.lengths))
        if plan.class_weights and data.labels:
            targets = [piece["target"] for piece in data.train]
            network.balance = losses.balance(targets, data.labels).to(accelerator.device)
        self.shares_of_rows: NDArray[np.float64] | None = None
        if plan.oversampling:
            self.shares_of_rows = batches.evenly([piece["target"] for piece in data.train])
        self.size = plan.batch_size  # rows that are read at once
        self.step, self.watch, self.back = 0, repair.Watch(), 0
        self.good = repair.Good.of(self.optimizer, 0)
        self.whole = 0.0  # what the mean loss of the step is the mean over
        self.notes: list[Note] = []
        self.untold: list[tuple[int, Tensor]] = []  # rows and loss of steps that nobody looked at
        self.lag = optimizers.lag_of(self.optimizer, accelerator.device)
        self.keeper = keeper or Keeper()
        self.parted = False  # all ranks have stopped after the same step
        self.course = Course()
        self.per_epoch = plan.epoch_steps(len(self.lengths))
        epochs = self.steps / max(1, self.per_epoch)  # as far as it will come
        scoring = SCORING * data.valid_tokens
        self.clock = Clock(work=epochs * (sum(self.lengths) + scoring) + scoring)

    def attempt(self) -> Generator[Event, None, None]:
        """The epoch of the course, from its beginning again with half the learning rate where it went astray."""
        course = self.course
        while not course.trained:
            if not course.place:
                course.bad = self.watch.bad
            try:
                yield from self.epoch()
            except repair.Astray:
                yield self.step_back()
                continue
            if self.watch.bad == course.bad:
                self.good = repair.Good.of(self.optimizer, self.step)
            course.done()

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
        self.renew()
        self.watch.again()
        self.course.again()
        rate = self.plan.learning_rate * 0.5**self.back
        values = {"step": failed, "back": self.step, "learning_rate": rate}
        return self.noted(Note("train.stepped_back", values))

    def renew(self) -> None:
        """An optimizer that knows nothing yet, its rate halved for each step back."""
        freezing.apply(self.network, self.plan)
        self.optimizer = optimizers.build(self.network, self.plan)
        for group in self.optimizer.param_groups:
            group["top"] *= 0.5**self.back

    def noted(self, note: Note) -> Note:
        self.course.notes.append(note)
        return note

    def epoch(self) -> Generator[Event, None, None]:
        """All rows once, or as many as there are steps left; those that were done before are left out."""
        course, plan, begun = self.course, self.plan, self.step == 0
        self.network.train()
        freezing.thaw(self.network, plan, course.number)
        chosen = self.chosen(course.number)
        while course.place < self.per_epoch and self.step < self.steps:
            rows = chosen[course.place].tolist()
            self.untold.append((len(rows), self.update(rows)))
            course.place += 1
            self.clock.add(len(rows), sum(self.lengths[row] for row in rows))
            ended = course.place == self.per_epoch or self.step >= self.steps
            # By the count of steps and not by the clock: all ranks look at the same moment.
            if ended or self.step == 1 or len(self.untold) >= self.lag:
                self.look()
                self.listen()
                yield from self.said()
                if self.clock.due() or ended or (begun and self.step == 1):
                    at = course.number - 1 + course.place / self.per_epoch
                    yield self.clock.event(self.step, at, self.rate())
                if not ended and self.keeper.due(epoch=False):
                    yield from self.keeper.save(self)

    def listen(self) -> None:
        """Whether to stop. The word that one rank heard is for all: nobody is left waiting for one that has gone."""
        if distributed.total(float(stopping.asked())):
            stopping.ask()
            self.parted = True
        stopping.check()

    def look(self) -> None:
        """At the losses of the steps since the last look; repair.Astray when they say so."""
        for rows, loss in self.told():
            self.clock.losses.append(loss)
            self.course.add(loss, rows)

    def judge(self) -> Event:
        """The network on the validation rows; the best so far is kept. May be interrupted, and is then repeated."""
        course, data, judged = self.course, self.data, self.judged()
        self.clock.done += SCORING * data.valid_tokens
        best = as_good(judged.value, course.values, data.valid_rows)
        event = Scored(course.number, self.step, course.loss, judged.loss, judged.metrics, best)
        if best:
            self.keeper.keep()
        course.scored(event, judged.value)
        course.advance(self.plan, data.valid_rows, self.step >= self.steps)
        return event

    def judged(self) -> Judged:
        """Where a rank is interrupted in its reading, all of them stop: another one would wait for it."""
        with suppress(stopping.Stopped), stopping.deferred(wanted=self.together):
            found = self.data.judge(self.network, self.accelerator)
        settle(self.network)  # before it is left, too: its state is kept then
        self.listen()  # raises anew what was suppressed
        return distributed.agreed(found)

    def chosen(self, number: int) -> list[NDArray[np.int64]]:
        """The rows of each step of an epoch."""
        size, seed = self.plan.step_rows, self.plan.seed
        if self.plan.few_shot == "on":
            targets = [piece["target"] for piece in self.data.train]
            return batches.by_label(targets, size, seed, number)
        return batches.training(self.lengths, size, seed, number, self.shares_of_rows)

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
        fine = torch.isfinite(value) & torch.isfinite(whole(torch.as_tensor(norm))).to(value.device)
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
        most = distributed.parts(len(rows), self.size) if self.together else 0
        while True:
            try:
                return distributed.summed(self.network, self.summed(own, most, rows[:1]))
            except (MemoryError, RuntimeError) as error:
                # Other ranks wait for the part that failed.
                if self.size == 1 or self.together or not repair.out_of_memory(error):
                    raise
            # Outside of `except`: the error holds on to what the batch had taken.
            self.optimizer.zero_grad(set_to_none=True)
            self.halve(len(own))

    def spare(self) -> None:
        """Reads fewer rows at once from here on: the memory did not suffice the last time."""
        for _again in range(self.plan.smaller):
            if self.size > 1:
                self.halve(self.size)

    def halve(self, rows: int) -> None:
        before, self.size = self.size, -(-min(self.size, rows) // 2)
        if self.accelerator.device.type == "cuda":
            torch.cuda.empty_cache()
        together = -(-self.plan.step_rows // self.size)
        values = {"step": self.step, "before": before, "rows": self.size, "together": together}
        self.notes.append(self.noted(Note("train.smaller_batch", values)))

    def summed(self, rows: list[int], most: int = 0, spare: Sequence[int] = ()) -> Tensor:
        """Adds the gradient of the rows, read `size` at a time; in `most` parts, where `spare` ones do not count."""
        size = self.size
        parts = [self.collated(rows[start : start + size]) for start in range(0, len(rows), size)]
        shares, short = self.shares(parts), most - len(parts)
        if short > 0:
            parts += [self.collated(list(spare))] * short
            shares += [0.0] * short
        found = torch.zeros((), device=self.accelerator.device)
        for batch, share in zip(parts, shares, strict=True):
            if share or most:  # else its mean would be over nothing
                found += self.part(core.moved(batch, self.accelerator.device), share)
        return found

    def collated(self, rows: list[int]) -> core.Batch:
        # By step and row, so that a step can be repeated.
        draw = np.random.default_rng([self.plan.seed, self.step, rows[0]])
        pieces, change = [self.data.train[row] for row in rows], self.data.change
        batch: core.Batch = self.network.collate(
            [change(p, draw) for p in pieces] if change else pieces
        )
        if self.plan.augmentation == augment.MIXUP:
            batch = augment.mixed(batch, draw)
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
            outputs = self.outputs(batch)
        loss: Tensor = self.criterion(outputs, batch) * share
        self.accelerator.backward(loss)
        return loss.detach()


def train(
    network: Any, data: Data, plan: Plan, accelerator: Accelerator, keeper: Keeper | None = None
) -> Generator[Event, None, Outcome]:
    """Trains `network` in place; `keeper` is told when it is the best so far, and keeps what is needed to go on.

    The word to stop is heard between two steps: the state that is kept then is whole.
    """
    trainer = Trainer(network, data, plan, accelerator, keeper)
    with stopping.deferred():
        yield from trainer.keeper.restore(trainer)
        trainer.spare()
        try:
            yield from _epochs(trainer)
            yield from trainer.keeper.end(trainer)
        except (stopping.Stopped, GeneratorExit):
            trainer.keeper.leave(trainer)
            raise
    course = trainer.course
    return Outcome(
        course.best,
        course.number,
        tuple(course.history),
        stopped_early=course.stopped,
        value=course.values[course.best],
        earlier=trainer.clock.earlier,
    )


def _epochs(trainer: Trainer) -> Generator[Event, None, None]:
    course, clock = trainer.course, trainer.clock
    while not course.over:
        yield from trainer.attempt()
        yield trainer.judge()
        clock.said = time.monotonic()
        if not course.over and trainer.keeper.due(epoch=True):
            yield from trainer.keeper.save(trainer)
