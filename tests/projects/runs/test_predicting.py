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
