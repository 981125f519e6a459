"""Likely causes of a model that is worse than a simple method."""

from __future__ import annotations

from typing import Any

import pytest

from projects.runs.results.causes import TELLING, causes
from projects.runs.results.shape import Result
from training.problems import TABLE


def result(code: str = "worse", **details: Any) -> Result:
    return Result({"metrics": {}, "details": {"verdict": {"code": code}, **details}})


def found(*codes: str) -> list[dict[str, Any]]:
    return [{"code": code, "count": 1, "values": {"limit": 10}} for code in codes]


@pytest.mark.parametrize("code", ["gain", "same"])
def test_a_model_that_is_not_worse_has_none(code: str) -> None:
    assert causes(result(code), found("label.contradictory")) == []


def test_there_are_three_at_most_and_the_most_telling_first() -> None:
    codes = ("label.thin", "data.small", "label.suspect", "label.contradictory")
    told = [item["title"] for item in causes(result(), found(*codes))]
    assert told == [
        TABLE[code].title for code in ("label.contradictory", "label.suspect", "label.thin")
    ]


def test_what_says_nothing_about_the_score_is_no_cause() -> None:
    assert causes(result(), found("text.personal")) == []


def test_training_that_ended_while_it_still_got_better_is_one() -> None:
    told = causes(result(epochs_run=3, best_epoch=3), found(*TELLING))
    assert [item["title"] for item in told][-1] == "Too few epochs"
    assert causes(result(epochs_run=3, best_epoch=2), []) == []


def test_every_finding_that_is_looked_for_exists() -> None:
    assert set(TELLING) <= TABLE.keys()
