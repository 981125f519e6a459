"""Curves and what moving a threshold does: scikit-learn's areas, and thresholds that nothing beats."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from training import scoring

ROWS = st.lists(
    st.tuples(st.booleans(), st.floats(-1, 1, width=16) | st.sampled_from([0.0, 0.5])), max_size=30
)


def columns(rows: list[tuple[bool, float]]) -> tuple[Any, Any]:
    return np.array([t for t, _ in rows], bool), np.array([s for _, s in rows], float)


@given(ROWS)
def test_areas_are_those_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    true, score = columns(rows)
    found = scoring.binary(true, score)
    json.dumps(found, allow_nan=False)
    if len(set(true)) < 2:
        assert found["roc_auc"] is found["average_precision"] is None
        return
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(true, score))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(true, score))


@given(ROWS)
def test_no_threshold_is_better(rows: list[tuple[bool, float]]) -> None:
    true, score = columns(rows)
    found = scoring.binary(true, score)
    if not len(true):
        assert found["f1"] == found["accuracy"] == 0.0
        return
    limits = [*score, 5.0]
    best = max(sk.f1_score(true, score >= limit, zero_division=0) for limit in limits)
    assert found["f1"] == pytest.approx(best)
    assert sk.f1_score(true, score >= found["f1_threshold"], zero_division=0) == pytest.approx(best)
    right = max(np.mean(true == (score >= limit)) for limit in limits)
    assert found["accuracy"] == pytest.approx(right)
    assert np.mean(true == (score >= found["accuracy_threshold"])) == pytest.approx(right)


def test_a_threshold_lies_between_the_scores() -> None:
    found = scoring.binary([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1])
    assert found["f1_threshold"] == found["accuracy_threshold"] == pytest.approx(0.5)


@given(st.integers(0, 40), st.integers(1, 15), st.integers(0, 5))
@settings(deadline=None, max_examples=40)
def test_one_label_a_row(rows: int, labels: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    targets = generator.integers(-1, labels, rows)
    chances = generator.random((rows, labels)).round(1)
    names = [f"类{place}" for place in range(labels)]
    found = scoring.curves(targets, chances, names)
    json.dumps(found, allow_nan=False)
    assert len(found["labels"]) == min(12, len(set(targets.tolist()) - {-1}))
    for place, name in enumerate(names):
        curve, true = found["labels"].get(name), targets == place
        if curve is None or true.all():
            continue
        assert curve["support"] == true.sum()
        assert curve["roc"]["area"] == pytest.approx(sk.roc_auc_score(true, chances[:, place]))
        expected = sk.average_precision_score(true, chances[:, place])
        assert curve["pr"]["area"] == pytest.approx(expected)


def test_several_labels_and_their_micro_average() -> None:
    generator = np.random.default_rng(1)
    targets = generator.random((300, 4)) < 0.3
    chances = np.clip(targets * 0.3 + generator.random((300, 4)) * 0.7, 0, 1)
    found = scoring.curves(targets.astype(int), chances, list("abcd"))
    assert found["micro"]["roc"]["area"] == pytest.approx(
        sk.roc_auc_score(targets, chances, average="micro")
    )
    assert found["micro"]["pr"]["area"] == pytest.approx(
        sk.average_precision_score(targets, chances, average="micro")
    )


def test_points_are_few_and_on_the_curve() -> None:
    generator = np.random.default_rng(2)
    true = generator.random(5000) < 0.4
    score = true * 0.2 + generator.random(5000)
    curve = scoring.curves(true.astype(int)[:, None], score[:, None], ["x"])["labels"]["x"]
    for kind in ("pr", "roc"):
        assert 50 < len(curve[kind]["points"]) <= 60
    false, hits, _ = sk.roc_curve(true, score, drop_intermediate=False)
    every = {(round(x, 5), round(y, 5)) for x, y in zip(false, hits, strict=True)}
    assert {tuple(point) for point in curve["roc"]["points"]} <= every
    assert curve["roc"]["points"][0] == [0.0, 0.0]
    assert curve["roc"]["points"][-1] == [1.0, 1.0]
    drawn = np.array(curve["roc"]["points"])
    area = np.trapezoid(drawn[:, 1], drawn[:, 0])
    assert area == pytest.approx(curve["roc"]["area"], abs=0.01)


def test_labels_with_most_rows_are_drawn() -> None:
    targets = [place for place in range(20) for _ in range(place + 1)]
    chances = np.full((len(targets), 20), 0.05)
    found = scoring.curves(targets, chances, [str(place) for place in range(20)])
    assert list(found["labels"]) == [str(place) for place in range(19, 7, -1)]


def test_one_kind_of_row_has_no_curve() -> None:
    found = scoring.curves([0, 0], [[1.0], [0.5]], ["only"])
    assert found["labels"]["only"]["pr"] == {"points": [], "area": None}
