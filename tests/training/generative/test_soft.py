"""Virtual tokens before every text: they alone learn, they are read before all that is written, and peft reads them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoTokenizer

from training import adapters
from training.coding import text
from training.coding.prompts import SEQ2SEQ
from training.export import checkpoint
from training.files.soft import Words
from training.files.text import Model, Network, Writer, writer_of

ROWS = [{"source": "the cat sat", "target": "cat"}, {"source": "a dog", "target": "dog 狗"}]
KINDS = pytest.mark.parametrize("kind", ["prompt", "prefix"])


@pytest.fixture(params=["llama_base", "gpt_base", "t5_base", "marian_base"])
def folder(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def about(folder: Path, ask_about: Any, pair_about: Any) -> dict[str, Any]:
    pairs = any(name in folder.name for name in ("t5", "marian"))
    found: dict[str, Any] = pair_about if pairs else ask_about
    return {"labels": [], **found}


@pytest.fixture
def tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder)


def softened(folder: Path, about: Any, kind: str, count: int = 4) -> Network:
    """A network with virtual tokens that have moved away from where they began."""
    network = Network(writer_of(folder, about["objective"]), about).eval()
    adapters.soften(network, kind, list(range(20, 20 + count)))
    torch.manual_seed(0)
    assert network.soft is not None
    network.soft.weight.data += 0.5 * torch.randn_like(network.soft.weight)
    return network


def batch_of(network: Network, tokenizer: Any, about: Any) -> Any:
    return network.collate(text.pieces(tokenizer, ROWS, 128, about))


END = 0  # the token that ends a text of all these bases


def said(row: Sequence[int]) -> list[int]:
    return list(takewhile(lambda token: token != END, row))


def by_hand(network: Network, ids: list[int], about: Any, count: int) -> list[int]:
    """The likeliest tokens one after the other, each found by reading all that came before anew."""
    base, soft, found = network.base, network.soft, list[int]()
    assert soft is not None
    start = getattr(base.config, "decoder_start_token_id", None)
    for _ in range(count):
        pairs = about["objective"] == SEQ2SEQ
        read = ids if pairs else [*ids, *found]
        given: dict[str, Any] = {"input_ids": torch.tensor([[*soft.ids, *read]])}
        if pairs:
            given["decoder_input_ids"] = torch.tensor([[start, *found]])
        if soft.kind == "prefix":
            given["past_key_values"] = soft.cache(1, pairs)
        logits = base(**given).logits[0, -1]
        for banned in getattr(base.generation_config, "bad_words_ids", None) or []:
            logits[banned[0]] = -1e9
        found.append(int(logits.argmax()))
    return said(found)


@KINDS
def test_they_alone_learn_and_the_base_stays(
    folder: Path, about: Any, tokenizer: Any, kind: str
) -> None:
    network = Network(writer_of(folder, about["objective"]), about).eval()
    batch = batch_of(network, tokenizer, about)
    before = network.loss(batch).item()
    adapters.soften(network, kind, [20, 21, 22])
    learns = {name for name, item in network.named_parameters() if item.requires_grad}
    assert learns == {"soft.weight"}
    first = network.loss(batch).item()
    optimizer = torch.optim.AdamW([network.soft.weight], lr=0.1)  # type: ignore[union-attr]
    for _ in range(5):
        network.loss(batch).backward()
        optimizer.step()
        optimizer.zero_grad()
    assert network.loss(batch).item() < first
    with adapters.without(network):
        assert network.loss(batch).item() == pytest.approx(before, abs=1e-6)


@KINDS
def test_a_prefix_of_real_tokens_begins_as_those_tokens_do(
    llama_base: Path, ask_about: Any, kind: str
) -> None:
    network = Network(writer_of(llama_base, "causal"), ask_about).eval()
    plain = network.base(torch.tensor([[20, 21, 22, 30, 31]])).logits[0, -1]
    adapters.soften(network, kind, [20, 21, 22])
    assert network.soft is not None
    given: dict[str, Any] = {"input_ids": torch.tensor([[*network.soft.ids, 30, 31]])}
    if kind == "prefix":
        given["past_key_values"] = network.soft.cache(1, decodes=False)
    assert torch.allclose(network.base(**given).logits[0, -1], plain, atol=1e-5)


@KINDS
@torch.no_grad()
def test_what_is_written_follows_them(folder: Path, about: Any, tokenizer: Any, kind: str) -> None:
    network = softened(folder, about, kind)
    writer = Writer(network.base, tokenizer, {**about, "max_new_tokens": 6}, network.soft)
    rows = [[30, 31, 32, 33, 34, 35], [40, 41]]  # of two lengths: the shorter one is padded
    wanted = [by_hand(network, row, about, 6) for row in rows]
    assert [said(row) for row in writer.written(rows)] == wanted
    assert [list(writer._tokens(row)) for row in rows] == wanted
    # What looks at the tokens that were read, and several texts at a time, know them too.
    more = {"repetition_penalty": 1.2, "beams": 2, "stop": ["zz"]}
    Writer(network.base, tokenizer, {**about, "max_new_tokens": 3, **more}, network.soft).written(
        rows
    )


@KINDS
@torch.no_grad()
def test_a_saved_model_reads_them_and_its_base_is_untouched(
    folder: Path, about: Any, tokenizer: Any, kind: str, tmp_path: Path
) -> None:
    network = softened(folder, about, kind)
    batch = batch_of(network, tokenizer, about)
    wanted = network(batch)
    beside = adapters.save_adapter(network, tmp_path / "beside", "tiny")
    told = {**about, **adapters.apart(network)}
    assert not any(isinstance(layer, Words) for layer in network.base.modules())
    made = checkpoint(tmp_path, network, tokenizer, told, beside)
    model = Model(made)
    assert torch.allclose(model.network(batch), wanted, atol=1e-5)
    with adapters.without(model.network):
        assert not torch.allclose(model.network(batch), wanted, atol=1e-2)
    plain = writer_of(folder, about["objective"]).state_dict()
    after = writer_of(made, about["objective"]).state_dict()
    assert all(torch.equal(plain[name], after[name]) for name in plain)


@KINDS
@torch.no_grad()
def test_peft_reads_the_saved_tokens(
    folder: Path, about: Any, tokenizer: Any, kind: str, tmp_path: Path
) -> None:
    network = softened(folder, about, kind)
    beside = adapters.save_adapter(network, tmp_path / "beside", "tiny")
    if not (beside / adapters.CONFIG).exists():
        # It would read the embeddings of one base unscaled, and have layers of a decoder share their prefix.
        assert about["objective"] == SEQ2SEQ
        assert kind == "prefix" or "marian" in folder.name
        return
    base = writer_of(folder, about["objective"]).eval()
    other = PeftModel.from_pretrained(base, tmp_path / "beside")
    assert network.soft is not None
    ids, soft = torch.tensor([[30, 31, 32]]), network.soft
    pairs = about["objective"] == SEQ2SEQ
    given: dict[str, Any] = {"decoder_input_ids": torch.tensor([[2, 40]])} if pairs else {}
    found = other(input_ids=ids, attention_mask=torch.ones_like(ids), **given).logits
    if kind == "prefix":
        given["past_key_values"] = soft.cache(1, pairs)
    own = network.base(input_ids=torch.tensor([[*soft.ids, 30, 31, 32]]), **given).logits
    assert torch.allclose(found[0, -1], own[0, -1], atol=1e-5)
