"""Rows that are read a little differently each time: what changes, what never does, and that it is the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.test_plan import PLAN
from training import augment, backbone
from training.augment import Changer

CLS, SEP, MASK = 2, 3, 4
SPECIAL = frozenset({0, CLS, SEP, MASK})
# Tokens from 10 on begin words, those from 30 on go on with one.
BEGINS = np.array([token < 30 for token in range(40)])
IDS = [CLS, 10, 30, 11, 12, SEP, 13, 14, SEP]
TYPES = [0, 0, 0, 0, 0, 0, 1, 1, 1]
TEXTS = pytest.mark.parametrize("kind", ["dropout", "mask", "swap", "neighbours"])


def changer(kind: str, share: float = 0.5) -> Changer:
    near = {token: np.array([20 + token % 5]) for token in range(10, 15)}
    return Changer(kind, share, SPECIAL, BEGINS, MASK, near)


def changed(kind: str, seed: int = 1, share: float = 0.5) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return dict(changer(kind, share)({"ids": IDS, "types": TYPES, "target": 7}, draw))


@TEXTS
def test_the_same_draw_gives_the_same_text(kind: str) -> None:
    assert changed(kind) == changed(kind)
    assert len({tuple(changed(kind, seed)["ids"]) for seed in range(20)}) > 3


@TEXTS
def test_what_is_no_word_stays_where_it_is(kind: str) -> None:
    for seed in range(20):
        found = changed(kind, seed)
        specials = [token for token in found["ids"] if token in SPECIAL - {MASK}]
        assert (specials, found["target"]) == ([CLS, SEP, SEP], 7)
        assert len(found["types"]) == len(found["ids"])
        # Words of the two texts do not mix.
        assert found["types"] == sorted(found["types"])
    assert IDS == [CLS, 10, 30, 11, 12, SEP, 13, 14, SEP]


def test_words_are_left_out_whole_and_never_all() -> None:
    for seed in range(30):
        ids = changed("dropout", seed, 0.5)["ids"]
        assert (10 in ids) == (30 in ids)
        assert 3 < len(ids) < len(IDS)


def test_words_change_places_with_their_neighbours() -> None:
    found = [changed("swap", seed)["ids"] for seed in range(30)]
    assert all(sorted(ids) == sorted(IDS) for ids in found)
    assert all(ids.index(30) == ids.index(10) + 1 for ids in found)
    assert any(ids[1] == 11 for ids in found)


def test_words_are_masked_or_replaced_by_near_ones() -> None:
    masked = [token for seed in range(9) for token in changed("mask", seed)["ids"]]
    near = {token for seed in range(9) for token in changed("neighbours", seed)["ids"]}
    assert 9 <= masked.count(MASK) <= 9 * 5
    assert near & {20, 21, 22, 23, 24}
    assert changer("neighbours").tokens == {20, 21, 22, 23, 24}
    assert MASK in changer("mask").tokens


def test_a_larger_share_changes_more() -> None:
    def count(share: float) -> int:
        return sum(changed("mask", seed, share)["ids"].count(MASK) for seed in range(40))

    assert count(0.05) < count(0.2) < count(0.5)


def test_a_text_of_one_word_is_left_alone() -> None:
    draw = np.random.default_rng(1)
    assert changer("dropout")({"ids": [CLS, 10, 30, SEP]}, draw)["ids"] == [CLS, 10, 30, SEP]


def test_neighbours_lie_near_in_the_embedding_and_are_of_the_same_kind() -> None:
    table = torch.zeros(40, 3)
    table[10] = torch.tensor([1.0, 0.0, 0.0])
    table[11] = torch.tensor([0.9, 0.1, 0.0])
    table[CLS] = table[31] = torch.tensor([1.0, 0.01, 0.0])
    table[12] = torch.tensor([0.0, 1.0, 0.0])
    found = augment.neighbours(table, [10, 12], SPECIAL, BEGINS)
    assert {token: near.tolist() for token, near in found.items()} == {10: [11]}


def test_what_begins_a_word_is_told_from_the_tokenizer(tiny_base: Path) -> None:
    tokenizer = backbone.tokenizer(tiny_base)
    found = augment.beginnings(tokenizer, len(tokenizer))
    inside, word = tokenizer.convert_tokens_to_ids(["##a", "invoice"])
    assert (found[inside], found[word]) == (False, True)


@pytest.mark.parametrize("kind", ["none", "auto", "mixup"])
def test_texts_stay_where_nothing_in_them_is_to_change(kind: str) -> None:
    plan: Any = replace(PLAN, augmentation=kind)
    assert augment.changer(plan, None, torch.zeros(1), []) is None


def test_rows_are_mixed_with_their_own_share_the_larger() -> None:
    batch = {"ids": torch.zeros(6, 2)}
    found = augment.mixed(batch, np.random.default_rng(2))
    assert sorted(found["other"].tolist()) == [0, 1, 2, 3, 4, 5]
    assert 0.5 <= float(found["kept"]) <= 1
    assert float(augment.mixed(batch, np.random.default_rng(2))["kept"]) == float(found["kept"])
