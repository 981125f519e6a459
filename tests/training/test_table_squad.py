"""SQuAD, versions 1 and 2, nested as published or flat."""

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


def asked(question: str, *answers: tuple[str, int], **more: Any) -> dict[str, Any]:
    found = [{"text": text, "answer_start": start} for text, start in answers]
    return {"question": question, "id": question, "answers": found, **more}


def article(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"title": "T", "paragraphs": [{"context": "The sky is blue.", "qas": list(questions)}]}


@pytest.mark.parametrize("indent", [None, 1])
def test_articles(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "a.json"
    first = article(asked("What?", ("sky", 4), ("The sky", 0)))
    data = [first, article(asked("How?", ("blue", 11)))]
    path.write_text(json.dumps({"version": "1.1", "data": data}, indent=indent))
    read = table.read(path)
    assert read.detected.format == "squad"
    assert read.columns == ["context", "question", "answer_text", "answer_start", "id", "answers"]
    assert [r.cells[1:] for r in read] == [
        ["What?", "sky", "4", "What?", '["sky", "The sky"]'],
        ["How?", "blue", "11", "How?", '["blue"]'],
    ]


def test_questions_without_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    answered = asked("A?", ("sky", 4), is_impossible=False)
    data = [article(asked("Why?", is_impossible=True), answered)]
    path.write_text(json.dumps({"data": data, "version": "v2.0"}))
    assert [r.cells[2:] for r in table.read(path)] == [
        ["", "", "Why?", "[]", "1"],
        ["sky", "4", "A?", '["sky"]', "0"],
    ]


def test_flat_objects(put: Put, rows: Rows) -> None:
    answers = {"text": ["sky"], "answer_start": [4]}
    value = {"id": "1", "title": "T", "context": "The sky", "question": "What?", "answers": answers}
    path = put([value])
    assert table.detect(path).format == "squad"
    assert (rows(path)[0]["answer_text"], rows(path)[0]["title"]) == ("sky", "T")


def test_entries_of_another_form_are_reported(tmp_path: Path, faults: Faults) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": [article(asked("A?", ("sky", 4)))] * 60 + [{"x": 1}]}))
    assert faults(path) == [("row.shape", 1)]
