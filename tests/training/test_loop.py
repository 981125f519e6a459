"""The training loop on a network of a few weights."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import backbone, batches, course, loop, losses, optimizers
from training.events import Note, Scored, Step
from training.files import core
from training.plan import factor
from training.problems import Problem

PLAN = loop.Plan(
    epochs=4,
    learning_rate=0.05,
    head_learning_rate=0.05,
    batch_size=4,
    warmup=0.1,
    weight_decay=0.0,
    dropout=0.0,
    clip=1.0,
    schedule="linear",
    patience=9,
    class_weights=False,
    seed=3,
)


class Bag(nn.Module):
    """Two labels, told apart by the mean of the embeddings."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.base = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 2)

    balance: Tensor | None = None

    def collate(self, pieces: Any) -> dict[str, Tensor]:
        width = max(len(piece["ids"]) for piece in pieces)
        ids = core.stacked([piece["ids"] for piece in pieces], width, 0)
        targets = torch.tensor([piece["target"] for piece in pieces])
        return {"ids": ids, "mask": (ids > 0).long(), "targets": targets}

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        weights = batch["mask"].unsqueeze(-1).float()
        return self.head((self.base(batch["ids"]) * weights).sum(1) / weights.sum(1))

    def criterion(self, outputs: Tensor, batch: dict[str, Tensor]) -> Tensor:
        weight = self.balance if self.training else None
        return functional.cross_entropy(outputs.float(), batch["targets"], weight=weight)


class Broken(Bag):
    """Gives no number from the `after`-th call on."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        self.left -= self.training
        return super().forward(batch) * (math.nan if self.left < 0 else 1.0)


def pieces_of(count: int, draw: np.random.Generator) -> list[dict[str, Any]]:
    targets = [int(item) for item in draw.integers(0, 2, count)]
    return [
        {"row": row, "ids": [1 + target] * int(draw.integers(1, 9)), "target": target}
        for row, target in enumerate(targets)
    ]


def data_of(rows: int = 40, valid: int = 10, judge: loop.Judge | None = None) -> loop.Data:
    draw = np.random.default_rng(0)
    train, held = pieces_of(rows, draw), pieces_of(valid, draw)
    return loop.Data(train, judge or judging(held), valid_rows=valid, labels=2)


def judging(held: list[dict[str, Any]]) -> loop.Judge:
    def judge(network: Any, accelerator: Any) -> loop.Judged:
        if not held:
            return loop.Judged()
        loss, outputs = loop.measured(network, held, accelerator)
        right = [row.argmax() == piece["target"] for row, piece in zip(outputs, held, strict=True)]
        accuracy = float(np.mean(right))
        return loop.Judged(loss, {"accuracy": accuracy}, accuracy)

    return judge


def collect(steps: Any, events: list[Any]) -> None:
    """Keeps what came before a problem."""
    for event in steps:
        events.append(event)


def run(network: nn.Module, data: loop.Data, **changes: Any) -> tuple[list[Any], loop.Outcome]:
    plan = loop.Plan(**{**PLAN.__dict__, **changes})
    steps = loop.train(network, data, plan, backbone.accelerator("fp32"))
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as stop:
            return events, stop.value


def test_a_loss_that_is_looked_at_late_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, which is asked for its losses once in a while, and passes over a bad step by itself."""
    told = {}
    for lag in (1, optimizers.LAG):
        monkeypatch.setattr(optimizers, "lag_of", lambda optimizer, device, lag=lag: lag)
        network = Broken(after=10_000)
        events, outcome = run(network, data_of(96), epochs=2)
        steps = [event for event in events if isinstance(event, Step)]
        told[lag] = [event.train_loss for event in outcome.history], steps[-1].step, network
    (soon, count, one), (late, same, other) = told.values()
    assert late == soon
    assert same == count
    for mine, yours in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, yours)


def test_a_gradient_that_is_no_number_is_noticed_late_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optimizers, "lag_of", lambda optimizer, device: optimizers.LAG)
    network = Broken(after=12)
    events: list[Any] = []
    steps = loop.train(network, data_of(96), PLAN, backbone.accelerator("fp32"))
    with pytest.raises(Problem) as raised:
        collect(steps, events)
    assert raised.value.code == "train.diverged"
    backs = [event for event in events if isinstance(event, Note)]
    assert [note.code for note in backs] == ["train.stepped_back"] * 2
    assert backs[0].values["step"] <= 12 + 2 * optimizers.LAG
    assert all(torch.isfinite(item).all() for item in network.parameters())


def test_it_learns() -> None:
    events, outcome = run(Bag(), data_of())
    scored = [event for event in events if isinstance(event, Scored)]
    assert scored[-1].metrics["accuracy"] == 1.0
    assert scored[-1].train_loss < scored[1].train_loss
    assert outcome.history == tuple(scored)


def test_every_epoch_has_its_last_step() -> None:
    events, _ = run(Bag(), data_of())
    last = {
        int(event.epoch) for event in events if isinstance(event, Step) and event.epoch % 1 == 0
    }
    assert last == {1, 2, 3, 4}


