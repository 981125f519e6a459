"""What is chosen where a person chose nothing."""

from __future__ import annotations

import pytest

from training.defaults import epochs, settings
from training.spec import EFFORTS, OPTIONS, check_settings


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("rows", [0, 10, 1_000, 10_000, 1_000_000])
def test_every_option_has_an_allowed_value(effort: str, rows: int) -> None:
    chosen = settings(effort, rows, {})
    assert set(chosen) == set(OPTIONS)
    assert check_settings(chosen) == chosen


def test_what_is_given_wins_and_none_means_choose() -> None:
    assert settings("quick", 100, {"epochs": 7, "clip": None})["epochs"] == 7
    assert settings("quick", 100, {"clip": None})["clip"] == 1.0


def test_few_rows_are_seen_more_often() -> None:
    counts = [epochs("balanced", rows) for rows in (100, 5_000, 9_000, 1_000_000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 3


def test_more_effort_is_more_epochs() -> None:
    for rows in (100, 5_000, 100_000):
        counts = [epochs(effort, rows) for effort in EFFORTS]
        assert counts == sorted(set(counts))
