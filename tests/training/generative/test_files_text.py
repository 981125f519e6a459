"""The network that writes: its loss, packed rows, and what it writes."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from tests.warm import Warm
from training.coding import text
from training.coding.packing import packed, packs
from training.files.core import run
from training.files.text import NO_LOSS, Model, Network, Writer, perplexity, writer_of
from training.heads import Head

ROWS = [
    {"source": "the cat sat on the mat 🙂", "target": "cat on mat"},
    {"source": "a dog", "target": "狗在门口"},
    {"source": "please answer the question in a few words, thank you very much", "target": "ok"},
]
TALKS = [
    [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "yes 你好"}],
    [
        {"role": "user", "content": "can you help me, please?"},
        {"role": "assistant", "content": "no"},
    ],
    [{"role": "user", "content": "x"}, {"role": "assistant", "content": "the cat sat on the mat"}],
]


@pytest.fixture(params=["llama_base", "gpt_base"])
def causal(request: pytest.FixtureRequest, ask_about: Any) -> tuple[Network, Any]:
    folder = request.getfixturevalue(request.param)
    return Network(writer_of(folder, "causal"), ask_about).eval(), AutoTokenizer.from_pretrained(
        folder
    )


@pytest.fixture
def pair(t5_base: Path, pair_about: Any) -> tuple[Network, Any]:
    return Network(writer_of(t5_base, "seq2seq"), pair_about).eval(), AutoTokenizer.from_pretrained(
        t5_base
    )


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Model]:
    """The artifact's folder as an export leaves it, loaded."""

    def make(base: Path, about: dict[str, Any]) -> Model:
        (tmp_path / "attune.json").write_text(
            json.dumps({"format": 2, "head": "text", "labels": [], "columns": {}, **about})
        )
        for file in base.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        return Model(tmp_path)

    return make


def without_positions(pieces: Any, width: int) -> Any:
    return {"mask": torch.ones((len(pieces), width), dtype=torch.long)}


class TestLoss:
    def test_it_is_that_of_transformers(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS, 128, ask_about)
        batch = network.collate(found)
        labels = torch.full_like(batch["ids"], NO_LOSS)
        for row, piece in enumerate(found):
            for place, carries in enumerate(piece["loss"]):
                labels[row, place] = piece["ids"][place] if carries else NO_LOSS
        theirs = network.base(
            input_ids=batch["ids"], attention_mask=batch["mask"], labels=labels
        ).loss
        assert network.loss(batch).item() == pytest.approx(theirs.item(), abs=1e-5)

    def test_it_is_that_of_transformers_for_pairs(self, pair: Any, pair_about: Any) -> None:
        network, tokenizer = pair
        batch = network.collate(text.pieces(tokenizer, ROWS, 128, pair_about))
        theirs = network.base(
            input_ids=batch["ids"], attention_mask=batch["mask"], labels=batch["targets"]
        ).loss
        assert network.loss(batch).item() == pytest.approx(theirs.item(), abs=1e-5)

    def test_only_tokens_that_carry_loss_reach_the_output_layer(
        self, causal: Any, ask_about: Any
    ) -> None:
        network, tokenizer = causal
        seen: list[int] = []
        head = network.base.get_output_embeddings()
        handle = head.register_forward_hook(lambda _layer, given, _out: seen.append(len(given[0])))
        found = text.pieces(tokenizer, ROWS, 128, ask_about)
        network(network.collate(found))
        handle.remove()
        assert seen == [sum(sum(piece["loss"]) for piece in found)]

    def test_what_is_asked_teaches_nothing(self, causal: Any, ask_about: Any) -> None:
        """The gradient of the output layer's bias-like direction: only answer tokens are pulled up."""
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS[:1], 128, ask_about)
        outputs = network(network.collate(found))
        ids, loss = found[0]["ids"], found[0]["loss"]
        carried = [place for place in range(len(ids) - 1) if loss[place + 1]]
        assert torch.nonzero(outputs[0]).flatten().tolist() == carried

    def test_padding_changes_nothing(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS, 128, ask_about)
        together = run(network, found)
        for piece, losses in zip(found, together, strict=True):
            (alone,) = run(network, [piece])
            assert losses == pytest.approx(alone, abs=1e-5)

    def test_perplexity_is_over_tokens(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS, 128, ask_about)
        losses = [value for row in run(network, found) for value in row if value]
        value, count = perplexity(network, found)
        assert count == len(losses) == sum(sum(piece["loss"]) for piece in found)
        assert value == pytest.approx(math.exp(sum(map(float, losses)) / count), rel=1e-5)


