"""Answers to questions about a text, as the official script of SQuAD 2.0 scores them; Chinese by character."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.words import unspaced

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def answers(
    predicted: Sequence[str],
    references: Sequence[Sequence[str]],
    no_answer_probabilities: ArrayLike | None = None,
) -> dict[str, Any]:
    """Exact match and F1 (0 to 1) of every row against the best of its references; "" is no answer.

    A row without references, or with empty ones only, has no answer. `values` has both scores row by row, for the
    bootstrap. `best` is what the best threshold for giving no answer would reach; None without probabilities.
    """
    golds = [_golds(row) for row in references]
    exact, f1 = _values(predicted, golds)
    has = np.array([gold != [()] for gold in golds], bool)
    best = None
    if no_answer_probabilities is not None:
        best = best_no_answer_threshold(predicted, references, no_answer_probabilities)
    everything = np.ones(len(has), bool)
    return {
        **_means(exact, f1, everything),
        "has_answer": _means(exact, f1, has),
        "no_answer": _means(exact, f1, ~has),
        "best": best,
        "values": {"exact_match": exact.tolist(), "f1": f1.tolist()},
    }


def best_no_answer_threshold(
    predicted: Sequence[str], references: Sequence[Sequence[str]], probabilities: ArrayLike
) -> dict[str, float]:
    """{"exact_match", "exact_match_threshold", "f1", "f1_threshold"}: no answer where the probability is higher."""
    golds = [_golds(row) for row in references]
    chances = np.asarray(probabilities, float)
    empty = np.array([gold == [()] for gold in golds], float)
    result = {}
    for name, values in zip(("exact_match", "f1"), _values(predicted, golds), strict=True):
        result[name], result[f"{name}_threshold"] = _best(values, empty, chances)
    return result


def tokens(text: str) -> tuple[str, ...]:
    """As the official script has them; in a text with Chinese, each character is one and all punctuation goes."""
    lower = text.lower().translate(_PUNCTUATION)
    if not any(map(unspaced, lower)):
        return tuple(_ARTICLES.sub(" ", lower).split())
    spaced = "".join(f" {char} " if unspaced(char) else char for char in lower if _counts(char))
    return tuple(_ARTICLES.sub(" ", spaced).split())


def _counts(char: str) -> bool:
    return unicodedata.category(char)[0] != "P"


def _golds(references: Sequence[str]) -> list[tuple[str, ...]]:
    return [found for text in references if (found := tokens(text))] or [()]


def _values(
    predicted: Sequence[str], golds: Sequence[list[tuple[str, ...]]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(exact match, F1) of every row."""
    pairs = list(zip(map(tokens, predicted), golds, strict=True))
    exact = [float(found in gold) for found, gold in pairs]
    f1 = [max(_f1(found, one) for one in gold) for found, gold in pairs]
    return np.array(exact, float), np.array(f1, float)


def _f1(found: tuple[str, ...], gold: tuple[str, ...]) -> float:
    if not found or not gold:
        return float(found == gold)
    common = (Counter(found) & Counter(gold)).total()
    return 2 * common / (len(found) + len(gold))


def _means(
    exact: NDArray[np.float64], f1: NDArray[np.float64], rows: NDArray[np.bool_]
) -> dict[str, Any]:
    count = int(rows.sum())
    return {
        "exact_match": float(exact[rows].mean()) if count else 0.0,
        "f1": float(f1[rows].mean()) if count else 0.0,
        "rows": count,
    }


def _best(
    values: NDArray[np.float64], empty: NDArray[np.float64], chances: NDArray[np.float64]
) -> tuple[float, float]:
    """(mean score, threshold) if the first so many rows, from the surest on, keep their answers."""
    if not len(values):
        return 0.0, 0.0
    order = np.argsort(chances, kind="stable")
    sums = empty.sum() + np.cumsum(values[order] - empty[order])
    sums, limits = np.append(empty.sum(), sums), np.append(0.0, chances[order])
    limits[0] = min(0.0, limits[1] - 1.0) if limits[1] <= 0 else 0.0
    # Rows of one probability keep their answers together.
    possible = np.flatnonzero(np.append(limits[1:] != limits[:-1], True))
    place = possible[np.argmax(sums[possible])]
    return float(sums[place] / len(values)), float(limits[place])
