"""Gradient checkpointing: layers are computed again on the way back, and the gradient is the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from training import backbone, unpadded
from training.files import core

PIECES = [
    {"row": row, "ids": [2, *range(5, 5 + 3 * row), 3], "target": row % 2} for row in range(1, 6)
]


def gradient(folder: Path, *, again: bool, dropout: float) -> tuple[float, list[torch.Tensor], int]:
    """The loss, the gradients, and how often the first layer was computed."""
    torch.manual_seed(3)
    network = backbone.plain(folder, 0, 64, 2).train()
    if again:
        backbone.save_memory(network)
    unpadded.prepare(network, "fp32", again=again)
    for layer in network.base.modules():
        if isinstance(layer, nn.Dropout | unpadded.Dropout):
            layer.p = dropout
    times: list[int] = []
    inner = network.base.encoder.layer[0].attention
    inner.register_forward_hook(lambda *_given: times.append(1))
    batch = core.moved(network.collate(PIECES), torch.device("cpu"))
    torch.manual_seed(4)
    loss = network.criterion(network(batch), batch)
    loss.backward()
    found = [item.grad for item in network.parameters() if item.grad is not None]
    return float(loss), found, len(times)


def test_it_is_the_same_gradient(tiny_base: Path) -> None:
    loss, plain, once = gradient(tiny_base, again=False, dropout=0.0)
    same, saved, twice = gradient(tiny_base, again=True, dropout=0.0)
    assert (once, twice) == (1, 2)
    assert same == pytest.approx(loss, abs=1e-6)
    assert len(plain) == len(saved)
    for mine, yours in zip(plain, saved, strict=True):
        torch.testing.assert_close(mine, yours, atol=1e-6, rtol=1e-4)


def test_the_same_numbers_fall_out_the_second_time(tiny_base: Path) -> None:
    """Else the gradient would be that of another function: by a small step along it the loss would not fall as told."""
    torch.manual_seed(3)
    network = backbone.plain(tiny_base, 0, 64, 2).train()
    unpadded.prepare(network, "fp32", again=True)
    batch = core.moved(network.collate(PIECES), torch.device("cpu"))

    def gradients() -> list[torch.Tensor]:
        network.zero_grad(set_to_none=True)
        torch.manual_seed(4)
        network.criterion(network(batch), batch).backward()
        return [item.grad.clone() for item in network.parameters() if item.grad is not None]

    kept = gradients()
    backbone.save_memory(network)
    for mine, yours in zip(kept, gradients(), strict=True):
        torch.testing.assert_close(mine, yours, atol=1e-6, rtol=1e-4)
