"""The budget of a search, and the settings that it tries."""

from __future__ import annotations

from typing import Any

import pytest

from training import budget, defaults, space
from training.options import OPTIONS
from training.problems import Problem
from training.spec import from_dict

HEADS = {"sequence": "", "token": "", "relation": "", "span": "", "pair": "", "text": "causal"}


def usual(head: str) -> dict[str, Any]:
    return defaults.settings("balanced", 2000, {}, head, HEADS[head])


@pytest.mark.parametrize("head", HEADS)
def test_what_is_chosen_without_a_search_can_be_found_by_it(head: str) -> None:
    found = space.dimensions(head, usual(head), {})
    assert found
    for one in found:
        assert one.usual in one.choices if one.choices else one.low <= one.usual <= one.high


@pytest.mark.parametrize("head", HEADS)
def test_every_value_is_one_that_a_person_may_set(head: str) -> None:
    for one in space.dimensions(head, usual(head), {}):
        option = OPTIONS[one.name]
        assert option.fits(head)
        if option.low is None or option.high is None:
            assert set(one.choices) <= {*option.choices, True, False}
            continue
        for value in one.choices or (one.low, one.high):
            assert option.low <= value <= option.high


def test_no_head_has_a_setting_twice() -> None:
    for head in HEADS:
        names = [one.name for one in space.dimensions(head, usual(head), {})]
        assert len(names) == len(set(names))


def test_what_a_person_set_stays() -> None:
    names = [one.name for one in space.dimensions("sequence", usual("sequence"), {"epochs": 4})]
    assert "epochs" not in names
    assert "learning_rate" in names


def test_only_what_is_named_is_searched() -> None:
    found = space.dimensions("sequence", usual("sequence"), {}, ["dropout"])
    assert [one.name for one in found] == ["dropout"]


def test_a_name_that_cannot_be_searched_is_named() -> None:
    with pytest.raises(Problem, check=lambda one: one.code == "spec.choice") as raised:
        space.dimensions("text", usual("text"), {}, ["dropout"])
    assert raised.value.values["value"] == "dropout"


def test_with_everything_set_nothing_is_left() -> None:
    with pytest.raises(Problem, check=lambda one: one.code == "search.nothing"):
        space.dimensions("sequence", usual("sequence"), {"dropout": 0.1}, ["dropout"])


def test_the_rank_is_searched_of_adapters_alone() -> None:
    whole = usual("text") | {"method": "full"}
    assert "rank" in [one.name for one in space.dimensions("text", usual("text"), {})]
    assert "rank" not in [one.name for one in space.dimensions("text", whole, {})]


def test_a_budget_is_read_from_texts() -> None:
    given = {"trials": "20", "minutes": "7.5", "names": "epochs, dropout", "pruner": "hyperband"}
    given |= {"parallel": "4"}
    found = budget.check(given)
    assert found == {
        "trials": 20,
        "minutes": 7.5,
        "parallel": 4,
        "names": ["dropout", "epochs"],
        "pruner": "hyperband",
    }
    assert budget.check(found) == found


@pytest.mark.parametrize("empty", [{}, {"trials": None, "minutes": ""}, {"names": []}])
def test_without_a_budget_there_is_no_search(empty: dict[str, Any]) -> None:
    assert budget.check(empty) == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"trials": 1}, "search.trials"),
        ({"trials": 5, "parallel": 0}, "search.parallel"),
        ({"trials": 2.5}, "search.trials"),
        ({"trials": True}, "search.trials"),
        ({"trials": "many"}, "search.trials"),
        ({"minutes": "nan"}, "search.minutes"),
        ({"minutes": 0.5}, "search.minutes"),
        ({"trials": 5, "pruner": "mine"}, "search.pruner"),
        ({"trials": 5, "names": [1]}, "search.names"),
        ({"tries": 5}, "search.tries"),
        ({"pruner": "asha"}, "search"),
    ],
)
def test_what_makes_no_sense_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem, check=lambda one: one.code.startswith("spec.")) as raised:
        from_dict({"task": "text-classification", "search": given})
    assert raised.value.values["field"] == field


def test_a_search_takes_its_minutes_and_one_more_training() -> None:
    assert space.takes({"minutes": 10}, (60, 60, 60)) == (660, 660, 660)
    assert space.takes({}, (1, 2, 3)) == (1, 2, 3)
    least, about, most = space.takes({"trials": 10}, (60, 60, 60))
    assert 60 < least < about < most
    assert space.takes({"trials": 500, "minutes": 1}, (60, 60, 60)) == (120, 120, 120)
