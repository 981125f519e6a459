"""The bootstrap: what scipy's percentile method finds, the same for the same seed, for means and for whole corpora."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from training import scoring
from training.scoring import bootstrap

VALUES = st.lists(st.floats(0, 1), max_size=30)


def mean(sums: np.ndarray) -> float:
    return float(sums[0] / sums[1])


def with_ones(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones(len(values))], axis=1)


def test_it_is_the_percentile_interval() -> None:
    values = np.random.default_rng(3).random(400) ** 2
    low, high = bootstrap.interval(values, seed=1, rounds=4000)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(9)
    ).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.003)
    assert high == pytest.approx(expected.high, abs=0.003)


@given(VALUES, st.integers(0, 9))
@settings(deadline=None, max_examples=40)
def test_the_mean_is_inside_and_the_seed_decides(values: list[float], seed: int) -> None:
    low, high = bootstrap.interval(values, seed, rounds=200)
    assert (low, high) == bootstrap.interval(values, seed, rounds=200)
    assert 0 <= low <= high <= 1
    if values:
        assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    inside = 0
    for seed in range(200):
        low, high = bootstrap.interval(generator.random(60) < 0.7, seed, rounds=400)
        inside += low <= 0.7 <= high
    assert 0.89 <= inside / 200 <= 0.99


def test_no_rows_are_an_interval_of_nothing() -> None:
    assert bootstrap.interval([], 1) == (0.0, 0.0)
    assert bootstrap.interval([0.25], 1) == (0.25, 0.25)
    nothing = {"difference": 0.0, "low": 0.0, "high": 0.0, "p_value": 1.0}
    assert bootstrap.paired([], [], 1) == nothing
    assert bootstrap.corpus_interval(np.zeros((0, 3)), mean, 1) == (0.0, 0.0)
    assert bootstrap.corpus_paired(np.zeros((0, 3)), np.zeros((0, 3)), mean, 1) == nothing


def test_equal_models_do_not_differ() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap.paired(values, values, 1)["p_value"] == 1.0


def test_a_clear_difference_is_found() -> None:
    values = np.random.default_rng(1).random(200)
    found = bootstrap.paired(values + 0.1, values, 1)
    assert found["difference"] == pytest.approx(0.1)
    assert 0 < found["p_value"] < 0.01
    assert found["low"] > 0


def test_the_p_value_is_about_that_of_the_t_test() -> None:
    generator = np.random.default_rng(4)
    first, second = generator.random(300), generator.random(300)
    first += 0.04
    found = bootstrap.paired(first, second, 1, rounds=4000)["p_value"]
    assert found == pytest.approx(stats.ttest_rel(first, second).pvalue, abs=0.03)


@given(VALUES, st.integers(0, 9))
@settings(deadline=None, max_examples=20)
def test_a_corpus_whose_score_is_the_mean_is_the_same(values: list[float], seed: int) -> None:
    rows = np.array(values, float)
    whole = bootstrap.corpus_interval(with_ones(rows), mean, seed, 100)
    assert whole == pytest.approx(bootstrap.interval(rows, seed, 100))
    paired = bootstrap.corpus_paired(with_ones(rows), with_ones(rows / 2), mean, seed, 100)
    assert paired["difference"] == pytest.approx(
        bootstrap.paired(rows, rows / 2, seed)["difference"]
    )


def test_large_tables_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random(101)
    before = bootstrap.interval(values, 1)
    monkeypatch.setattr(bootstrap, "_BLOCK", 700)
    assert bootstrap.interval(values, 1) == before


def test_bleu_and_entity_f1_have_intervals() -> None:
    predicted = ["the cat sat on the mat", "a dog barks", "it rains today again"] * 5
    wanted = ["the cat sat on a mat", "the dog barks", "it rains today once again"] * 5
    rows = scoring.texts.bleu_statistics(predicted, wanted)
    low, high = bootstrap.corpus_interval(rows, scoring.texts.bleu_formula, 1, 200)
    assert low < scoring.texts.bleu(predicted, wanted)[0] < high
    spans = [[(0, 3, "PER")], [(0, 1, "LOC")], []] * 5
    rows = scoring.entity_statistics(spans, [[(0, 3, "PER")], [], [(1, 2, "LOC")]] * 5)
    low, high = bootstrap.corpus_interval(rows, scoring.entity_f1, 1, 200)
    assert 0 < low < 0.5 < high < 1
