"""A training that helps itself: a network that has no room once, a loss that goes astray for a while."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from training import backbone, loop, repair
from training.events import Event, Note
from training.plan import Plan
from training.problems import TABLE, Problem

PLAN = Plan(2, 0.05, 0.05, 8, 0.0, 0.0, 0.0, 1.0, "constant", 9, False, 3)
ROWS = [{"row": row, "ids": [1 + row % 2] * 4, "target": row % 2} for row in range(32)]
DATA = loop.Data(ROWS, lambda *_: loop.Judged(), labels=2)
CPU = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")


class Bag(nn.Module):
    """`fails` is asked before each training batch."""

    def __init__(self, fails: Any = lambda rows, call: 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.base, self.head = nn.Embedding(4, 4), nn.Linear(4, 2)
        self.fails, self.calls = fails, 0

    def collate(self, pieces: Any) -> dict[str, Tensor]:
        return {name: torch.tensor([piece[name] for piece in pieces]) for name in ("ids", "target")}

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        self.calls += 1
        return self.head(self.base(batch["ids"]).mean(1)) * self.fails(
            len(batch["ids"]), self.calls
        )

    def criterion(self, outputs: Tensor, batch: dict[str, Tensor]) -> Tensor:
        return functional.cross_entropy(outputs, batch["target"])


class WithTargets(Bag):
    def collate(self, pieces: Any) -> dict[str, Tensor]:
        batch = super().collate(pieces)
        return {**batch, "targets": batch["target"]}


def events_of(network: nn.Module, plan: Plan = PLAN) -> list[Event]:
    return list(loop.train(network, DATA, plan, backbone.accelerator("fp32")))


def notes(events: list[Event]) -> list[Note]:
    return [event for event in events if isinstance(event, Note)]


def raising(error: Exception, room: int) -> Any:
    def fails(rows: int, call: int) -> float:
        if rows > room:
            raise error
        return 1.0

    return fails


@pytest.mark.parametrize(
    "error", [CPU, MemoryError(), torch.OutOfMemoryError("CUDA out of memory")]
)
def test_too_little_memory_halves_the_batch_and_keeps_the_step(error: Exception) -> None:
    network, plain = WithTargets(raising(error, 4)), WithTargets()
    events = events_of(network)
    assert [note.values for note in notes(events)] == [
        {"step": 1, "before": 8, "rows": 4, "together": 2}
    ]
    events_of(plain)
    assert torch.allclose(network.head.weight, plain.head.weight, atol=1e-5)


def test_it_halves_as_often_as_it_must() -> None:
    events = events_of(WithTargets(raising(CPU, 1)))
    assert [note.values["rows"] for note in notes(events)] == [4, 2, 1]


def test_a_row_that_does_not_fit_alone_ends_the_training() -> None:
    with pytest.raises(RuntimeError, match="allocate"):
        events_of(WithTargets(raising(CPU, 0)))


def test_another_error_is_not_taken_for_want_of_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        events_of(WithTargets(raising(RuntimeError("shapes"), 4)))


def test_after_a_step_back_training_goes_on_from_the_last_good_weights() -> None:
    network = WithTargets(lambda rows, call: math.nan if 6 <= call <= 8 else 1.0)
    events = events_of(network)
    (note,) = notes(events)
    # An epoch has four steps: the second one failed at its second step, three times.
    assert note.values == {"step": 8, "back": 4, "learning_rate": 0.025}
    assert all(torch.isfinite(item).all() for item in network.parameters())
    assert network.calls == 4 + 4 + 4


def test_weights_of_the_step_before_come_back() -> None:
    network = Bag()
    good = repair.Good.of(torch.optim.SGD(network.parameters(), lr=1.0), 3)
    before = network.head.weight.detach().clone()
    network.head.weight.data += 1
    good.put()
    assert torch.equal(network.head.weight, before)


def test_a_loss_far_above_its_beginning_is_astray() -> None:
    watch = repair.Watch()
    for _ in range(repair.WINDOW):
        watch.add(2.0)
    for _ in range(repair.WINDOW - 1):
        watch.add(50.0)
    with pytest.raises(repair.Astray):
        watch.add(50.0)


@pytest.mark.parametrize(("first", "later"), [(0.01, 5.0), (2.0, 19.0), (100.0, 500.0)])
def test_a_loss_that_merely_rises_is_not(first: float, later: float) -> None:
    watch = repair.Watch()
    for _ in range(repair.WINDOW):
        watch.add(first)
    for _ in range(5 * repair.WINDOW):
        watch.add(later)


def test_after_two_steps_back_the_run_stops() -> None:
    network = WithTargets(lambda rows, call: math.nan)
    found: list[Event] = []
    with pytest.raises(Problem) as caught:
        found.extend(loop.train(network, DATA, replace(PLAN), backbone.accelerator("fp32")))
    assert caught.value.code == "train.diverged"
    assert network.calls == 3 * repair.BAD_STEPS


def test_where_memory_has_run_out_fewer_rows_are_read_from_the_start() -> None:
    sizes: set[int] = set()
    network = WithTargets(lambda rows, call: sizes.add(rows) or 1.0)
    events = events_of(network, replace(PLAN, smaller=1))
    assert [(note.values["before"], note.values["rows"]) for note in notes(events)] == [(8, 4)]
    assert sizes == {4}


def test_what_was_done_is_said_in_words() -> None:
    assert {"train.smaller_batch", "train.stepped_back"} <= TABLE.keys()


def test_what_whoever_started_it_has_held_is_not_counted() -> None:
    """The system's own count of a process begins with that of the one that started it."""
    ask = "from training.repair import most_memory; print(most_memory('cpu'))"
    held = "import os, sys; b'1' * 6 * 10**8; python = sys.executable; "
    start = held + f"os.execv(python, [python, '-c', {ask!r}])"
    done = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)
    assert 10**8 < int(done.stdout) < 5 * 10**8