def test_without_validation_rows_the_last_epoch_is_kept() -> None:
    _, outcome = run(Bag(), data_of(valid=0))
    assert (outcome.best_epoch, outcome.epochs_run) == (4, 4)


def test_it_stops_after_its_patience() -> None:
    falling = iter(range(10, 0, -1))
    data = data_of(judge=lambda *_: loop.Judged(value=next(falling) / 10))
    _, outcome = run(Bag(), data, patience=2)
    assert (outcome.best_epoch, outcome.epochs_run, outcome.stopped_early) == (0, 2, True)


@pytest.mark.parametrize(
    ("number", "best", "stops"),
    [(3, 0, False), (4, 0, True), (2, 1, False), (3, 1, True), (7, 6, False)],
)
def test_half_of_the_epochs_are_run_before_the_start_is_kept(
    number: int, best: int, stops: bool
) -> None:
    assert course.hopeless(number, best, replace(PLAN, epochs=8, patience=2)) is stops


@pytest.mark.parametrize(
    ("found", "wanted"), [(0.95, True), (0.90, True), (0.897, True), (0.894, False)]
)
def test_a_later_epoch_is_preferred_unless_the_rows_clearly_say_otherwise(
    found: float, wanted: bool
) -> None:
    # Half a standard error of 0.9 on 1,000 rows is 0.0047; what counts is the best of all, not the last that was kept.
    assert course.as_good(found, [0.90, 0.897], 1000) is wanted


def test_without_a_finite_loss_it_steps_back_twice_and_then_stops() -> None:
    steps = loop.train(Broken(after=5), data_of(), PLAN, backbone.accelerator("fp32"))
    events: list[Any] = []
    with pytest.raises(Problem) as caught:
        collect(steps, events)
    # The first epoch has ten steps: all of them are gone back over.
    assert (caught.value.code, caught.value.values["step"]) == ("train.diverged", 3)
    notes = [event for event in events if isinstance(event, Note)]
    assert [note.code for note in notes] == ["train.stepped_back"] * 2
    assert [note.values["step"] for note in notes] == [8, 3]
    assert [note.values["learning_rate"] for note in notes] == [0.025, 0.0125]


def test_a_step_without_a_finite_loss_changes_nothing() -> None:
    network = Broken(after=0)
    before = network.head.weight.detach().clone()
    with pytest.raises(Problem):
        run(network, data_of())
    assert torch.equal(network.head.weight, before)


def test_the_rate_rises_and_falls() -> None:
    rates = [factor(step, 100, 0.1, "linear") for step in range(100)]
    assert max(rates) == rates[10] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert min(rates) > 0


@pytest.mark.parametrize(("schedule", "half"), [("linear", 0.5), ("cosine", 0.5), ("constant", 1)])
def test_schedules(schedule: str, half: float) -> None:
    assert factor(50, 100, 0.0, schedule) == pytest.approx(half)


def test_rare_labels_weigh_more() -> None:
    weights = losses.balance([0, 0, 0, 1], 3)
    assert weights[1] == 3 * weights[0]
    assert float(weights[[0, 0, 0, 1]].mean()) == pytest.approx(1.0)


def test_class_weights_change_the_loss() -> None:
    data = data_of()
    one = [{**piece, "target": int(row == 39)} for row, piece in enumerate(data.train)]
    skewed = loop.Data(one, data.judge, valid_rows=10, labels=2)
    losses = [
        run(Bag(), skewed, class_weights=wanted)[1].history[1].train_loss
        for wanted in (True, False)
    ]
    assert losses[0] != losses[1]


def test_the_head_has_a_rate_of_its_own_and_norms_do_not_decay() -> None:
    groups = optimizers.build(
        Bag(), loop.Plan(**{**PLAN.__dict__, "weight_decay": 0.1})
    ).param_groups
    assert [group["weight_decay"] for group in groups] == [0.1, 0.0, 0.0]
    assert len(groups[2]["params"]) == 2


def test_batches_hold_every_row_once() -> None:
    lengths = [5, 1, 9, 3, 3, 7, 2, 8, 4, 6, 5]
    chosen = batches.training(lengths, 4, seed=1, epoch=1)
    assert sorted(row for batch in chosen for row in batch) == list(range(11))
    assert len(chosen) == batches.steps(11, 4) == 3


def test_batches_depend_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in batches.training([1] * 50, 8, seed, epoch)]

    assert order(1, 1) == order(1, 1)
    assert order(1, 1) != order(1, 2) != order(2, 2)


def test_batches_group_rows_of_like_length() -> None:
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, 100, 800).tolist()
    chosen = batches.training(lengths, 16, seed=1, epoch=1)
    padded = sum(max(lengths[row] for row in batch) * len(batch) for batch in chosen)
    assert padded < 1.1 * sum(lengths)


def test_bf16_is_taken_only_where_the_hardware_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for able, wanted in (({"avx512_bf16": True}, "bf16"), ({"avx512_f": True}, "fp32")):
        monkeypatch.setattr(torch, "cpu", SimpleNamespace(get_capabilities=lambda able=able: able))
        assert backbone.precision("auto") == wanted
    assert backbone.precision("bf16") == "bf16"
