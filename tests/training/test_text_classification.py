"""The classification task: data and functions, no model."""

from __future__ import annotations

import numpy as np
import pytest

from training.coding import sequence
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


LEARNER = TASK.variant("single").learner
SEVERAL = TASK.variant("multi").learner


def test_labels_are_sorted_and_kept_as_written() -> None:
    assert LEARNER.labels(ROWS) == ["B ", "a", "b"]


def test_pieces_learn_the_number_of_their_label() -> None:
    pieces = [{"row": 0}, {"row": 1}, {"row": 2}]
    LEARNER.teach(ROWS, pieces, {"labels": ["a", "b"]})
    assert [piece["target"] for piece in pieces] == [1, 0, sequence.UNKNOWN]


def test_score_takes_the_most_likely_label() -> None:
    rows = [row(0, "x", "a"), row(1, "y", "b")]
    found = LEARNER.score(rows, np.array([[0.9, 0.1], [0.6, 0.4]]), {"labels": ["a", "b"]})
    assert found["accuracy"] == 0.5
    assert found["confusion"] == [[1, 0], [1, 0]]


def test_several_labels_are_those_over_their_thresholds() -> None:
    rows = [row(0, "x", '["a", "b"]'), row(1, "y", "[]"), row(2, "z", '["c"]')]
    about = {"labels": SEVERAL.labels(rows), "objective": "several"}
    table = np.array([[0.9, 0.4, 0.1], [0.2, 0.3, 0.1], [0.1, 0.1, 0.3]])
    about |= SEVERAL.tune(rows, table, about)
    found = SEVERAL.score(rows, table, about)
    assert set(about["thresholds"]) == {"a", "b", "c"}
    assert found["micro"]["f1"] == pytest.approx(SEVERAL.score(rows, table, about)["micro"]["f1"])
    assert SEVERAL.hits(rows, table, about).max() <= 1
