"""What a prediction is made from, and what is refused before a model is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from projects.runs import predicting
from projects.runs.models import Run
from projects.serving import client as serving
from training.problems import Problem

pytestmark = pytest.mark.django_db
PLACES = ("head_start", "head_end", "tail_start", "tail_end")


@pytest.fixture
def asked(succeeded: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """`asked(("text",), {"text": "a"})`: what the model of a run with these inputs is asked."""

    def ask(inputs: tuple[str, ...], given: Mapping[str, Any]) -> dict[str, str]:
        sent: list[dict[str, str]] = []
        monkeypatch.setattr(
            serving, "predict", lambda folder, records: sent.extend(records) or [{"score": 1.0}]
        )
        succeeded.report = {**(succeeded.report or {}), "details": {"inputs": list(inputs)}}
        predicting.predict(succeeded, [given])
        return sent[0]

    return ask


def refused(ask: Callable[[], Any]) -> str:
    with pytest.raises(Problem) as caught:
        ask()
    return caught.value.code


def test_only_the_roles_of_the_run_are_sent(asked: Callable[..., dict[str, str]]) -> None:
    given = {"text_a": "a", "text_b": "b", "note": "c"}
    assert asked(("text_a", "text_b"), given) == {"text_a": "a", "text_b": "b"}


@pytest.mark.parametrize("bad", ["", "  ", "a\x00b", "\ud800", "x" * 10_001])
def test_a_text_that_is_none_is_refused(asked: Callable[..., dict[str, str]], bad: str) -> None:
    assert refused(lambda: asked(("text_a", "text_b"), {"text_a": "a", "text_b": bad})) == (
        "predict.text"
    )


SEARCH = {"text_a": "a", "candidates": ["b", "c"]}


@pytest.fixture
def searched(succeeded: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """`searched([{…}])`: the calls to the model of a run that says which two texts belong together."""

    def ask(inputs: list[dict[str, Any]], metrics: Mapping[str, Any] | None = None) -> list[Any]:
        calls: list[Any] = []

        def answer(folder: Any, records: list[Any]) -> list[dict[str, Any]]:
            calls.append(records)
            return [{"nearest": []} if "candidates" in one else {"score": 1.0} for one in records]

        monkeypatch.setattr(serving, "predict", answer)
        details = {"inputs": ["text_a", "text_b"]}
        shown = {"ranking": {}} if metrics is None else metrics
        succeeded.report = {**(succeeded.report or {}), "details": details, "metrics": shown}
        return [predicting.predict(succeeded, inputs), *calls]

    return ask


def test_a_text_is_looked_up_in_a_list(searched: Callable[..., list[Any]]) -> None:
    found, asked = searched([{**SEARCH, "most": 1}])
    assert found == [{"nearest": []}]
    assert asked == [{**SEARCH, "most": 1}]
    assert searched([SEARCH])[1][0]["most"] == predicting.NEAREST


def test_pairs_and_lists_may_come_together(searched: Callable[..., list[Any]]) -> None:
    found, *calls = searched([SEARCH, {"text_a": "a", "text_b": "b"}, SEARCH])
    assert found == [{"nearest": []}, {"score": 1.0}, {"nearest": []}]
    assert sorted(map(len, calls)) == [1, 2]


@pytest.mark.parametrize(
    "candidates",
    [
        [],
        ["a", " "],
        ["a\x00"],
        ["\ud800"],
        ["a"] * (predicting.LIST + 1),
        ["x" * 60_000, "y" * 60_000],
    ],
)
def test_a_list_that_cannot_be_searched_is_refused(
    searched: Callable[..., list[Any]], candidates: list[str]
) -> None:
    asked = [{"text_a": "a", "candidates": candidates}]
    assert refused(lambda: searched(asked)) == "predict.candidates"


def test_all_lists_together_are_no_longer_than_one(searched: Callable[..., list[Any]]) -> None:
    asked = [{"text_a": "a", "candidates": ["b"] * 300}] * 2
    assert refused(lambda: searched(asked)) == "predict.candidates"


def test_a_text_for_a_list_is_needed(searched: Callable[..., list[Any]]) -> None:
    assert refused(lambda: searched([{"text_a": " ", "candidates": ["b"]}])) == "predict.text"


def test_other_models_search_no_lists(searched: Callable[..., list[Any]]) -> None:
    assert refused(lambda: searched([SEARCH], {})) == "predict.no_search"


def test_a_context_may_be_longer_than_a_question(asked: Callable[..., dict[str, str]]) -> None:
    roles, long = ("context", "question"), "x" * 20_000
    assert asked(roles, {"context": long, "question": "why?"})["context"] == long
    assert refused(lambda: asked(roles, {"context": "a", "question": long})) == "predict.text"


def test_places_are_numbers_or_marks(asked: Callable[..., dict[str, str]]) -> None:
    roles = ("text", *PLACES)
    numbers = dict(zip(PLACES, (0, 1, 2, 3), strict=True))
    assert asked(roles, {"text": "a b", **numbers})["tail_end"] == "3"
    assert asked(roles, {"text": "<e1>a</e1> <e2>b</e2>"})["head_start"] == ""


@pytest.mark.parametrize(
    "given",
    [
        {"text": "a b"},
        {"text": "<e1>a</e1> b"},
        {"text": "</e1>a<e1> <e2>b</e2>"},
        {"text": "<e1></e1>a <e2>b</e2>"},
        {"text": "a b", **dict(zip(PLACES, (0, 1, 2, 9), strict=True))},
        {"text": "a b", **dict(zip(PLACES, (0, 1, 2, "x"), strict=True))},
        {"text": "a b", "head_start": 0},
    ],
)
def test_a_relation_needs_two_things(
    asked: Callable[..., dict[str, str]], given: dict[str, Any]
) -> None:
    assert refused(lambda: asked(("text", *PLACES), given)) == "predict.marks"


def test_a_conversation_is_a_list_or_its_json_or_a_first_message(
    asked: Callable[..., dict[str, str]],
) -> None:
    turns = [{"role": "user", "content": "Hello"}]
    for given in (turns, json.dumps(turns), "Hello"):
        assert json.loads(asked(("messages",), {"messages": given})["messages"]) == turns


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [{"role": "assistant", "content": "Hello"}],
        [{"role": "nobody", "content": "Hello"}],
        [{"role": "user", "content": ""}],
        [{"role": "user"}],
        ["Hello"],
    ],
)
def test_a_conversation_ends_with_a_question(
    asked: Callable[..., dict[str, str]], turns: list[Any]
) -> None:
    assert refused(lambda: asked(("messages",), {"messages": turns})) == "predict.messages"
