"""Label Studio's exports, JSON and JSON_MIN."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import table

Put = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, str]]]
Faults = Callable[[Path], list[tuple[str, int]]]


def task(*results: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {
        "id": 7,
        "data": data or {"text": "Apple grows"},
        "annotations": [
            {"was_cancelled": True, "result": [choice("wrong")]},
            {"was_cancelled": False, "result": list(results)},
        ],
    }


def span(start: int, end: int, label: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": "", "labels": [label]}
    return {"type": "labels", "from_name": "marks", "to_name": "text", "value": value}


def choice(*names: str, control: str = "kind") -> dict[str, Any]:
    return {"type": "choices", "from_name": control, "value": {"choices": list(names)}}


@pytest.mark.parametrize("style", ["lines", "document"])
def test_spans(put: Put, rows: Rows, style: str) -> None:
    path = put([task(span(0, 5, "ORG"), span(6, 11, "X"))], style)
    assert table.detect(path).format == "label-studio"
    found = rows(path)
    assert json.loads(found[0]["entities"])[0] == {"start": 0, "end": 5, "label": "ORG"}
    assert (found[0]["text"], found[0]["id"]) == ("Apple grows", "7")


def test_choices(put: Put, rows: Rows) -> None:
    found = rows(put([task(choice("A")), task(choice("A", "B"), choice("C", control="tone"))]))
    assert [row["label"] for row in found] == ["A", "A|B"]
    assert found[1]["tone"] == "C"


def test_written_answers(put: Put, rows: Rows) -> None:
    result = {"type": "textarea", "from_name": "summary", "value": {"text": ["short"]}}
    assert rows(put([task(result)]))[0]["summary"] == "short"


def test_a_text_of_another_name(put: Put, rows: Rows) -> None:
    found = rows(put([task(choice("A"), review="good", stars=5)]))
    assert (found[0]["text"], found[0]["stars"]) == ("good", "5")


def test_what_nobody_has_labelled_is_left_out(put: Put, rows: Rows) -> None:
    untouched = {"id": 8, "data": {"text": "x"}, "annotations": []}
    assert len(rows(put([task(choice("A")), untouched], "document"))) == 1


def test_the_short_form(put: Put, rows: Rows) -> None:
    mark = {"start": 0, "end": 5, "text": "Apple", "labels": ["ORG"]}
    own = {"annotation_id": 1, "annotator": 1, "lead_time": 2.5}
    found = rows(put([{"text": "Apple grows", "label": [mark], "kind": "A", **own}], "document"))[0]
    assert json.loads(found["entities"]) == [{"start": 0, "end": 5, "label": "ORG"}]
    assert found["kind"] == "A"
    assert "lead_time" not in found


def test_tasks_of_another_form_are_reported(put: Put, faults: Faults) -> None:
    assert faults(put([task(choice("A"))] * 60 + [{"x": 1}])) == [("row.shape", 61)]
