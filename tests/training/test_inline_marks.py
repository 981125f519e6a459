"""Texts with [marks](label): a model that was trained on such files reads them without, as its training did."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.coding import token
from training.files import token as model
from training.tasks.ner import of_inline

PIECES = st.sampled_from(
    ["Ann", "[Rome](city)", " is ", "👍", "[", "](", ")", "[张三](人名)", "\r\n", "[a b](x)"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_every_character_knows_its_place(text: str) -> None:
    plain, places = token.unmarked(text)
    assert plain == of_inline(text)[0]
    assert len(places) == len(plain) + 1
    assert "".join(text[place] for place in places[:-1]) == plain
    assert places[-1] == len(text)


@pytest.mark.parametrize(
    ("columns", "inline"),
    [
        ({"text": "t"}, True),
        ({"text": "t", "entities": "e"}, False),
        ({"tokens": "t", "tags": "e"}, False),
        ({}, False),
    ],
)
def test_the_columns_of_the_training_data_tell(columns: dict[str, str], inline: bool) -> None:
    assert token.is_inline({"columns": columns}) == inline


class Capitals(model.Model):
    """Finds words that begin with a capital, in what it is given to read."""

    def __init__(self, columns: dict[str, str]) -> None:
        self.about: dict[str, Any] = {"columns": columns, "inputs": ["text"], "labels": ["name"]}

    def results(self, records: Any) -> Any:
        self.read = [record["text"] for record in records]
        return [
            [token.Entity(a, b, "name") for a, b in token.words(text) if text[a].isupper()]
            for text in self.read
        ]


def test_marks_are_not_read_and_offsets_count_the_text_as_given() -> None:
    text = "👍 [Ann](person) met Bo in [Rome](city)."
    found = Capitals({"text": "t"})
    [answer, other] = found.predict([text, {"text": "Ann"}])
    assert found.read == ["👍 Ann met Bo in Rome.", "Ann"]
    assert [item["text"] for item in answer["entities"]] == ["Ann", "Bo", "Rome"]
    assert all(text[item["start"] : item["end"]] == item["text"] for item in answer["entities"])
    assert [item["start"] for item in other["entities"]] == [0]


def test_a_model_of_plain_texts_reads_brackets_as_they_are() -> None:
    found = Capitals({"text": "t", "entities": "e"})
    found.predict(["see [Rome](city)"])
    assert found.read == ["see [Rome](city)"]
