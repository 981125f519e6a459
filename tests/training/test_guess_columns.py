"""Which column plays which part, told from its name and its first rows."""

from __future__ import annotations

import pytest

from training import validation
from training.tasks.text_classification import TASK


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (["text", "label"], [], {"text": "text", "label": "label"}),
        (["Category", "Review Text"], [], {"text": "Review Text", "label": "Category"}),
        (["id", "内容", "标签"], [], {"text": "内容", "label": "标签"}),
        (
            ["a", "b"],
            [["a long text here", "x"], ["another long text", "y"], ["more", "x"]],
            {"text": "a", "label": "b"},
        ),
        (
            ["b", "a", "row_id"],
            [["x", "a long text", "1"], ["x", "other text", "2"]],
            {"text": "a", "label": "b"},
        ),
        (["text", "other"], [["q", "x"], ["w", "x"]], {"text": "text", "label": "other"}),
        ([], [], {}),
    ],
)
def test_columns_are_guessed(
    header: list[str], rows: list[list[str]], expected: dict[str, str]
) -> None:
    assert validation.guess_columns(TASK, header, rows) == expected


def test_a_guess_never_uses_a_column_twice() -> None:
    guess = validation.guess_columns(TASK, ["text label"], [["x"], ["y"]])
    assert len(set(guess.values())) == len(guess)
