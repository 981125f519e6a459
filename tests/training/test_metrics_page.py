"""docs/metrics.md explains every key of every score."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import scoring

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
BY_LABEL = ("per_label", "labels")  # what is below has names of the data
COMMON = {"precision", "recall", "f1", "support"}  # explained once, at the top

TWO = [[0.9, 0.2], [0.3, 0.6]]
SPAN = [[(0, 3, "PER")]]
EXAMPLES: dict[str, list[Any]] = {
    "One label a row": [scoring.classification([0, 1], [0, 1], TWO, ["a", "b"])],
    "Several labels a row": [
        scoring.several([[1, 0], [1, 1]], TWO, 0.5, ["a", "b"]),
        scoring.threshold_curve([[1, 0], [1, 1]], TWO)[0],
    ],
    "Curves": [scoring.curves([0, 1], TWO, ["a", "b"])],
    "Two kinds of pairs": [scoring.binary([1, 0], [0.9, 0.1])],
    "How alike": [scoring.regression([1, 2], [1, 2])],
    "Searching": [scoring.ranking(TWO, [{0}, {1}])],
    "Entities": [
        scoring.entities(["Ada"], SPAN, SPAN),
        scoring.span_mistakes("Ada", SPAN[0], [(0, 3, "LOC")])[0],
    ],
    "Relations": [scoring.relations([0], [1], ["a(e1,e2)", "a(e2,e1)"])],
    "Answers": [scoring.answers(["a"], [["a"]], [0.1])],
    "Written texts": [scoring.texts.generative(["a"], ["a"], [["a"]])],
    "How sure a score is": [scoring.bootstrap.paired(np.ones(2), np.ones(2), 1)],
}
IS_ALSO = {"Relations": "One label a row"}


def keys(value: Any) -> Iterator[str]:
    """Those of all levels; below labels, those of the first label."""
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        yield name
        yield from keys(next(iter(inner.values())) if name in BY_LABEL else inner)


def sections() -> dict[str, str]:
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    return {part.partition("\n")[0]: part for part in parts}


def documented(section: str) -> set[str]:
    """What stands in the first cells of its tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", sections()[section], re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def expected(section: str) -> set[str]:
    return {name for example in EXAMPLES[section] for name in keys(example)}


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_key_is_explained(section: str) -> None:
    there = documented(section) | COMMON
    if section in IS_ALSO:
        there |= documented(IS_ALSO[section])
    assert not expected(section) - there


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_key_that_is_explained_exists(section: str) -> None:
    assert not documented(section) - expected(section)


def test_every_section_has_an_example() -> None:
    assert set(sections()) == set(EXAMPLES)


def test_every_score_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    scores = (
        "classification several thresholds threshold_curve curves binary regression ranking entities "
        "span_mistakes relations answers texts bootstrap"
    )  # fmt: skip
    assert not [name for name in scores.split() if f"`scoring.{name}" not in text]
