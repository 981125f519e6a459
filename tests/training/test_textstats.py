"""Numbers for the plots of the health report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.validation import textstats

LABELS = np.array([0, 0, 0, 1, 0, 1, 2, 2], np.int32)
SPLIT = np.array([0, 0, 0, 0, 2, 2, 2, 2], np.uint8)
NAMES = ["order", "refund", "other"]


def test_it_is_plain_json() -> None:
    found = textstats.overview(np.arange(8), LABELS, SPLIT, NAMES, np.arange(3))
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {"characters", "tokens", "labels", "shares", "differences", "absent"}


def test_labels_are_counted_the_largest_first() -> None:
    found = textstats.label_counts(np.array([2, 0, 2, 1, 2, 1]), NAMES)
    assert list(found.items()) == [("other", 3), ("refund", 2), ("order", 1)]


def test_a_label_without_a_name_is_left_out() -> None:
    assert textstats.label_counts(np.array([0, 5]), ["a"]) == {"a": 1}


def test_shares_are_percent_of_the_split() -> None:
    assert textstats.shares(LABELS, SPLIT, NAMES) == {
        "order": {"train": 75.0, "test": 25.0},
        "refund": {"train": 25.0, "test": 25.0},
        "other": {"train": 0.0, "test": 50.0},
    }


def test_differences_are_those_above_the_limit_the_largest_first() -> None:
    found = textstats.differences(LABELS, SPLIT, NAMES)
    assert [(item["label"], item["split"], item["points"]) for item in found] == [
        ("order", "test", -50.0),
        ("other", "test", 50.0),
    ]
    assert textstats.differences(LABELS, SPLIT, NAMES, points=50) == []


def test_five_points_are_not_over_five_points() -> None:
    labels = np.repeat([0, 1, 0, 1], [50, 50, 55, 45])
    split = np.repeat([0, 2], [100, 100])
    assert textstats.differences(labels, split, ["a", "b"]) == []
    labels[-1] = 0
    assert len(textstats.differences(labels, split, ["a", "b"])) == 2


def test_absent_labels_are_named_for_train_and_test() -> None:
    assert textstats.absent(LABELS, SPLIT, NAMES) == {"train": ["other"], "test": []}
    assert textstats.absent(LABELS, np.zeros(8, np.uint8), NAMES) == {"train": []}


def test_a_histogram_ends_at_the_99th_percentile_and_counts_the_rest_last() -> None:
    values = np.array([*range(100), 100_000])
    found = textstats.histogram(values, bins=10)
    assert found["edges"][0] == 0
    assert found["edges"][-1] == 100_001
    assert found["counts"][0] == 10
    assert sum(found["counts"]) == 101
    assert (found["p50"], found["max"]) == (50, 100_000)


@pytest.mark.parametrize("values", [[], [7], [0, 0, 0]])
def test_a_histogram_of_little(values: list[int]) -> None:
    found = textstats.histogram(np.array(values, np.int64))
    assert sum(found["counts"]) == len(values)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=200), st.integers(1, 40))
def test_a_histogram_counts_every_value_once(values: list[int], bins: int) -> None:
    found = textstats.histogram(np.array(values, np.int64), bins)
    edges = found["edges"]
    assert sum(found["counts"]) == len(values)
    assert len(edges) == len(found["counts"]) + 1
    assert edges == sorted(set(edges))
    assert edges[0] <= min(values) <= max(values) < edges[-1]
    assert len(found["counts"]) <= bins + 1


def test_words_are_counted_without_case_and_chinese_by_character() -> None:
    found = textstats.words(["The card, the CARD!", "我的卡"], most=2)
    assert found == {"different": 5, "all": 7, "top": [["card", 2], ["the", 2]]}


def test_the_number_of_words_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textstats, "_MOST", 2)
    assert textstats.words(["a b c a"])["top"] == [["a", 2], ["b", 1]]
