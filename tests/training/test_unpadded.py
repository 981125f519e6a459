"""Rows that share sequences give what they give one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import RobertaConfig, RobertaModel

from training import backbone, unpadded
from training.files import core

ABOUT = {"head": "sequence", "objective": "single", "labels": ["a"], "pad": 0, "max_length": 64}
LENGTHS = [3, 5, 60, 9, 2, 12, 31, 4, 4, 4]


@pytest.fixture
def batch() -> core.Batch:
    draw = np.random.default_rng(1)
    width = core.padded(max(LENGTHS))
    rows = [draw.integers(5, 60, length).tolist() for length in LENGTHS]
    ones = [[1] * length for length in LENGTHS]
    kinds = [[int(token > 30) for token in row] for row in rows]
    stacked = {"ids": rows, "mask": ones, "types": kinds}
    return {name: core.stacked(values, width, 0) for name, values in stacked.items()}


def network_of(folder: Path) -> Any:
    torch.manual_seed(1)  # for the head
    return backbone.network(folder, ABOUT, 0.1).eval()


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-roberta")
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=80, pad_token_id=0, type_vocab_size=2,
    )  # fmt: skip
    RobertaModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_the_states_are_those_of_the_padded_batch(
    family: str, tiny_base: Path, roberta: Path, batch: core.Batch
) -> None:
    folder = tiny_base if family == "bert" else roberta
    network, whole = network_of(folder), network_of(folder)
    unpadded.prepare(network, "fp32")
    real = batch["mask"].bool()
    with torch.no_grad():
        found, expected = network.states(batch), whole.states(batch)
    torch.testing.assert_close(found[real], expected[real], atol=1e-5, rtol=1e-5)
    assert not found[~real].any()


def test_bf16_stays_as_near_as_it_does_with_padding(tiny_base: Path, batch: core.Batch) -> None:
    network, whole = network_of(tiny_base), network_of(tiny_base)
    unpadded.prepare(network, "bf16")
    real = batch["mask"].bool()
    with torch.no_grad():
        exact = whole.states(batch)[real]
        with torch.autocast("cpu", torch.bfloat16):
            found, padded = network.states(batch)[real], whole.states(batch)[real]
    assert (found - exact).abs().mean() < 2 * (padded - exact).abs().mean()


def test_gradients_are_those_of_the_padded_batch(tiny_base: Path, batch: core.Batch) -> None:
    found = []
    for change in (True, False):
        network = network_of(tiny_base)
        if change:
            unpadded.prepare(network, "fp32")
        network(batch).square().sum().backward()
        grads = {name: item.grad for name, item in network.named_parameters()}
        found.append({name: grad for name, grad in grads.items() if grad is not None})
    assert found[0].keys() == found[1].keys()
    for name, grad in found[0].items():
        torch.testing.assert_close(grad, found[1][name], atol=1e-5, rtol=1e-4)


def test_other_bases_are_read_as_they_come(tiny_base: Path) -> None:
    network = network_of(tiny_base)
    network.base.config.model_type = "deberta-v2"
    unpadded.prepare(network, "fp32")
    assert "read" not in vars(network)


def test_the_model_that_is_saved_says_nothing_of_it(tiny_base: Path, tmp_path: Path) -> None:
    network, whole = network_of(tiny_base), network_of(tiny_base)
    unpadded.prepare(network, "bf16")
    for name, one in (("ours", network), ("plain", whole)):
        one.base.save_pretrained(tmp_path / name)
    texts = [(tmp_path / name / "config.json").read_text() for name in ("ours", "plain")]
    assert texts[0] == texts[1]


class TestLayout:
    @given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.integers(0, 3))
    def test_every_token_stands_once_beside_those_of_its_row(
        self, lengths: list[int], spare: int
    ) -> None:
        width = core.padded(max(lengths)) + 8 * spare
        found = unpadded.layout(lengths, width)
        kept = found.segment >= 0
        tokens = [row * width + at for row, length in enumerate(lengths) for at in range(length)]
        assert sorted(found.source[kept]) == tokens
        assert (found.source[kept] == found.segment[kept] * width + found.position[kept]).all()

    def test_short_rows_share_a_sequence(self) -> None:
        assert unpadded.layout([8] * 16, 16).source.shape == (2, 64)

    def test_rows_that_leave_little_padding_are_left_as_they_are(self) -> None:
        assert unpadded.layout([62, 64, 61], 64).source.shape == (3, 64)


class TestDropout:
    @pytest.fixture
    def layer(self) -> nn.Module:
        return unpadded.Dropout(0.25, {})

    def test_a_share_falls_out_and_the_mean_stays(self, layer: nn.Module) -> None:
        torch.manual_seed(1)
        found = layer(torch.ones(300, 400))
        assert float((found == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
        assert float(found.mean()) == pytest.approx(1.0, abs=0.01)

    def test_each_call_draws_anew_and_the_seed_decides(self) -> None:
        found = []
        for _ in range(2):
            torch.manual_seed(1)
            layer = unpadded.Dropout(0.25, {})
            found.append([layer(torch.ones(1000)) for _ in range(2)])
        assert not torch.equal(found[0][0], found[0][1])
        assert torch.equal(found[0][1], found[1][1])

    def test_nothing_falls_out_of_a_model_in_use(self, layer: nn.Module) -> None:
        assert torch.equal(layer.eval()(torch.ones(9)), torch.ones(9))
