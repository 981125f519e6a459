"""Answers: the scores of SQuAD's official script, and characters where words have no spaces."""

from __future__ import annotations

import json
import re
import string
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import scoring
from training.scoring.reading import tokens

WORDS = st.lists(
    st.sampled_from(["the", "A", "an", "cat", "cat's", "dog,", "“dog”", "3.5", "…", "👍", "é", ""]),
    max_size=5,
).map(" ".join)
ROWS = st.lists(st.tuples(WORDS, st.lists(WORDS, max_size=3)), max_size=6)


def normalised(text: str) -> str:
    """Lower case, without ASCII punctuation, without articles, single spaces: in this order."""
    kept = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def expected_f1(gold: str, predicted: str) -> float:
    right, got = normalised(gold).split(), normalised(predicted).split()
    if not right or not got:
        return float(right == got)
    same = sum((Counter(right) & Counter(got)).values())
    precision, recall = same / len(got), same / len(right)
    return 2 * precision * recall / (precision + recall) if same else 0.0


def golds(references: list[str]) -> list[str]:
    return [text for text in references if normalised(text)] or [""]


@given(WORDS, WORDS)
def test_normalisation_is_the_official_one(first: str, second: str) -> None:
    assert " ".join(tokens(first)) == normalised(first)
    both = scoring.answers([first], [[second]])
    assert both["exact_match"] == (normalised(second) == normalised(first))
    assert both["f1"] == pytest.approx(expected_f1(second, first))


@given(ROWS)
def test_it_is_the_official_score(rows: list[tuple[str, list[str]]]) -> None:
    predicted, references = [p for p, _ in rows], [r for _, r in rows]
    found = scoring.answers(predicted, references)
    exact = [max(float(normalised(g) == normalised(p)) for g in golds(r)) for p, r in rows]
    f1 = [max(expected_f1(g, p) for g in golds(r)) for p, r in rows]
    assert found["values"]["exact_match"] == exact
    assert found["values"]["f1"] == pytest.approx(f1)
    assert found["f1"] == pytest.approx(np.mean(f1) if f1 else 0.0)
    has = [golds(r) != [""] for r in references]
    assert found["has_answer"]["rows"] == sum(has)
    if any(has):
        mean = np.mean([v for v, h in zip(f1, has, strict=True) if h])
        assert found["has_answer"]["f1"] == pytest.approx(mean)
    json.dumps(found, allow_nan=False)


@given(ROWS, st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=6, max_size=6))
def test_no_threshold_is_better(rows: list[tuple[str, list[str]]], chances: list[float]) -> None:
    predicted, references = [p for p, _ in rows], [r for _, r in rows]
    found = scoring.best_no_answer_threshold(predicted, references, chances[: len(rows)])

    def at(limit: float, name: str) -> float:
        kept = [p if c <= limit else "" for p, c in zip(predicted, chances, strict=False)]
        return scoring.answers(kept, references)[name]

    for name in ("exact_match", "f1"):
        assert found[name] == pytest.approx(at(found[f"{name}_threshold"], name))
        assert found[name] == pytest.approx(max(at(c, name) for c in (-1.0, *chances)))


def test_a_threshold_can_be_applied() -> None:
    predicted, references = ["Rome", "Paris", "no"], [["Rome"], [], []]
    chances = [0.2, 0.7, 0.2]
    found = scoring.answers(predicted, references, chances)["best"]
    kept = [
        p if c <= found["f1_threshold"] else "" for p, c in zip(predicted, chances, strict=True)
    ]
    assert scoring.answers(kept, references)["f1"] == pytest.approx(found["f1"])


def test_no_answer_is_right_where_there_is_none() -> None:
    found = scoring.answers(["", "x", ""], [[], [""], ["Rome"]])
    assert found["values"]["exact_match"] == [1.0, 0.0, 0.0]
    assert found["no_answer"] == {"exact_match": 0.5, "f1": 0.5, "rows": 2}
    assert found["best"] is None


def test_chinese_and_japanese_go_by_character() -> None:
    found = scoring.answers(
        ["北京大学。", "東京", "1998年"], [["北京大学"], ["東京タワー"], ["1998 年"]]
    )
    assert found["values"]["exact_match"] == [1.0, 0.0, 1.0]
    assert found["values"]["f1"] == pytest.approx([1.0, 2 * 2 / (2 + 5), 1.0])


def test_the_best_reference_counts() -> None:
    assert scoring.answers(["the cat"], [["a dog", "Cat!"]])["exact_match"] == 1.0


def test_without_rows_it_is_zero() -> None:
    found = scoring.answers([], [], [])
    assert found["exact_match"] == found["f1"] == found["best"]["f1"] == 0.0
