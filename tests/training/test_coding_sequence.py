"""Texts to pieces and numbers to answers, for heads that look at a row as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import backbone
from training.coding import sequence

ABOUT = {"inputs": ["text"], "labels": ["a", "b"], "objective": "single"}


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return backbone.tokenizer(tiny_base)


def records(*texts: str) -> list[dict[str, str]]:
    return [{"text": text} for text in texts]


def test_a_long_text_is_cut_and_marked(tokenizer: Any) -> None:
    short, long = sequence.pieces(tokenizer, records("my card", "late " * 40), 10, ABOUT)
    assert "cut" not in short
    assert (len(long["ids"]), long["cut"]) == (10, True)
    assert long["ids"][-1] == tokenizer.sep_token_id


def test_both_ends_of_a_long_text_can_be_read(tokenizer: Any) -> None:
    text = "invoice " * 20 + "parcel " * 20
    (piece,) = sequence.pieces(tokenizer, records(text), 10, ABOUT | {"long": "head_tail"})
    words = tokenizer.convert_ids_to_tokens(piece["ids"])
    assert words == ["[CLS]", *["invoice"] * 6, *["parcel"] * 2, "[SEP]"]


def test_windows_cover_every_token(tokenizer: Any) -> None:
    names = ["late", "door", "code", "email", "price", "paid", "box", "bill", "user", "card"]
    pieces = sequence.pieces(tokenizer, records(" ".join(names)), 6, ABOUT | {"long": "windows"})
    seen = {word for piece in pieces for word in tokenizer.convert_ids_to_tokens(piece["ids"])}
    assert set(names) < seen
    assert all(len(piece["ids"]) <= 6 and "cut" not in piece for piece in pieces)
    assert {piece["row"] for piece in pieces} == {0}


def test_two_texts_know_which_is_which(tokenizer: Any) -> None:
    about = ABOUT | {"inputs": ["text_a", "text_b"]}
    (piece,) = sequence.pieces(tokenizer, [{"text_a": "my card", "text_b": "late"}], 10, about)
    assert piece["types"] == [0, 0, 0, 0, 1, 1]


def test_a_lone_surrogate_does_no_harm(tokenizer: Any) -> None:
    assert sequence.pieces(tokenizer, records("\ud800 card"), 10, ABOUT)


def test_windows_of_a_row_count_alike() -> None:
    pieces = [{"row": 0}, {"row": 0}, {"row": 1}]
    found = sequence.results([[2.0, 0.0], [0.0, 2.0], [0.0, 9.0]], pieces, records("", ""), ABOUT)
    assert found[0] == pytest.approx([0.5, 0.5])
    assert found[1].argmax() == 1


def test_answers_of_one_label() -> None:
    (found,) = sequence.answers(np.array([[0.25, 0.75]]), records(""), ABOUT)
    assert found == {"label": "b", "probability": 0.75, "probabilities": {"a": 0.25, "b": 0.75}}
    assert sequence.cells(found, ABOUT) == ["b", "0.750000", "0.250000", "0.750000"]


def test_answers_of_several_labels_keep_their_thresholds() -> None:
    about = ABOUT | {"objective": "several", "thresholds": {"a": 0.2}}
    (found,) = sequence.answers(np.array([[0.25, 0.4]]), records(""), about)
    assert found["labels"] == ["a"]
    assert sequence.columns(about) == ["predicted", "p_a", "p_b"]
    assert sequence.cells(found, about)[0] == '["a"]'


def test_scores_keep_their_range() -> None:
    about = ABOUT | {"objective": "score", "labels": [], "range": [1.0, 5.0]}
    found = sequence.results([[0.5], [2.0]], [{"row": 0}, {"row": 1}], records("", ""), about)
    assert found.tolist() == [3.0, 5.0]
    assert sequence.answers(found, records("", ""), about)[0] == {"score": 3.0}


def test_nothing_gives_nothing(tokenizer: Any) -> None:
    assert sequence.pieces(tokenizer, [], 10, ABOUT) == []
    assert sequence.results([], [], [], ABOUT).shape == (0, 2)
