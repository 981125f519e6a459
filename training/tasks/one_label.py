"""What the tasks share whose rows have exactly one label: which there are, what is learnt, which answers are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.sequence import UNKNOWN
from training.tasks.shape import Row

About = Mapping[str, Any]


def labels(rows: Sequence[Row]) -> list[str]:
    """The labels as they stand in the rows, sorted by code point."""
    return sorted({row.values["label"] for row in rows})


def targets(rows: Sequence[Row], about: About) -> NDArray[np.int64]:
    """Index of each row's label, -1 for one that the model does not know or that is not given."""
    numbers = {name: number for number, name in enumerate(about["labels"])}
    return np.array([numbers.get(row.values.get("label", ""), -1) for row in rows], np.int64)


def teach(rows: Sequence[Row], pieces: Sequence[dict[str, Any]], about: About) -> None:
    numbers = targets(rows, about)
    for piece in pieces:
        target = int(numbers[piece["row"]])
        piece["target"] = target if target >= 0 else UNKNOWN


def hits(rows: Sequence[Row], table: ArrayLike, about: About) -> NDArray[np.float64]:
    """1 where the likeliest label is the right one, for probabilities (rows, labels)."""
    return (np.asarray(table).argmax(axis=-1) == targets(rows, about)).astype(float)
