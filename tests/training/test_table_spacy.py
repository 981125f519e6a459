"""spaCy's training data, and what its annotation tool exports."""

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

MARKS = '[{"start": 0, "end": 5, "label": "ORG"}]'


@pytest.mark.parametrize("style", ["lines", "document"])
def test_pairs(put: Put, rows: Rows, style: str) -> None:
    values = [["Apple grows", {"entities": [[0, 5, "ORG"]]}], ["Nothing", {"entities": []}]]
    path = put(values, style)
    assert table.detect(path).format == "spacy"
    assert rows(path) == [
        {"text": "Apple grows", "entities": MARKS},
        {"text": "Nothing", "entities": "[]"},
    ]


@pytest.mark.parametrize("key", ["spans", "entities"])
@pytest.mark.parametrize("mark", [[0, 5, "ORG"], {"start": 0, "end": 5, "label": "ORG", "x": 1}])
def test_objects(put: Put, rows: Rows, key: str, mark: Any) -> None:
    path = put([{"text": "Apple grows", key: [mark], "meta": {"a": 1}}])
    assert table.detect(path).format == "spacy"
    assert rows(path) == [{"text": "Apple grows", "entities": MARKS, "meta": '{"a": 1}'}]


def test_a_list_under_annotations(tmp_path: Path, rows: Rows) -> None:
    path = tmp_path / "a.json"
    value = {"classes": ["ORG"], "annotations": [["Apple grows", {"entities": [[0, 5, "ORG"]]}]]}
    path.write_text(json.dumps(value))
    assert rows(path) == [{"text": "Apple grows", "entities": MARKS}]


def test_categories_become_labels(put: Put, rows: Rows) -> None:
    values = [["x", {"cats": {"A": 1, "B": 0, "C": 0.7}}], ["y", {"cats": {"A": 0, "B": 1.0}}]]
    assert [row["label"] for row in rows(put(values))] == ["A|C", "B"]


def test_only_accepted_decisions_count(put: Put, rows: Rows) -> None:
    tool = {"_input_hash": 1, "_task_hash": 2, "options": []}
    values = [
        {"text": "x", "accept": ["A"], "answer": "accept", **tool},
        {"text": "y", "accept": ["B"], "answer": "reject", **tool},
        {"text": "z", "accept": [], "answer": "ignore", **tool},
    ]
    assert rows(put(values)) == [{"text": "x", "label": "A"}]


@pytest.mark.parametrize("mark", [[0, "x", "ORG"], [1], {"start": 1}, 3, [0, 1, None]])
def test_marks_of_another_form_are_reported(put: Put, faults: Faults, mark: Any) -> None:
    good = {"text": "a", "entities": [[0, 1, "X"]]}
    assert faults(put([good, {"text": "x", "entities": [mark]}])) == [("row.shape", 2)]
