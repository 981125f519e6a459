"""The estimate of a run's time."""

from __future__ import annotations

import pytest

from training import estimate
from training.problems import Problem
from training.spec import EFFORT_DEFAULTS, EFFORTS

STATS = {
    "labels": 77,
    "train": {"rows": 9000, "mean_tokens": 16.0},
    "valid": {"rows": 1000, "mean_tokens": 16.0},
    "test": {"rows": 1000, "mean_tokens": 16.0},
}
MEASURED = {
    "startup_seconds": 5.0,
    "bases": {"minilm-l6": {"train_tokens_per_second": 5000.0, "infer_tokens_per_second": 20000.0}},
}


def test_it_works() -> None:
    found = estimate.seconds(STATS, MEASURED)
    training = 3 * 9000 * 16 * estimate.PADDING / 5000
    assert found.measured
    assert training < found.seconds < training + 60
    assert found.low < found.seconds < found.high


def test_more_effort_takes_longer() -> None:
    seconds = [estimate.seconds(STATS, MEASURED, effort).seconds for effort in EFFORTS]
    assert seconds == sorted(seconds)
    assert len(set(seconds)) == 3


def test_a_chosen_number_of_epochs_counts() -> None:
    quick = estimate.seconds(STATS, MEASURED, "quick")
    assert (
        estimate.seconds(
            STATS, MEASURED, "balanced", settings={"epochs": EFFORT_DEFAULTS["quick"]["epochs"]}
        )
        == quick
    )


def test_a_setting_of_none_is_no_choice() -> None:
    assert estimate.seconds(STATS, MEASURED, settings={"epochs": None}) == estimate.seconds(
        STATS, MEASURED
    )


def test_cut_texts_are_quicker() -> None:
    assert (
        estimate.seconds(STATS, MEASURED, settings={"max_length": 8}).seconds
        < estimate.seconds(STATS, MEASURED).seconds
    )


def test_a_larger_base_takes_longer_and_is_less_sure() -> None:
    small, large = (
        estimate.seconds(STATS, MEASURED, base=base) for base in ("minilm-l6", "bert-base-uncased")
    )
    assert large.seconds > 3 * small.seconds
    assert not large.measured
    assert large.high / large.low > small.high / small.low


@pytest.mark.parametrize(
    "calibration", [None, {}, {"bases": {"minilm-l6": {"train_tokens_per_second": 0}}}]
)
def test_without_a_measurement_it_is_unsure(calibration: dict | None) -> None:
    found = estimate.seconds(STATS, calibration)
    assert not found.measured
    assert found.seconds > 0


@pytest.mark.parametrize(
    "stats", [{}, {"train": {"rows": 10}}, {"train": {"rows": 10, "mean_tokens": None}}]
)
def test_it_bears_statistics_that_are_not_there(stats: dict) -> None:
    assert estimate.seconds(stats).seconds > 0


def test_long_rows_go_by_the_rate_of_long_rows() -> None:
    rates = {**MEASURED["bases"]["minilm-l6"], "train_tokens_per_second_long": 2500.0}
    stats = {**STATS, "train": {"rows": 9000, "mean_tokens": 128.0}}
    plain = estimate.seconds(stats, MEASURED).seconds
    slower = estimate.seconds(stats, {**MEASURED, "bases": {"minilm-l6": rates}}).seconds
    assert plain < slower < 2 * plain


def test_few_rows_are_seen_more_often() -> None:
    def training(rows: int) -> float:
        stats = {"labels": 2, "train": {"rows": rows, "mean_tokens": 16.0}}
        return (
            estimate.seconds(stats, MEASURED).seconds
            - estimate.seconds(stats, MEASURED, settings={"epochs": 1}).seconds
        )

    assert training(900) > training(9000) / 10


def test_an_unknown_base_is_named() -> None:
    with pytest.raises(Problem):
        estimate.seconds(STATS, MEASURED, base="gpt-99")


def test_few_rows_are_trained_in_each_way_that_is_tried() -> None:
    few = {"train": {"rows": 90, "mean_tokens": 20}, "labels": 3}
    tried, once = (
        estimate.seconds(few, settings={"few_shot": of}).seconds for of in ("auto", "off")
    )
    assert tried > once
    many = {"train": {"rows": 900, "mean_tokens": 20}, "labels": 3}
    assert (
        estimate.seconds(many).seconds
        == estimate.seconds(many, settings={"few_shot": "off"}).seconds
    )
