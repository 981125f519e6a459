"""The classification task: data and functions, no model."""

from __future__ import annotations

import numpy as np
import pytest

from training.tasks import TASKS
from training.tasks.shape import Row, Task
from training.tasks.text_classification import TASK


def row(number: int, text: str, label: str = "") -> Row:
    return Row(
        number, "a.csv", number + 2, {"text": text, "label": label} if label else {"text": text}
    )


ROWS = [row(0, "x", "b"), row(1, "y", "a"), row(2, "z", "B ")]


def test_it_is_registered() -> None:
    assert TASKS[TASK.name] is TASK
    assert isinstance(TASK, Task)
    assert TASK.available
    assert [column.role for column in TASK.columns] == ["text", "label"]


def test_labels_are_sorted_and_kept_as_written() -> None:
    assert TASK.labels(ROWS) == ["B ", "a", "b"]


def test_targets_are_indices() -> None:
    assert TASK.targets(ROWS, ["a", "b"]).tolist() == [1, 0, -1]
    assert TASK.targets([row(0, "no label")], ["a"]).tolist() == [-1]


def test_encode_asks_the_tokenizer_for_cut_texts_without_padding() -> None:
    seen = {}

    def tokenizer(texts: list[str], **choices: object) -> dict[str, list[list[int]]]:
        seen.update(choices, texts=texts)
        return {"input_ids": [[1], [2], [3]]}

    assert TASK.encode(tokenizer, ROWS, 8) == {"input_ids": [[1], [2], [3]]}
    assert seen == {"texts": ["x", "y", "z"], "truncation": True, "max_length": 8, "padding": False}


def test_decode_gives_probabilities() -> None:
    found = TASK.decode(np.array([[0.0, np.log(3.0)], [1000.0, -1000.0]]), ["a", "b"])
    assert found[0]["label"] == "b"
    assert found[0]["probabilities"] == pytest.approx({"a": 0.25, "b": 0.75})
    assert found[1] == {"label": "a", "probability": 1.0, "probabilities": {"a": 1.0, "b": 0.0}}


def test_decode_of_nothing_is_nothing() -> None:
    assert TASK.decode(np.zeros((0, 2)), ["a", "b"]) == []


def test_score_takes_the_most_likely_label() -> None:
    found = TASK.score([0, 1], [[0.9, 0.1], [0.6, 0.4]], ["a", "b"])
    assert found["accuracy"] == 0.5
    assert found["confusion"] == [[1, 0], [1, 0]]
