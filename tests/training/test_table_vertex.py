"""Vertex AI's and AutoML's JSON Lines."""

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

USE = "aiplatform.googleapis.com/ml_use"


@pytest.mark.parametrize(("use", "split"), [("training", "train"), ("validation", "valid")])
def test_one_label(put: Put, rows: Rows, use: str, split: str) -> None:
    value = {
        "textContent": "x",
        "classificationAnnotation": {"displayName": "A"},
        "dataItemResourceLabels": {USE: use},
    }
    path = put([value])
    assert table.detect(path).format == "vertex-jsonl"
    assert rows(path) == [{"text": "x", "label": "A", "split": split}]


def test_several_labels_and_sentiment(put: Put, rows: Rows) -> None:
    values: list[Any] = [
        {"textContent": "x", "classificationAnnotations": [{"displayName": n} for n in "AB"]},
        {"textContent": "y", "sentimentAnnotation": {"sentiment": 2, "sentimentMax": 4}},
    ]
    assert [row["label"] for row in rows(put(values))] == ["A|B", "2"]


def test_marked_texts(put: Put, rows: Rows) -> None:
    mark = {"startOffset": 0, "endOffset": "5", "displayName": "ORG"}
    path = put([{"textContent": "Apple", "textSegmentAnnotations": [mark]}])
    assert rows(path)[0]["entities"] == '[{"start": 0, "end": 5, "label": "ORG"}]'


def test_the_older_form(put: Put, rows: Rows) -> None:
    segment = {"text_segment": {"start_offset": 0, "end_offset": 5}}
    mark = {"text_extraction": segment, "display_name": "ORG"}
    found = rows(put([{"text_snippet": {"content": "Apple"}, "annotations": [mark]}]))[0]
    assert json.loads(found["entities"]) == [{"start": 0, "end": 5, "label": "ORG"}]


def test_chats(put: Put, rows: Rows) -> None:
    value = {
        "systemInstruction": {"role": "system", "parts": [{"text": "Be kind."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}]},
        ],
    }
    assert json.loads(rows(put([value]))[0]["messages"]) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "c"},
    ]


def test_texts_that_lie_elsewhere_are_reported(put: Put, faults: Faults) -> None:
    values = [{"textContent": "x"}, {"textGcsUri": "gs://bucket/a.txt"}]
    assert faults(put(values)) == [("row.shape", 2)]
