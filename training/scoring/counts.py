"""Precision, recall and F1 out of counts, and their averages over classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scores = dict[str, float]
NAMES = ("precision", "recall", "f1")


def divided(above: ArrayLike, below: ArrayLike) -> NDArray[np.float64]:
    """0 where there is nothing to divide by."""
    top, bottom = np.asarray(above, float), np.asarray(below, float)
    return np.divide(top, bottom, out=np.zeros(np.broadcast(top, bottom).shape), where=bottom != 0)


def scores(hits: ArrayLike, predicted: ArrayLike, true: ArrayLike) -> NDArray[np.float64]:
    """(3, …): precision, recall and F1 of as many classes as there are counts."""
    both = np.asarray(predicted, float) + np.asarray(true, float)
    return np.stack(
        [
            divided(hits, predicted),
            divided(hits, true),
            divided(2 * np.asarray(hits, float), both),
        ]
    )


def named(values: NDArray[np.float64]) -> Scores:
    return {name: float(value) for name, value in zip(NAMES, values, strict=True)}


def averages(hits: ArrayLike, predicted: ArrayLike, true: ArrayLike) -> dict[str, Scores]:
    """`macro`, `micro` and `weighted` over classes; weights are the true counts."""
    hits, got, right = (np.asarray(values, float) for values in (hits, predicted, true))
    each = scores(hits, got, right)
    return {
        "macro": named(each.mean(axis=1) if each.shape[1] else np.zeros(3)),
        "micro": named(scores(hits.sum(), got.sum(), right.sum())),
        "weighted": named(divided((each * right).sum(axis=1), right.sum())),
    }


def per_class(
    names: Sequence[str], hits: ArrayLike, predicted: ArrayLike, true: ArrayLike
) -> dict[str, dict[str, Any]]:
    each = scores(hits, predicted, true)
    support = np.asarray(true).tolist()
    return {
        name: {**named(each[:, place]), "support": int(support[place])}
        for place, name in enumerate(names)
    }
