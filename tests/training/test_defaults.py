"""What is chosen where a person chose nothing."""

from __future__ import annotations

import pytest

from training.defaults import epochs, rate_for, settings
from training.options import OPTIONS
from training.spec import EFFORT_DEFAULTS, check_settings

HEADS = [
    ("sequence", "single"),
    ("token", ""),
    ("span", ""),
    ("pair", "single"),
    ("text", "causal"),
    ("text", "seq2seq"),
]


@pytest.mark.parametrize(("head", "objective"), HEADS)
@pytest.mark.parametrize("effort", EFFORT_DEFAULTS)
@pytest.mark.parametrize("rows", [0, 10, 1_000, 10_000, 1_000_000])
def test_every_option_of_a_head_has_an_allowed_value(
    effort: str, rows: int, head: str, objective: str
) -> None:
    chosen = settings(effort, rows, {}, head, objective)
    assert set(chosen) == {name for name, option in OPTIONS.items() if option.fits(head)}
    assert check_settings(chosen) == chosen


def test_a_setting_of_another_head_is_left_out() -> None:
    assert "tested" not in settings("quick", 100, {"tested": 40})
    assert settings("quick", 100, {"tested": 40}, "text", "causal")["tested"] == 40


def test_what_is_given_wins_and_none_means_choose() -> None:
    assert settings("quick", 100, {"epochs": 7, "clip": None})["epochs"] == 7
    assert settings("quick", 100, {"clip": None})["clip"] == 1.0


def test_few_rows_are_seen_more_often() -> None:
    counts = [epochs("balanced", rows) for rows in (100, 5_000, 9_000, 1_000_000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 3


def test_more_effort_is_more_epochs() -> None:
    for rows in (100, 5_000, 100_000):
        counts = [epochs(effort, rows) for effort in EFFORT_DEFAULTS]
        assert counts == sorted(set(counts))


def test_wide_bases_take_smaller_steps() -> None:
    assert rate_for(1e-4, 384) == rate_for(1e-4, 512) == 1e-4
    assert rate_for(1e-4, 768) == 4.4e-5
    assert rate_for(1e-4, 1024) == 2.5e-5
