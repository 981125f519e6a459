"""A row as a whole: one or two texts in, and one label, several labels or a score out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.shares import (
    SCORE,
    SEVERAL,
    SINGLE,
    UNKNOWN,
    as_results,
    cells,
    columns,
    thresholds,
    told,
)
from training.coding.words import clean

HEAD, HEAD_TAIL, WINDOWS = "head", "head_tail", "windows"  # what is read of a text that is too long
OVERLAP = 0.25  # of a window with the one before it
MOST_WINDOWS = 16  # of one row

__all__ = [
    "SCORE",
    "SEVERAL",
    "SINGLE",
    "UNKNOWN",
    "answers",
    "as_results",
    "cells",
    "columns",
    "pieces",
    "results",
    "thresholds",
]

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """Token ids, special tokens included; `cut` marks what is not read whole."""
    if not records:
        return []
    texts = [[clean(record[role]) for record in records] for role in about["inputs"]]
    how = about.get("long", HEAD) if len(texts) == 1 else HEAD
    found = _tokenized(tokenizer, texts, limit + 1 if how == HEAD else None)
    long = [piece for piece in found if len(piece["ids"]) > limit]
    if how != HEAD:
        return [part for piece in found for part in _parts(tokenizer, piece, limit, how)]
    if long:
        rows = [piece["row"] for piece in long]
        again = _tokenized(tokenizer, [[column[row] for row in rows] for column in texts], limit)
        for piece, shorter in zip(long, again, strict=True):
            piece.update({**shorter, "row": piece["row"], "cut": True})
    return found


def _tokenized(tokenizer: Any, texts: Sequence[Sequence[str]], limit: int | None) -> list[Piece]:
    """`types` (which of the two texts a token is of) only where the base tells them apart."""
    given: dict[str, Any] = {"truncation": limit is not None, "padding": False}
    encoded = tokenizer(*map(list, texts), max_length=limit, verbose=False, **given)
    types = encoded.get("token_type_ids") if len(texts) > 1 else None
    found: list[Piece] = [{"row": row, "ids": ids} for row, ids in enumerate(encoded["input_ids"])]
    for piece, kinds in zip(found, types or (), strict=False):
        if any(kinds):
            piece["types"] = kinds
    return found


def _parts(tokenizer: Any, piece: Piece, limit: int, how: str) -> list[Piece]:
    """A piece that is too long as its beginning and end, or as windows; each with the special tokens around it."""
    ids = piece["ids"]
    if len(ids) <= limit:
        return [piece]
    first, last = _around(tokenizer, ids)
    body, room = ids[first : len(ids) - last], max(1, limit - first - last)
    if how == HEAD_TAIL:
        begin = -(-room * 3 // 4)
        chosen = [body[:begin] + body[len(body) - (room - begin) :]]
    else:
        step = max(1, round(room * (1 - OVERLAP)))
        starts = [*range(0, max(1, len(body) - room + step), step)][:MOST_WINDOWS]
        chosen = [body[start : start + room] for start in starts]
    whole = how == WINDOWS and len(chosen) < MOST_WINDOWS
    before, after = ids[:first], ids[len(ids) - last :]
    return [
        {"row": piece["row"], "ids": before + part + after, **({} if whole else {"cut": True})}
        for part in chosen
    ]


def _around(tokenizer: Any, ids: Sequence[int]) -> tuple[int, int]:
    """How many special tokens stand before and after the text."""
    special = set(tokenizer.all_special_ids)
    first = next((place for place, token in enumerate(ids) if token not in special), 0)
    last = next((place for place, token in enumerate(reversed(ids)) if token not in special), 0)
    return first, last


def results(
    outputs: Sequence[ArrayLike], pieces: Sequence[Piece], records: Sequence[Record], about: About
) -> NDArray[np.float64]:
    """Probabilities of shape (rows, labels), or scores of shape (rows,); windows of one row count alike."""
    width = max(1, len(about["labels"]))
    sums, counts = np.zeros((len(records), width)), np.zeros((len(records), 1))
    if pieces:
        rows = np.array([piece["row"] for piece in pieces])
        np.add.at(sums, rows, np.asarray(outputs, np.float64))
        np.add.at(counts, rows, 1.0)
    return as_results(sums / np.maximum(counts, 1), about)


answers = told