class TestPacking:
    def test_the_loss_is_that_of_the_rows_apart(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS * 2, 128, ask_about)
        rows = packed(found, 120)
        assert 1 < len(rows) < len(found)
        apart, together = network.loss(network.collate(found)), network.loss(network.collate(rows))
        assert together.item() == pytest.approx(apart.item(), abs=1e-5)

    def test_a_network_is_asked_whether_it_packs(
        self, causal: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network, _ = causal
        assert packs(network)
        # A base that forgets the mask sees the parts before.
        inner = network.base.forward
        monkeypatch.setattr(network.base, "forward", lambda attention_mask, **given: inner(**given))
        monkeypatch.setattr("training.files.text.blocks", without_positions)
        assert not packs(network)

    def test_the_gradient_is_the_same_too(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        found = text.pieces(tokenizer, ROWS, 128, ask_about)
        grads = []
        for rows in (found, packed(found, 120)):
            network.zero_grad()
            network.loss(network.collate(rows)).backward()
            grads.append(
                [item.grad.clone() for item in network.parameters() if item.grad is not None]
            )
        for one, other in zip(*grads, strict=True):
            assert torch.allclose(one, other, atol=1e-5)


class TestWriting:
    def test_together_is_as_one_by_one(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        writer = Writer(network.base, tokenizer, ask_about)
        found = text.prompts(tokenizer, ROWS, 128, ask_about)
        assert writer.all(found) == [writer.all([piece])[0] for piece in found]

    def test_together_is_as_one_by_one_for_pairs(self, pair: Any, pair_about: Any) -> None:
        network, tokenizer = pair
        writer = Writer(network.base, tokenizer, pair_about)
        found = text.prompts(tokenizer, ROWS, 128, pair_about)
        assert writer.all(found) == [writer.all([piece])[0] for piece in found]

    @pytest.mark.parametrize("given", [{}, {"stop": ["e"]}, {"max_new_tokens": 3}])
    def test_a_stream_is_the_same_text_in_pieces(
        self, causal: Any, ask_about: Any, given: Any
    ) -> None:
        network, tokenizer = causal
        writer = Writer(network.base, tokenizer, {**ask_about, **given})
        for piece in text.prompts(tokenizer, ROWS, 128, ask_about):
            assert "".join(writer.stream(piece["ids"])) == writer.all([piece])[0]

    def test_a_stream_for_pairs(self, pair: Any, pair_about: Any) -> None:
        network, tokenizer = pair
        writer = Writer(network.base, tokenizer, pair_about)
        (piece,) = text.prompts(tokenizer, ROWS[:1], 128, pair_about)
        assert "".join(writer.stream(piece["ids"])) == writer.all([piece])[0]

    def test_the_same_seed_draws_the_same(self, causal: Any, ask_about: Any) -> None:
        network, tokenizer = causal
        piece = text.prompts(tokenizer, ROWS[:1], 128, ask_about)[0]
        drawn = {
            seed: Writer(network.base, tokenizer, {**ask_about, "temperature": 2.0, "seed": seed})
            for seed in (1, 2)
        }
        assert drawn[1].all([piece]) == drawn[1].all([piece]) != drawn[2].all([piece])
        assert list(drawn[1].stream(piece["ids"])) == list(drawn[1].stream(piece["ids"]))


class TestModel:
    def test_it_answers_records(self, make_model: Any, llama_base: Path, ask_about: Any) -> None:
        model = make_model(llama_base, ask_about)
        found = model.predict([row["source"] for row in ROWS])
        assert [list(answer) for answer in found] == [["text"]] * 3
        assert found == model.predict([{"source": row["source"]} for row in ROWS])
        assert "".join(model.generate_stream(ROWS[0])) == found[0]["text"]

    def test_it_answers_talks(self, make_model: Any, llama_base: Path, talk_about: Any) -> None:
        model = make_model(llama_base, {**talk_about, "max_new_tokens": 8})
        records = [{"messages": json.dumps(turns)} for turns in TALKS]
        assert len(model.predict(records)) == 3
        quiet = "".join(model.generate_stream(records[0], max_new_tokens=1))
        assert len(quiet) <= len(model.predict(records[:1])[0]["text"])

    def test_its_program_stands_alone(
        self, make_model: Any, llama_base: Path, ask_about: Any, tmp_path: Path, warm: Warm
    ) -> None:
        model = make_model(llama_base, ask_about)
        (tmp_path / "predict.py").write_text(Head("text", ("prompts",)).program(), encoding="utf-8")
        (tmp_path / "in.csv").write_text("source\nthe cat\n你好🙂\n", encoding="utf-8")
        ended = warm.run(["predict.py", "in.csv", "out.csv"], cwd=tmp_path, env={})
        assert ended.returncode == 0, ended.stderr
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        expected = model.predict([row["source"] for row in rows])
        assert [row["predicted"] for row in rows] == [answer["text"] for answer in expected]

    def test_it_answers_pairs(self, make_model: Any, t5_base: Path, pair_about: Any) -> None:
        model = make_model(t5_base, pair_about)
        assert len(model.predict(["the cat", ""])) == 2
