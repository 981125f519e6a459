"""Few weights beside a frozen base, saved alone and put into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from training import adapters
from training.coding import text
from training.files.text import Network, writer_of

ROWS = [{"source": "the cat sat", "target": "cat"}, {"source": "a dog", "target": "dog 狗"}]


@pytest.fixture(params=["llama_base", "gpt_base", "t5_base"])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def about(folder: Path, ask_about: Any, pair_about: Any) -> dict[str, Any]:
    found: dict[str, Any] = pair_about if "t5" in folder.name else ask_about
    return found


@pytest.fixture
def batch(folder: Path, about: Any) -> Any:
    return new(folder, about).collate(
        text.pieces(AutoTokenizer.from_pretrained(folder), ROWS, 128, about)
    )


def new(folder: Path, about: Any) -> Network:
    return Network(writer_of(folder, about["objective"]), about).eval()


def taught(network: Network, batch: Any) -> Network:
    chosen = [item for item in network.parameters() if item.requires_grad]
    optimizer = torch.optim.AdamW(chosen, lr=1e-2)
    for _ in range(5):
        network.loss(batch).backward()
        optimizer.step()
        optimizer.zero_grad()
    return network


def test_it_begins_as_the_base_and_trains_little(folder: Path, about: Any, batch: Any) -> None:
    network = new(folder, about)
    before = network.loss(batch).item()
    adapters.attach(network, r=4, alpha=8)
    assert network.loss(batch).item() == pytest.approx(before, abs=1e-6)
    assert 0 < adapters.trained(network)["share"] < 0.5


def test_the_base_stays_as_it_was(folder: Path, about: Any, batch: Any) -> None:
    network = new(folder, about)
    before = network.loss(batch).item()
    adapters.attach(network)
    after = taught(network, batch).loss(batch).item()
    assert after < before - 0.1
    with adapters.without(network):
        assert network.loss(batch).item() == pytest.approx(before, abs=1e-6)
    assert network.loss(batch).item() == pytest.approx(after, abs=1e-6)


def test_the_saved_adapter_on_the_base_is_the_merged_model(
    folder: Path, about: Any, batch: Any, tmp_path: Path
) -> None:
    network = new(folder, about)
    adapters.attach(network)
    taught(network, batch)
    adapters.save_adapter(network, tmp_path / "adapter", "tiny")
    beside = new(folder, about)
    adapters.load_adapter(beside, tmp_path / "adapter")
    base = adapters.merged(network)
    base.save_pretrained(tmp_path / "merged")
    whole = new(tmp_path / "merged", about)
    assert {file.suffix for file in (tmp_path / "adapter").iterdir()} == {".json", ".safetensors"}
    with torch.no_grad():
        outputs = [item(batch) for item in (beside, network, whole)]
    assert torch.allclose(outputs[0], outputs[1], atol=1e-5)
    assert torch.equal(outputs[1], outputs[2])
    assert not any("lora" in name for name in whole.state_dict())


def test_peft_reads_the_saved_adapter(folder: Path, about: Any, batch: Any, tmp_path: Path) -> None:
    from peft import PeftModel

    network = new(folder, about)
    adapters.attach(network)
    expected = taught(network, batch)(batch)
    adapters.save_adapter(network, tmp_path, "tiny")
    other = new(folder, about)
    PeftModel.from_pretrained(other.base, tmp_path)  # changes the layers of the base in place
    assert torch.allclose(other(batch), expected, atol=1e-5)


def test_the_best_epoch_is_put_back(folder: Path, about: Any, batch: Any) -> None:
    network = new(folder, about)
    adapters.attach(network)
    kept, best = adapters.adapter_state(taught(network, batch)), network.loss(batch).item()
    taught(network, batch)
    assert network.loss(batch).item() != pytest.approx(best, abs=1e-6)
    adapters.put_adapter(network, kept)
    assert network.loss(batch).item() == pytest.approx(best, abs=1e-6)


def test_in_bf16_it_learns_the_same_and_merges_in_full(llama_base: Path, ask_about: Any) -> None:
    tokenizer = AutoTokenizer.from_pretrained(llama_base)
    network = new(llama_base, ask_about)
    batch = network.collate(text.pieces(tokenizer, ROWS, 128, ask_about))
    adapters.attach(network)
    taught(network, batch)
    before = network.loss(batch).item()
    adapters.lighter(network)
    with torch.autocast("cpu", torch.bfloat16):
        assert network.loss(batch).item() == pytest.approx(before, abs=0.05)
        taught(network, batch)
        after = network.loss(batch).item()
    adapters.merged(network, writer_of(llama_base, "causal"))
    assert all(item.dtype == torch.float32 for item in network.parameters())
    assert after < before
    assert network.loss(batch).item() == pytest.approx(after, abs=0.05)
