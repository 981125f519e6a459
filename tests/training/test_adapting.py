"""Encoders trained through an adapter: few weights learn, and what is saved is a plain model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from training import adapters, backbone, heads, inference
from training.coding import sequence
from training.files.soft import with_soft
from training.fit import fit
from training.problems import Problem
from training.spec import Spec

METHODS = ["lora", "dora", "rslora", "ia3"]
ABOUT = {
    "head": "sequence",
    "objective": "single",
    "labels": ["a", "b"],
    "inputs": ["text"],
    "max_length": 32,
    "pad": 0,
}


def outputs_of(network: Any, base: Path) -> torch.Tensor:
    records = [{"text": "my invoice is late"}, {"text": "reset"}]
    pieces = sequence.pieces(backbone.tokenizer(base), records, 32, ABOUT)
    with torch.no_grad():
        found: torch.Tensor = network.eval()(network.collate(pieces))
    return found


@pytest.mark.parametrize("method", METHODS)
def test_an_adapter_begins_without_effect_and_few_weights_learn(
    tiny_base: Path, method: str
) -> None:
    network = backbone.network(tiny_base, ABOUT)
    before = outputs_of(network, tiny_base)
    adapters.attach(network, 4, 8, method=method)
    assert torch.allclose(outputs_of(network, tiny_base), before, atol=1e-6)
    assert 0 < adapters.trained(network.base)["share"] < 0.3
    named = {name for name, item in network.base.named_parameters() if item.requires_grad}
    assert all("lora_" in name or "ia3_" in name for name in named)


@pytest.mark.parametrize("method", METHODS)
def test_merged_weights_answer_as_the_adapter_did(tiny_base: Path, method: str) -> None:
    network = backbone.network(tiny_base, ABOUT)
    plain = set(network.state_dict())
    start = outputs_of(network, tiny_base)
    adapters.attach(network, 4, 8, method=method)
    torch.manual_seed(0)
    for item in network.base.parameters():
        if item.requires_grad:
            item.data += 0.3 * torch.randn_like(item)
    learnt = outputs_of(network, tiny_base)
    adapters.merged(network)
    assert set(network.state_dict()) == plain
    assert torch.allclose(outputs_of(network, tiny_base), learnt, atol=1e-5)
    assert float((learnt - start).abs().max()) > 1e-4


def test_the_rank_of_rslora_scales_by_its_root(tiny_base: Path) -> None:
    scales = {}
    for method in ("lora", "rslora"):
        network = backbone.network(tiny_base, ABOUT)
        adapters.attach(network, 4, 8, method=method)
        layer: Any = network.base.encoder.layer[0].attention.self.query
        scales[method] = layer.scaling["default"]
    assert scales == {"lora": 2.0, "rslora": 4.0}


@pytest.mark.parametrize("method", METHODS)
def test_a_fine_tune_saves_a_plain_model_with_its_base_changed(
    make_spec: Callable[..., Spec], tmp_path: Path, tiny_base: Path, method: str
) -> None:
    list(fit(make_spec(method=method, rank=4, alpha=8), tmp_path))
    before = load_file(tiny_base / "model.safetensors")
    after = load_file(tmp_path / "artifact" / "model.safetensors")
    assert before.keys() == after.keys()
    words = "embeddings.word_embeddings.weight"
    assert torch.equal(before[words], after[words])
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(before[name], after[name])


def test_an_adapter_and_frozen_parts_exclude_one_another(
    make_spec: Callable[..., Spec], tmp_path: Path
) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(method="lora", trained="top"), tmp_path))
    assert (caught.value.code, caught.value.values["field"]) == ("spec.together", "trained")


def test_a_prompt_is_learnt_before_every_text_and_the_base_stays(
    make_spec: Callable[..., Spec], tmp_path: Path, tiny_base: Path
) -> None:
    spec = make_spec(method="prompt", virtual_tokens=6, max_length=64)
    report = list(fit(spec, tmp_path))[-1]
    assert report.details["settings"]["max_length"] == 64 - 6  # the base has no more places
    before = load_file(tiny_base / "model.safetensors")
    after = load_file(tmp_path / "artifact" / "model.safetensors")
    assert all(torch.equal(before[name], after[name]) for name in before)
    learnt = load_file(tmp_path / "artifact" / "adapter" / "adapter_model.safetensors")
    assert learnt["prompt_embeddings"].shape == (6, 32)
    assert inference.verify(tmp_path).labels_equal
    assert "6 virtual tokens" in (tmp_path / "artifact" / "README.md").read_text()
    plain = heads.load(tmp_path / "artifact")
    told = plain.predict(["my invoice is late"])
    with_soft(plain.network, None)
    assert plain.predict(["my invoice is late"]) != told


def test_a_prefix_is_of_bases_that_write(make_spec: Callable[..., Spec], tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(method="prefix"), tmp_path))
    assert (caught.value.code, caught.value.values["field"]) == ("spec.choice", "method")
