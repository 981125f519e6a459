"""Numbers and searching: scipy's correlations, scikit-learn's NDCG, and ranks counted by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from training import scoring

PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=20)
NOTHING = {"pearson": None, "spearman": None, "mse": None, "mae": None}


@given(PAIRS, st.sampled_from([1e-3, 0.7, 1e6]))
def test_it_is_what_scipy_gives(pairs: list[tuple[int, int]], scale: float) -> None:
    true, predicted = (np.array(column) * scale for column in zip(*pairs, strict=True))
    found = scoring.regression(true, predicted)
    assert found["mse"] == pytest.approx(sk.mean_squared_error(true, predicted))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(true, predicted))
    assume(np.ptp(true) and np.ptp(predicted))
    assert found["pearson"] == pytest.approx(stats.pearsonr(true, predicted)[0], abs=1e-9)
    assert found["spearman"] == pytest.approx(stats.spearmanr(true, predicted)[0], abs=1e-9)


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=6))
@pytest.mark.filterwarnings("error")
def test_it_is_never_nan(pairs: list[tuple[float, float]]) -> None:
    found = scoring.regression([a for a, _ in pairs], [b for _, b in pairs])
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("pairs", [([], []), ([1.0], [float("nan")]), ([float("inf")], [1.0])])
def test_what_is_not_defined_is_none(pairs: tuple[Any, Any]) -> None:
    assert scoring.regression(*pairs) == NOTHING


def test_values_that_are_all_the_same_have_no_correlation() -> None:
    found = scoring.regression([1, 1, 1], [1, 2, 3])
    assert found["pearson"] is found["spearman"] is None
    assert found["mae"] == 1.0


@st.composite
def searches(draw: st.DrawFn) -> tuple[Any, list[set[int]]]:
    queries, candidates = draw(st.integers(0, 5)), draw(st.integers(1, 14))
    seed = draw(st.integers(0, 1000))
    table = np.random.default_rng(seed).permuted(
        np.tile(np.arange(candidates) / candidates, (queries, 1)), axis=1
    )
    places = st.sets(st.integers(0, candidates - 1), max_size=candidates)
    return table, [draw(places) for _ in range(queries)]


@given(searches())
@settings(deadline=None)
def test_ranks_are_those_counted_by_hand(search: tuple[Any, list[set[int]]]) -> None:
    table, relevant = search
    found = scoring.ranking(table, relevant)
    json.dumps(found, allow_nan=False)
    recalls: dict[int, list[float]] = {1: [], 5: [], 10: []}
    reciprocals, gains = [], []
    for scores, wanted in zip(table, relevant, strict=True):
        if not wanted:
            continue
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        for cut, values in recalls.items():
            values.append(len(wanted & set(order[:cut])) / len(wanted))
        reciprocals.append(1 / (1 + min(order.index(place) for place in wanted)))
        if len(scores) > 1:
            flags = [[int(place in wanted) for place in range(len(scores))]]
            gains.append(sk.ndcg_score(flags, [scores], k=10))
        else:
            gains.append(1.0)
    assert found["queries"] == len(gains)
    for cut, values in recalls.items():
        assert found[f"recall_at_{cut}"] == pytest.approx(np.mean(values) if values else 0.0)
    assert found["mrr"] == pytest.approx(np.mean(reciprocals) if reciprocals else 0.0)
    assert found["ndcg_at_10"] == pytest.approx(np.mean(gains) if gains else 0.0)


def test_a_model_that_tells_nothing_apart_finds_nothing() -> None:
    found = scoring.ranking(np.zeros((2, 20)), [{0}, {3}])
    assert found["recall_at_1"] == found["recall_at_10"] == 0.0
    assert found["mrr"] == pytest.approx(1 / 20)


def test_an_embedding_that_is_broken_ranks_last() -> None:
    found = scoring.ranking([[float("nan"), 0.2, 0.1]], [{0}])
    assert found["mrr"] == pytest.approx(1 / 3)
