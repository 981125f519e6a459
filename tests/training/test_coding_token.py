"""Words as a model of entities reads them: how they are written, where the tokenizer does not tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.training.test_plan import PLAN
from training import backbone
from training.coding import token
from training.coding.token import CAPITALS, INITIAL, MIXED, PLAIN, TITLE, shape

KINDS = {
    "paris": PLAIN,
    "2024": PLAIN,
    "北": PLAIN,
    "ß": PLAIN,
    "Paris": TITLE,
    "Élysée": TITLE,
    "ǅungla": TITLE,
    "B2b": TITLE,
    "NATO": CAPITALS,
    "G20": INITIAL,
    "A": INITIAL,
    "iPhone": MIXED,
    "McDonald": MIXED,
}


@pytest.mark.parametrize("word", KINDS)
def test_how_a_word_is_written(word: str) -> None:
    assert shape(word) == KINDS[word]


def pieces(base: Path, text: str, **about: Any) -> list[Mapping[str, Any]]:
    reader = backbone.tokenizer(base)
    return token.pieces(reader, [{"text": text}], 64, {"labels": ["x"], **about})


def test_every_token_of_a_word_has_its_type(tiny_base: Path) -> None:
    [piece] = pieces(tiny_base, "say Zzz, USA", shapes=2)
    names = backbone.tokenizer(tiny_base).convert_ids_to_tokens(piece["ids"])
    told = {1: "title", 2: "capitals"}
    found = [
        (name, told.get(kind - 1, "")) for name, kind in zip(names, piece["types"], strict=True)
    ]
    assert [name for name, kind in found if kind == "title"] == ["z", "##z", "##z"]
    assert [name for name, kind in found if kind == "capitals"] == ["u", "##s", "##a"]
    assert {kind for name, kind in found if name in ("[CLS]", "[SEP]", "say", ",")} <= {""}


def test_without_shapes_a_piece_has_no_types(tiny_base: Path) -> None:
    assert "types" not in pieces(tiny_base, "Ann")[0]


def test_only_a_tokenizer_that_lowers_needs_them(tiny_base: Path, cased_base: Path) -> None:
    asked = [(name, base) for name in ("token", "sequence") for base in (tiny_base, cased_base)]
    found = [backbone.shapes(base, backbone.tokenizer(base), name) for name, base in asked]
    assert found == [2, 0, 0, 0]


def test_a_base_with_more_types_gives_the_same(tiny_base: Path) -> None:
    import torch

    ids = torch.arange(5, 25)[None]
    types = torch.arange(20)[None] % (token.SHAPES + 1)
    base = backbone.encoder(tiny_base).eval()
    before = base(input_ids=ids).last_hidden_state
    known = base.config.type_vocab_size
    backbone.widen(base, token.SHAPES)
    after = base(input_ids=ids, token_type_ids=torch.where(types > 0, known + types - 1, 0))
    assert torch.equal(before, after.last_hidden_state)
    assert base.config.type_vocab_size == known + token.SHAPES


def test_types_that_are_new_learn_as_fast_as_the_head(tiny_base: Path) -> None:
    from training import optimizers

    for shapes, rate in ((2, PLAN.head_learning_rate), (0, PLAN.learning_rate)):
        about = {"head": "token", "labels": ["x"], "pad": 0, "max_length": 64, "shapes": shapes}
        network = backbone.network(tiny_base, about)
        types = network.base.embeddings.token_type_embeddings.weight
        groups = optimizers.build(network, PLAN).param_groups
        assert [g["lr"] for g in groups if any(item is types for item in g["params"])] == [rate]


@pytest.mark.parametrize(
    ("chosen", "known"),
    [
        ({"method": "full", "trained": "all"}, 2),
        ({"method": "full", "trained": "gradual"}, 2),
        ({"method": "full", "trained": "head_only"}, 0),
        ({"method": "lora", "trained": "all"}, 0),
    ],
)
def test_a_base_that_stays_as_it_is_is_not_told(
    tiny_base: Path, chosen: dict[str, str], known: int
) -> None:
    from training.fit import job

    asked: Any = SimpleNamespace(base=tiny_base, learner=SimpleNamespace(head="token"))
    assert job._shapes(asked, backbone.tokenizer(tiny_base), chosen) == known
