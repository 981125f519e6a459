"""doccano's exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training import table

Put = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, str]]]
Faults = Callable[[Path], list[tuple[str, int]]]


def test_spans(put: Put, rows: Rows) -> None:
    path = put([{"id": 3, "text": "Apple grows", "label": [[0, 5, "ORG"]]}])
    assert table.detect(path).format == "doccano"
    marks = '[{"start": 0, "end": 5, "label": "ORG"}]'
    assert rows(path) == [{"text": "Apple grows", "entities": marks, "id": "3"}]


@pytest.mark.parametrize("key", ["label", "labels"])
def test_labels(put: Put, rows: Rows, key: str) -> None:
    path = put([{"text": "x", key: ["A"]}, {"data": "y", key: ["A", "B"]}])
    assert rows(path) == [{"text": "x", "label": "A"}, {"text": "y", "label": "A|B"}]


def test_entities_with_relations(put: Put, rows: Rows) -> None:
    mark = {"id": 1, "label": "ORG", "start_offset": 0, "end_offset": 5}
    value = {"id": 1, "text": "Apple grows", "entities": [mark], "relations": [], "Comments": []}
    found = rows(put([value]))[0]
    assert json.loads(found["entities"]) == [{"start": 0, "end": 5, "label": "ORG"}]
    assert found["relations"] == "[]"


def test_a_plain_label_is_plain_json(put: Put) -> None:
    assert table.detect(put([{"text": "x", "label": "A"}])).format == "jsonl"


def test_marks_of_another_form_are_reported(put: Put, faults: Faults) -> None:
    good = {"text": "x", "label": ["A"]}
    assert faults(put([good, {"text": "y", "label": [{"a": 1}]}])) == [("row.shape", 2)]
