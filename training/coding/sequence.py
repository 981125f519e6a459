"""A row as a whole: one or two texts in, and one label, several labels or a score out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.words import clean

SINGLE, SEVERAL, SCORE = "single", "several", "score"
HEAD, HEAD_TAIL, WINDOWS = "head", "head_tail", "windows"  # what is read of a text that is too long
OVERLAP = 0.25  # of a window with the one before it
MOST_WINDOWS = 16  # of one row
UNKNOWN = -100  # the target of a row whose label the model does not know: it has no loss
THRESHOLD = 0.5  # of a label that has none of its own

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


def as_results(logits: ArrayLike, about: About) -> NDArray[np.float64]:
    """Logits (rows, labels) to what they mean."""
    values = np.asarray(logits, np.float64)
    if about["objective"] == SCORE:
        low, high = about["range"]
        return low + (high - low) * np.clip(values[:, 0], 0.0, 1.0)
    return sigmoid(values) if about["objective"] == SEVERAL else softmax(values)


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64), -60, 60))))


def thresholds(about: About) -> NDArray[np.float64]:
    """One a label, from which it is given."""
    given = about.get("thresholds") or {}
    return np.array([given.get(name, THRESHOLD) for name in about["labels"]])


def answers(
    results: NDArray[np.float64], records: Sequence[Record], about: About
) -> list[dict[str, Any]]:
    """`label`, `probability` and all `probabilities`; or `labels` and `probabilities`; or a `score`."""
    if about["objective"] == SCORE:
        return [{"score": float(value)} for value in results]
    names = about["labels"]
    given = [dict(zip(names, map(float, row), strict=True)) for row in results]
    if about["objective"] == SEVERAL:
        least = thresholds(about)
        chosen = [np.flatnonzero(row >= least) for row in results]
        return [
            {"labels": [names[place] for place in places], "probabilities": shares}
            for places, shares in zip(chosen, given, strict=True)
        ]
    best = results.argmax(axis=-1) if len(results) else []
    return [
        {"label": names[place], "probability": shares[names[place]], "probabilities": shares}
        for place, shares in zip(best, given, strict=True)
    ]


def columns(about: About) -> list[str]:
    if about["objective"] == SCORE:
        return ["score"]
    shares = [f"p_{label}" for label in about["labels"]]
    return ["predicted", *([] if about["objective"] == SEVERAL else ["probability"]), *shares]


def cells(answer: Mapping[str, Any], about: About) -> list[str]:
    if about["objective"] == SCORE:
        return [f"{answer['score']:.6f}"]
    shares = [f"{answer['probabilities'][label]:.6f}" for label in about["labels"]]
    if about["objective"] == SEVERAL:
        return [json.dumps(answer["labels"], ensure_ascii=False), *shares]
    return [answer["label"], f"{answer['probability']:.6f}", *shares]
