"""`python -m bench few-shot`: which rows are drawn, and what is told of several draws."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.training import few_shot

ROWS = [(f"text {number}", f"label {number % 4}") for number in range(50)]


def test_so_many_rows_of_each_label_are_drawn_and_others_the_next_time() -> None:
    found = few_shot.few(ROWS, 3, seed=1)
    assert Counter(label for _, label in found) == {f"label {number}": 3 for number in range(4)}
    assert set(found) <= set(ROWS)
    assert few_shot.few(ROWS, 3, seed=1) == found != few_shot.few(ROWS, 3, seed=2)
    assert len(few_shot.few(ROWS, 99, seed=1)) == len(ROWS)


def test_the_draws_are_averaged() -> None:
    runs: list[dict[str, Any]] = [
        {"valid": 0.8, "test": 0.7, "cpu": 10.0},
        {"valid": 0.9, "test": 0.9, "cpu": 20.0},
    ]
    found = few_shot.summed(runs)
    assert (found["valid"], found["test"], found["seconds"]) == (0.85, 0.8, 15.0)
    assert found["deviation"] == pytest.approx(0.1414)
    assert few_shot.summed(runs[:1])["deviation"] == 0
    assert "| trec6 | ours | 85.0 % | 80.0 % | 14.1 % | 15 |" in few_shot.table(
        {"trec6": {"ours": found}}
    )


def test_setfit_is_a_peer_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for here in (True, False):
        monkeypatch.setattr(few_shot.importlib.util, "find_spec", lambda name, here=here: here)
        assert ("setfit" in few_shot.peers()) == here
