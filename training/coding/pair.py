"""Two texts, each read by itself: their vectors, and what the angle between them says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.shares import (
    SCORE,
    UNKNOWN,
    cells,
    columns,
    ranked,
    sigmoid,
    told,
    value_name,
)
from training.coding.words import clean

__all__ = [
    "SCORE",
    "UNKNOWN",
    "answers",
    "cells",
    "columns",
    "cosines",
    "meaning",
    "pieces",
    "ranked",
    "results",
    "table",
    "value_name",
]

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]
Vectors = NDArray[np.float32]  # (rows, 2, hidden), each of length 1


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """{"row", "ids": both texts, one after the other, "first": how many of them are of the first text}."""
    first, second = (
        tokenized(tokenizer, [record[role] for record in records], limit)
        for role in about["inputs"]
    )
    return [
        {**other, **one, "ids": one["ids"] + other["ids"], "first": len(one["ids"])}
        for one, other in zip(first, second, strict=True)
    ]


def tokenized(tokenizer: Any, texts: Sequence[str], limit: int) -> list[Piece]:
    """One text a piece, special tokens included; `cut` marks what is not read whole."""
    if not texts:
        return []
    plain = [clean(text) for text in texts]
    found = tokenizer(plain, truncation=True, max_length=limit + 1, padding=False, verbose=False)
    made: list[Piece] = [{"row": row, "ids": ids} for row, ids in enumerate(found["input_ids"])]
    long = [piece for piece in made if len(piece["ids"]) > limit]
    if long:
        again = tokenizer([plain[p["row"]] for p in long], truncation=True, max_length=limit)
        for piece, ids in zip(long, again["input_ids"], strict=True):
            piece.update(ids=ids, cut=True)
    return made


def results(
    outputs: Sequence[ArrayLike], pieces: Sequence[Piece], records: Sequence[Record], about: About
) -> Vectors:
    return np.asarray(outputs, np.float32).reshape(len(records), 2, -1 if len(records) else 0)


def cosines(vectors: Vectors) -> NDArray[np.float64]:
    """How alike the two texts of each row are, -1 to 1."""
    found: NDArray[np.float64] = np.einsum("rh,rh->r", vectors[:, 0], vectors[:, 1], dtype=float)
    return found


def meaning(cosines: ArrayLike, about: About) -> NDArray[np.float64]:
    """Cosines to probabilities that two texts belong together, or to scores, by the calibration (slope, offset)."""
    slope, offset = about["calibration"]
    found = slope * np.asarray(cosines, np.float64) + offset
    if about["objective"] == SCORE:
        low, high = about["range"]
        return low + (high - low) * np.clip(found, 0.0, 1.0)
    return sigmoid(found)


def table(results: ArrayLike, about: About) -> NDArray[np.float64]:
    """Vectors to probabilities (rows, 2) in the order of the labels, or scores (rows,); such a table stays as it is."""
    given = np.asarray(results)
    if given.ndim < 3:
        return given.astype(np.float64)
    found = meaning(cosines(given), about)
    if about["objective"] == SCORE:
        return found
    both = [1 - found, found]
    return np.stack(both if about["labels"][1] == about["together"] else both[::-1], axis=1)


def answers(results: ArrayLike, records: Sequence[Record], about: About) -> list[dict[str, Any]]:
    """`label`, `probability` and all `probabilities`; or a `score`."""
    return told(table(results, about), records, about)
