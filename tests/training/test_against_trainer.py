"""Our loop against transformers' own Trainer: the same network, batches and optimizer give the same losses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from tests.training.conftest import about_of
from training import backbone, batches, loop, optimizers, unpadded, vocabulary
from training.coding import sequence
from training.plan import factor

TEXTS = ["my invoice is late", "the parcel was lost", "please reset the password", "a refund"] * 4
PLAN = loop.Plan(2, 1e-3, 1e-2, 4, 0.1, 0.01, 0.0, 1.0, "linear", 9, False, 5)
ABOUT = about_of("a", "b", "c", "d")


@pytest.fixture
def pieces(tiny_base: Path) -> list[dict[str, Any]]:
    records = [{"text": text} for text in TEXTS]
    found = sequence.pieces(backbone.tokenizer(tiny_base), records, 32, ABOUT)
    return [{**piece, "target": piece["row"] % 4} for piece in found]


class Told(nn.Module):
    """The network as the Trainer wants it: called with a batch by name, it gives its loss."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, **batch: Tensor) -> dict[str, Tensor]:
        return {"loss": self.network.criterion(self.network(batch), batch)}


class SameBatches(Trainer):
    """The batches of both epochs, in the order of ours."""

    made: list[dict[str, Tensor]]

    def get_train_dataloader(self) -> Any:
        return Batches(self.made)


class Batches:
    def __init__(self, made: list[dict[str, Tensor]]) -> None:
        self.made, self.dataset = made, made

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        return iter(self.made)


def network_of(base: Path) -> Any:
    backbone.seed(5)
    network = backbone.network(base, ABOUT)
    for module in network.modules():  # the two draw at random at different times
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return network


def ours(base: Path, pieces: list[dict[str, Any]]) -> list[float]:
    """As fit does it: without padding, and with the rows of the embedding that are needed."""
    data = loop.Data(pieces, lambda *_: loop.Judged(), labels=4)
    network = network_of(base).train()
    unpadded.prepare(network, "fp32")
    with vocabulary.cut(network.base, pieces, 0) as words:
        assert words.used is not None
        trainer = loop.Trainer(network, data, PLAN, backbone.accelerator("fp32"))
        lengths = [len(piece["ids"]) for piece in pieces]
        orders = [batches.training(lengths, 4, PLAN.seed, epoch) for epoch in (1, 2)]
        return [trainer.update(rows.tolist()).item() for order in orders for rows in order]


def theirs(base: Path, pieces: list[dict[str, Any]], folder: Path) -> list[float]:
    network = network_of(base)
    lengths = [len(piece["ids"]) for piece in pieces]
    orders = [batches.training(lengths, 4, PLAN.seed, epoch) for epoch in (1, 2)]
    steps = sum(map(len, orders))
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer := optimizers.build(network, PLAN),
        lambda step: factor(min(step, steps - 1), steps, PLAN.warmup, PLAN.schedule),
    )
    wanted = TrainingArguments(
        output_dir=str(folder), num_train_epochs=1, max_grad_norm=PLAN.clip, logging_steps=1,
        use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, seed=5,
        remove_unused_columns=False,
    )  # fmt: skip
    trainer = SameBatches(Told(network), wanted, optimizers=(optimizer, rates))
    trainer.made = [
        network.collate([pieces[row] for row in rows]) for order in orders for rows in order
    ]
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def test_the_losses_of_every_step_are_the_same(
    tiny_base: Path, pieces: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = ours(tiny_base, pieces)
    assert len(found) == 8
    assert found[-1] < found[0]
    assert theirs(tiny_base, pieces, tmp_path) == pytest.approx(found, abs=1e-5)
