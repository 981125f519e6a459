"""A small training that is kept on its way, to be cut off and gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from training import backbone, loop, stopping
from training.checkpoints import Store
from training.events import Event, Note
from training.fit import keeping
from training.plan import Plan
from training.stopping import Stopped

PLAN = Plan(3, 0.05, 0.05, 4, 0.1, 0.01, 0.0, 1.0, "linear", 9, False, 3)
ROWS = [{"row": n, "ids": [1 + n % 3, 4 + n % 5], "target": n % 2} for n in range(11)]
STEPS = 9
Act = Callable[[], None]


class Net(nn.Module):
    """Two layers and dropout, which draws at random; `at` says what happens at which forward pass of training."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Module()
        self.base.embed = nn.Embedding(10, 4)
        self.base.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.dropout, self.head = nn.Dropout(0.3), nn.Linear(4, 2)
        self.calls, self.at = 0, dict[int, Act]()
        self.factor = 1.0

    def collate(self, pieces: Any) -> dict[str, Tensor]:
        return {
            "ids": torch.tensor([piece["ids"] for piece in pieces]),
            "targets": torch.tensor([piece["target"] for piece in pieces]),
        }

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        self.calls += self.training
        if self.training and self.calls in self.at:
            self.at[self.calls]()
        states = self.base.embed(batch["ids"]).mean(1)
        for layer in self.base.layers:
            states = torch.tanh(layer(states))
        return self.head(self.dropout(states)) * (self.factor if self.training else 1.0)

    def criterion(self, outputs: Tensor, batch: dict[str, Tensor]) -> Tensor:
        return functional.cross_entropy(outputs, batch["targets"])


class Training:
    """One process of a training in a folder; another one of the same folder goes on with it."""

    def __init__(self, folder: Path, plan: Plan = PLAN, origin: Path | None = None) -> None:
        backbone.seed(plan.seed)
        self.folder, self.plan, self.network = folder, plan, Net()
        self.judged, self.stops_at_judging = 0, -1
        setup: dict[str, Any] = {"mark": {}, "epochs": {}}
        given = {"setup": setup, "settings": {}, "states": Store(folder / "states")}
        given["origin"] = Store(origin / "states") if origin else None
        best = keeping.Whole(folder / "best", self.save)
        self.keeper = keeping.Keeping(SimpleNamespace(**given), best, given["states"])  # type: ignore[arg-type]
        self.events: list[Event] = []
        self.outcome: loop.Outcome | None = None

    def save(self) -> None:
        (self.folder / "best").mkdir(parents=True, exist_ok=True)
        (self.folder / "best" / "weights.safetensors").unlink(missing_ok=True)
        save_file(self.network.state_dict(), self.folder / "best" / "weights.safetensors")

    def judge(self, network: Any, _accelerator: Any) -> loop.Judged:
        if self.judged == self.stops_at_judging:
            stopping.ask()
            raise Stopped
        self.judged += 1
        network.eval()
        with torch.no_grad():
            loss = float(network.criterion(network(network.collate(ROWS)), network.collate(ROWS)))
        return loop.Judged(loss, {"loss": loss}, -loss)

    def run(self) -> Training:
        data = loop.Data(ROWS, self.judge, valid_rows=len(ROWS), labels=2)
        steps = loop.train(self.network, data, self.plan, backbone.accelerator("fp32"), self.keeper)
        while True:
            try:
                self.events.append(next(steps))
            except StopIteration as end:
                self.outcome = end.value
                return self

    def until_stopped(self) -> Training:
        with pytest.raises(Stopped):
            self.run()
        stopping.forget()
        return self

    def stop_at(self, call: int) -> Training:
        self.network.at[call] = stopping.ask  # type: ignore[assignment]
        return self.until_stopped()

    def result(self) -> tuple[str, str, Any]:
        """Digests of the last and the best weights, and what was decided; seconds apart."""
        assert self.outcome
        best = load_file(self.folder / "best" / "weights.safetensors")
        return digest(self.network.state_dict()), digest(best), replace(self.outcome, earlier=0.0)

    def codes(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Note)]


def digest(state: dict[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name, item in sorted(state.items()):
        found.update(name.encode() + item.numpy().tobytes())
    return found.hexdigest()


def whole(folder: Path, plan: Plan = PLAN) -> tuple[str, str, Any]:
    return Training(folder, plan).run().result()
