"""The training loop: a generator of what happens, epoch after epoch. It keeps no files and knows no status."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional

from training import batches
from training.events import Event, Scored, Step
from training.files import predict
from training.problems import Problem

EVERY = 0.25  # seconds between two Step events, at least
BAD_STEPS = 3  # steps without a finite loss before the run is given up
NOISE = 0.5  # standard errors of the validation score, below which two epochs count as equally good
SCORING = 0.35  # time of scoring a token against training on it

Score = Callable[[Any, Any], dict[str, Any]]  # (targets, probabilities (rows, labels)) -> metrics


@dataclass(frozen=True)
class Plan:
    """The settings of a run, all chosen."""

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


@dataclass(frozen=True)
class Rows:
    """Token ids and the number of the label, one a row."""

    ids: Sequence[Sequence[int]]
    targets: Sequence[int]

    @property
    def tokens(self) -> int:
        return sum(map(len, self.ids))


@dataclass(frozen=True)
class Data:
    train: Rows
    valid: Rows  # may be empty: then the last epoch is the best
    pad: int
    limit: int  # longest row in tokens
    labels: int


@dataclass(frozen=True)
class Outcome:
    """Of a training that came to its end. `history` holds the Scored events, the one of the base first."""

    best_epoch: int
    epochs_run: int
    history: tuple[Scored, ...]
    stopped_early: bool


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

    def add(self, rows: int, tokens: int, loss: float) -> None:
        self.rows, self.tokens, self.done = (
            self.rows + rows,
            self.tokens + tokens,
            self.done + tokens,
        )
        self.losses.append(loss)

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


def optimizer(network: torch.nn.Module, plan: Plan) -> torch.optim.AdamW:
    """AdamW in three groups: weights, biases and norms without decay, the head with a rate of its own."""
    body = [
        (name, item) for name, item in network.named_parameters() if not name.startswith("head.")
    ]
    groups = [
        (plan.learning_rate, plan.weight_decay, [item for _, item in body if item.ndim > 1]),
        (plan.learning_rate, 0.0, [item for _, item in body if item.ndim <= 1]),
        (plan.head_learning_rate, 0.0, list(network.head.parameters())),  # type: ignore[union-attr]
    ]
    return torch.optim.AdamW(
        [
            {"params": items, "lr": rate, "weight_decay": decay, "top": rate}
            for rate, decay, items in groups
        ],
        fused=True,
    )


def weights(targets: Sequence[int], labels: int) -> Tensor:
    """One weight a label, higher for rare ones, 1 on average over the rows."""
    counts = np.bincount(np.asarray(targets), minlength=labels)
    return torch.tensor(len(targets) / np.maximum(counts, 1) / max(1, (counts > 0).sum())).float()


def evaluate(
    network: torch.nn.Module, rows: Rows, data: Data, score: Score, accelerator: Accelerator
) -> tuple[float | None, dict[str, Any]]:
    """Loss and metrics; (None, {}) without rows."""
    if not rows.ids:
        return None, {}
    network.eval()
    with accelerator.autocast():
        logits = predict.run(network, rows.ids, data.pad, data.limit)
    targets = torch.tensor(rows.targets)
    known = targets >= 0  # a label that training does not know has no loss
    loss = functional.cross_entropy(logits[known], targets[known]).item() if known.any() else None
    return loss, score(np.asarray(rows.targets), logits.double().softmax(-1).numpy())


def summary(metrics: dict[str, Any]) -> dict[str, float]:
    """The figures of an epoch."""
    return {"accuracy": metrics["accuracy"], "macro_f1": metrics["macro"]["f1"]} if metrics else {}


def score_of(event: Scored) -> float:
    """Macro-F1 on validation; without validation rows every epoch is better than the one before."""
    return event.metrics.get("macro_f1", float(event.epoch))


def as_good(event: Scored, history: Sequence[Scored], rows: int) -> bool:
    """Whether the epoch is to be preferred to all before it, given so many validation rows.

    The learning rate falls, so that a later epoch is the better bet until the validation rows clearly say otherwise:
    a difference of less than NOISE standard errors says nothing. A strict comparison ended banking77 at the untrained
    head: its first two epochs were worse by a hair, and its third was the best.
    """
    top = max(map(score_of, history), default=0.0)
    share = min(max(top, 0.0), 1.0)
    noise = NOISE * math.sqrt(share * (1 - share) / rows) if rows else 0.0
    return score_of(event) >= top - noise


class Trainer:
    """The state of one training: the network's optimizer, and how far it has come."""

    def __init__(
        self, network: torch.nn.Module, data: Data, plan: Plan, accelerator: Accelerator
    ) -> None:
        self.network, self.data, self.plan, self.accelerator = network, data, plan, accelerator
        self.optimizer = optimizer(network, plan)
        self.lengths = [len(row) for row in data.train.ids]
        self.steps = plan.epochs * batches.steps(len(self.lengths), plan.batch_size)
        balance = weights(data.train.targets, data.labels).to(accelerator.device)
        self.balance = balance if plan.class_weights else None
        self.step, self.bad = 0, 0

    def epoch(self, number: int, clock: Clock) -> Generator[Event, None, float | None]:
        """All rows once; returns the mean loss of the rows."""
        self.network.train()
        total, seen = 0.0, 0
        plan, per_epoch = self.plan, self.steps // self.plan.epochs
        chosen = batches.training(self.lengths, plan.batch_size, plan.seed, number)
        for place, rows in enumerate(chosen, start=1):
            loss = self.update(rows.tolist())
            clock.add(len(rows), sum(self.lengths[row] for row in rows), loss)
            if math.isfinite(loss):
                total, seen = total + loss * len(rows), seen + len(rows)
            if clock.due() or place == per_epoch or self.step == 1:
                yield clock.event(self.step, number - 1 + place / per_epoch, self.rate())
        return total / seen if seen else None

    def rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def update(self, rows: list[int]) -> float:
        """One step; returns the loss. A step whose loss or gradient is not finite changes nothing."""
        scale = factor(self.step, self.steps, self.plan.warmup, self.plan.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = group["top"] * scale
        self.step += 1
        loss = self.loss(rows)
        value = loss.item()
        self.accelerator.backward(loss)
        norm = self.accelerator.clip_grad_norm_(self.network.parameters(), self.plan.clip)
        if math.isfinite(value) and math.isfinite(float(norm)):
            self.optimizer.step()
        else:
            self.count_bad()
        self.optimizer.zero_grad(set_to_none=True)
        return value

    def loss(self, rows: list[int]) -> Tensor:
        train, device = self.data.train, self.accelerator.device
        ids, mask = predict.collate(
            [train.ids[row] for row in rows], self.data.pad, self.data.limit
        )
        targets = torch.tensor([train.targets[row] for row in rows], device=device)
        with self.accelerator.autocast():
            logits = self.network(ids.to(device), mask.to(device))
        return functional.cross_entropy(logits.float(), targets, weight=self.balance)

    def count_bad(self) -> None:
        self.bad += 1
        if self.bad >= BAD_STEPS:
            raise Problem(
                "train.diverged",
                step=self.step,
                learning_rate=self.plan.learning_rate,
                steps=self.steps,
            )


def train(
    network: torch.nn.Module, data: Data, plan: Plan, accelerator: Accelerator, score: Score
) -> Generator[Event, None, Outcome]:
    """Trains `network` in place. While a Scored event with `best` is handed out, the network is that best one:
    whoever wants to keep it copies it then."""
    trainer = Trainer(network, data, plan, accelerator)
    valid_work = SCORING * data.valid.tokens
    clock = Clock(work=plan.epochs * (data.train.tokens + valid_work) + valid_work)
    history: list[Scored] = []
    best = 0
    for number in range(plan.epochs + 1):
        loss = (yield from trainer.epoch(number, clock)) if number else None
        valid_loss, metrics = evaluate(network, data.valid, data, score, accelerator)
        clock.done += valid_work
        event = Scored(number, trainer.step, loss, valid_loss, summary(metrics), best=False)
        if as_good(event, history, len(data.valid.ids)):
            event, best = _as_best(event), number
        history.append(event)
        yield event
        clock.said = time.monotonic()
        if data.valid.ids and number - best >= plan.patience:
            break
    return Outcome(best, number, tuple(history), stopped_early=number < plan.epochs)


def _as_best(event: Scored) -> Scored:
    return Scored(
        event.epoch, event.step, event.train_loss, event.valid_loss, event.metrics, best=True
    )
