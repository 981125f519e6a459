"""Several labels a row: the scores of scikit-learn, and thresholds that rare labels do not lead astray."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as sk

from training import scoring

LABELS = ["a", "乙", "👍"]
SHAPES = st.tuples(st.integers(0, 12), st.integers(1, 4))


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    shape = draw(SHAPES)
    targets = draw(hnp.arrays(int, shape, elements=st.integers(0, 1)))
    chances = draw(hnp.arrays(float, shape, elements=st.floats(0, 1, width=16)))
    return targets, chances, draw(hnp.arrays(float, shape[1], elements=st.floats(0.01, 1)))


@given(tables())
@settings(deadline=None)
@pytest.mark.filterwarnings("ignore")
def test_it_is_what_scikit_learn_gives(table: tuple[Any, Any, Any]) -> None:
    targets, chances, limits = table
    labels = [f"label {place}" for place in range(targets.shape[1])]
    found = scoring.several(targets, chances, limits, labels)
    json.dumps(found, allow_nan=False)
    if not len(targets):
        assert found["micro"]["f1"] == found["accuracy"] == found["lrap"] == 0.0
        return
    got = (chances >= limits).astype(int)
    if targets.shape[1] == 1:  # two columns, or scikit-learn takes it for two classes
        targets, got = np.hstack([targets] * 2), np.hstack([got] * 2)
        chances = np.hstack([chances] * 2)
    for average in ("micro", "macro", "weighted", "samples"):
        expected = sk.precision_recall_fscore_support(
            targets, got, average=average, zero_division=0
        )[:3]
        assert list(found[average].values()) == pytest.approx(expected)
    each = sk.f1_score(targets, got, average=None, zero_division=0)
    assert [one["f1"] for one in found["per_label"].values()] == pytest.approx(each[: len(labels)])
    assert found["subset_accuracy"] == found["accuracy"] == sk.accuracy_score(targets, got)
    assert found["hamming_loss"] == pytest.approx(sk.hamming_loss(targets, got))
    if len(labels) > 1:
        lrap = sk.label_ranking_average_precision_score(targets, chances)
        assert found["lrap"] == pytest.approx(lrap)


def test_labels_that_stand_together_are_counted() -> None:
    targets = [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    found = scoring.several(targets, np.full((3, 3), 0.6), 0.5, LABELS)
    assert found["cooccurrence"] == [[3, 2, 1], [2, 2, 1], [1, 1, 1]]
    assert found["per_label"]["乙"] == {
        "precision": 2 / 3, "recall": 1.0, "f1": 0.8, "support": 2, "threshold": 0.5
    }  # fmt: skip


@given(tables())
def test_thresholds_are_probabilities(table: tuple[Any, Any, Any]) -> None:
    found = scoring.thresholds(table[0], table[1])
    assert found.shape == (table[0].shape[1],)
    assert ((found > 0) & (found < 1)).all()


def test_a_label_with_many_rows_gets_its_own_threshold() -> None:
    rng = np.random.default_rng(0)
    targets = rng.random((4000, 2)) < 0.3
    chances = np.where(targets, rng.uniform(0.25, 0.6, (4000, 2)), rng.uniform(0, 0.2, (4000, 2)))
    chances[:, 1] += 0.3
    found = scoring.thresholds(targets, chances)
    assert 0.2 <= found[0] <= 0.25
    assert 0.5 <= found[1] <= 0.55


def test_a_label_without_rows_gets_the_common_one() -> None:
    targets = np.array([[1, 0], [1, 0], [0, 0], [0, 0]])
    chances = np.array([[0.4, 0.1], [0.4, 0.1], [0.2, 0.1], [0.2, 0.1]])
    assert scoring.thresholds(targets, chances) == pytest.approx([0.3, 0.3])


def test_a_label_with_one_row_stays_near_the_common_one() -> None:
    targets, chances = np.zeros((100, 2)), np.full((100, 2), 0.1)
    chances[:, 0] = 0.2
    targets[:50, 0], chances[:50, 0] = 1, 0.9
    targets[0, 1], chances[0, 1] = 1, 0.12
    found = scoring.thresholds(targets, chances)
    assert found[0] == pytest.approx(0.55)
    assert found[1] > 0.4


def test_nothing_to_tune_on_is_a_half() -> None:
    assert scoring.thresholds(np.zeros((0, 3)), np.zeros((0, 3))).tolist() == [0.5] * 3


@given(tables())
@settings(deadline=None, max_examples=30)
def test_the_curve_is_that_of_single_thresholds(table: tuple[Any, Any, Any]) -> None:
    targets, chances, _ = table
    curve = scoring.threshold_curve(targets, chances)
    assert [point["threshold"] for point in curve] == pytest.approx(np.arange(0.05, 0.96, 0.05))
    labels = [str(place) for place in range(targets.shape[1])]
    for point in curve[::6]:
        found = scoring.several(targets, chances, point["threshold"], labels)
        assert point["micro_f1"] == found["micro"]["f1"]
        assert point["macro_f1"] == found["macro"]["f1"]
