"""The further references of a row stand beside what was written for it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.template.loader import render_to_string

from projects.runs.results import answers, texts
from projects.runs.results.shape import Result
from training import version

REFERENCES = json.dumps(["It is new", "First", "It was <b>changed</b>"])
ROW = {
    "row": 3,
    "file": "a.csv",
    "line": 5,
    "text": "q",
    "label": "First",
    "predicted": "Something",
    "probability": 0.5,
    "correct": False,
    "score": 0.2,
    "answer": json.dumps({"text": "Something"}),
}


@pytest.fixture(params=[texts, answers], ids=["texts", "answers"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    asked = {"source": "q"} if request.param is texts else {"question": "q", "context": "It is old"}
    row = {**ROW, "inputs": json.dumps(asked)}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "predictions.parquet")
    stored = version.Stored(3, "a.csv", 5, "test", {"target": "First", "references": REFERENCES})
    version.write(tmp_path / "version.parquet", [stored], ["target", "references"])
    result = Result({}, tmp_path / "predictions.parquet", tmp_path / "version.parquet")
    found = request.param.listed(result, {}, 0)
    return render_to_string(f"runs/rows/_{request.param.VIEW.rows}.html", {"found": found})


def test_they_are_shown_once_and_as_text(page: str) -> None:
    assert page.count("First") == 1
    assert page.count("<bdi>It is new</bdi>") == 1
    assert "<bdi>It was &lt;b&gt;changed&lt;/b&gt;</bdi>" in page
