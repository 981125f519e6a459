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
    assert len(set(seconds)) == len(EFFORTS)


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
    # Pairs are made of rows with one label each alone.
    several = {**few, "one_label": False}
    assert estimate.seconds(several) == estimate.seconds(few, settings={"few_shot": "off"})
    many = {"train": {"rows": 900, "mean_tokens": 20}, "labels": 3}
    assert (
        estimate.seconds(many).seconds
        == estimate.seconds(many, settings={"few_shot": "off"}).seconds
    )


def training_of(**settings: object) -> float:
    return estimate.seconds(STATS, MEASURED, settings=settings).parts["training"]


def test_fewer_steps_take_less() -> None:
    # 282 steps an epoch
    assert training_of(max_steps=94) == pytest.approx(training_of(epochs=1) / 3, rel=0.15)
    assert training_of(max_steps=100_000) == training_of()


@pytest.mark.parametrize(
    ("chosen", "low", "high"),
    [
        ({"trained": "head_only"}, 0.0, 0.2),
        ({"trained": "top", "top_layers": 1}, 0.3, 0.6),
        ({"trained": "layers"}, 0.8, 1.0),
        ({"method": "lora"}, 0.6, 1.0),
        ({"checkpointing": True}, 1.2, 1.4),
        ({"devices": 4}, 0.2, 0.4),
        ({"seeds": 3}, 2.9, 3.1),
    ],
)
def test_what_is_trained_and_how_counts(chosen: dict[str, object], low: float, high: float) -> None:
    assert low <= training_of(**chosen) / training_of() <= high


def test_small_batches_pay_for_each_step() -> None:
    rates = {**MEASURED["bases"]["minilm-l6"], "step_seconds": 0.05}
    paid = {**MEASURED, "bases": {"minilm-l6": rates}}

    def whole(batch: int) -> float:
        return estimate.seconds(STATS, paid, settings={"batch_size": batch}).parts["training"]

    assert whole(4) > 2 * whole(32)
    assert whole(32) == pytest.approx(training_of(), rel=0.35)


def test_each_device_costs_its_minutes() -> None:
    found = estimate.seconds(STATS, MEASURED, settings={"devices": 2})
    assert found.devices == 2
    assert found.minutes == pytest.approx(2 * found.seconds / 60, abs=1)


def memory_of(base: str = "minilm-l6", **settings: object) -> int:
    return estimate.seconds(STATS, MEASURED, base=base, settings=settings).memory


def test_memory_grows_with_what_is_held() -> None:
    usual = memory_of()
    assert 600e6 < usual < 3e9
    assert memory_of("bert-base-uncased") > usual + 85e6 * 12
    assert memory_of(batch_size=256) > usual
    assert memory_of(batch_size=256, checkpointing=True) < memory_of(batch_size=256)
    assert memory_of(optimizer="sgd") < usual
    assert memory_of(method="lora") < usual
    assert memory_of(trained="head_only") < memory_of(trained="top") < usual
    # An adapter's layers need what a batch leaves behind as all weights do.
    more = [memory_of(batch_size=256, **way) - memory_of(**way) for way in ({}, {"method": "lora"})]
    assert more[0] == pytest.approx(more[1], rel=1e-6)


def test_a_correction_moves_all_of_it() -> None:
    found = estimate.seconds(STATS, MEASURED)
    slower = found.times(2.0)
    assert slower.low == pytest.approx(2 * found.low)
    assert slower.high == pytest.approx(2 * found.high)
    known = found.times(2.0, (0.9, 1.1))
    assert known.low == pytest.approx(0.9 * slower.seconds)
    assert known.high == pytest.approx(1.1 * slower.seconds)


def test_giving_up_early_is_inside_the_interval() -> None:
    soon = estimate.seconds(STATS, MEASURED, settings={"epochs": 40, "patience": 1})
    late = estimate.seconds(STATS, MEASURED, settings={"epochs": 40, "patience": 39})
    assert soon.seconds == late.seconds
    assert soon.low < late.low / 3
