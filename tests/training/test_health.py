"""Likely label errors: ranked, repeatable, and silent where the model knows too little."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.conftest import rows_of
from training import health, splits


def find(
    texts: Sequence[str], labels: Sequence[str], base: str | Path = "", **options: Any
) -> health.Suspects:
    return run(texts, labels, base, **options)[1]


def run(
    texts: Sequence[str], labels: Sequence[str], base: str | Path = "", **options: Any
) -> tuple[list[float], health.Suspects]:
    steps, shares = health.suspects(texts, labels, base, **options), []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as stop:
            return shares, stop.value


def flipped(rows: list[tuple[str, str]], count: int) -> tuple[list[str], list[str], set[int]]:
    draw = random.Random(13)
    names = sorted({label for _, label in rows})
    wrong = set(draw.sample(range(len(rows)), count))
    labels = [
        draw.choice([name for name in names if name != label]) if row in wrong else label
        for row, (_, label) in enumerate(rows)
    ]
    return [text for text, _ in rows], labels, wrong


TEXTS, LABELS, WRONG = flipped(rows_of(300), 15)


def test_flipped_labels_stand_first() -> None:
    found = find(TEXTS, LABELS)
    first = found.rows[: len(WRONG)].tolist()
    assert len(WRONG & set(first)) >= 14
    assert found.usable
    assert found.accuracy > 0.8
    assert 5 <= found.likely <= 20


def test_the_suggestion_is_the_label_before_it_was_flipped() -> None:
    found = find(TEXTS, LABELS)
    right = dict(rows_of(300))
    hits = [
        found.labels[label] == right[TEXTS[row]]
        for row, label in zip(found.rows[:10], found.suggested[:10], strict=True)
    ]
    assert all(hits)
    assert (found.probability[:10] > found.confidence[:10]).all()


def test_it_works_over_the_vectors_of_a_base(tiny_base: Path) -> None:
    shares, found = run(TEXTS, LABELS, tiny_base)
    assert sorted(found.rows.tolist()) == list(range(300))
    # The weights of this base are random: half of the errors among the first tenth is far above chance.
    assert len(WRONG & set(found.rows[:30].tolist())) >= 8
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_the_same_seed_gives_the_same_ranking(tiny_base: Path) -> None:
    for base in ("", tiny_base):
        first, second = (find(TEXTS, LABELS, base, seed=5) for _ in range(2))
        assert first.rows.tolist() == second.rows.tolist()
        assert first.confidence.tolist() == second.confidence.tolist()


def test_no_label_is_suggested_that_the_row_has_already() -> None:
    found = find(TEXTS, LABELS)
    assert all(
        found.labels[label] != LABELS[row]
        for row, label in zip(found.rows, found.suggested, strict=True)
    )


def test_copies_of_a_text_are_never_on_both_sides() -> None:
    prints = np.array([splits.fingerprint(text) for text in [*TEXTS, *TEXTS]], np.uint64)
    codes = np.array([LABELS.index(label) for label in [*LABELS, *reversed(LABELS)]])
    fold = health._folds(prints, codes, 13, 5)
    assert (fold[:300] == fold[300:]).all()
    assert np.bincount(fold).tolist() == [120] * 5


def test_a_label_is_spread_over_the_folds() -> None:
    prints = np.arange(50, dtype=np.uint64)
    fold = health._folds(prints, np.repeat([0, 1], [45, 5]), 13, 5)
    assert sorted(fold[45:].tolist()) == [0, 1, 2, 3, 4]


def test_a_copy_with_the_wrong_label_cannot_vouch_for_itself() -> None:
    texts, labels = (
        [*TEXTS, *[TEXTS[0]] * 5],
        [*LABELS, *["parcel" if LABELS[0] != "parcel" else "login"] * 5],
    )
    found = find(texts, labels)
    assert len({300, 301, 302, 303, 304} & set(found.rows[:25].tolist())) == 5


def test_rows_whose_label_has_one_text_are_left_out() -> None:
    texts, labels = [*TEXTS, "once only", "twice", "Twice "], [*LABELS, "single", "copy", "copy"]
    assert sorted(find(texts, labels).rows.tolist()) == list(range(300))


@pytest.mark.parametrize(
    ("texts", "labels"),
    [([], []), (["a"], ["x"]), (["a", "b", "c"], ["x"] * 3), (["a", "b"], ["x", "y"])],
)
def test_too_little_is_no_trouble(texts: list[str], labels: list[str]) -> None:
    found = find(texts, labels)
    assert len(found.rows) == 0
    assert not found.usable
    assert found.likely == 0


def test_nothing_is_claimed_where_the_labels_cannot_be_learnt() -> None:
    draw = random.Random(1)
    found = find(TEXTS, [draw.choice("abc") for _ in TEXTS])
    assert not found.usable


def test_naming_the_commonest_label_is_not_knowing() -> None:
    draw = random.Random(1)
    found = find(TEXTS, ["a" if draw.random() < 0.9 else "b" for _ in TEXTS])
    assert found.accuracy > 0.8
    assert not found.usable


def test_of_many_rows_a_part_is_taken_that_only_the_seed_decides() -> None:
    first, again, other = (find(TEXTS, LABELS, limit=100, seed=seed) for seed in (1, 1, 2))
    assert len(first.rows) == 100
    assert first.rows.tolist() == again.rows.tolist()
    assert set(first.rows.tolist()) != set(other.rows.tolist())


def test_confident_learning_counts_rows_that_are_surely_something_else() -> None:
    own = np.array([0, 0, 0, 1, 1, 1])
    table = np.array([[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.1, 0.9], [0.3, 0.7], [0.4, 0.6]])
    # Label 1 is on average 0.73 probable for its rows, label 0 0.58: the third row alone is surely the other.
    assert health._likely(own, table) == 1
