"""Any number of labels a row: scores, and from which probability on each label is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.scoring import counts

STEPS = np.arange(1, 20) / 20  # thresholds of the curve
PRIOR = 10.0  # a label with so many positives is half its own, half the common threshold
DEFAULT = 0.5
LOWEST, HIGHEST = 0.01, 0.99


def several(
    targets: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike, labels: Sequence[str]
) -> dict[str, Any]:
    """Metrics of several labels a row. `targets` are 0 or 1, of shape (rows, labels) as `probabilities`.

    `thresholds` is one number or one a label; a label is given from its threshold on.
    """
    size = len(labels)
    true, chances = _matrix(targets, size) > 0, _matrix(probabilities, size)
    limits = np.broadcast_to(np.asarray(thresholds, float), (size,))
    got = chances >= limits
    hits, given, support = (true & got).sum(axis=0), got.sum(axis=0), true.sum(axis=0)
    exact = float(np.mean((true == got).all(axis=1))) if len(true) else 0.0
    per_label = counts.per_class(labels, hits, given, support)
    for label, limit in zip(labels, limits, strict=True):
        per_label[label]["threshold"] = float(limit)
    return {
        "accuracy": exact,
        "subset_accuracy": exact,
        **counts.averages(hits, given, support),
        "samples": _samples(true, got),
        "per_label": per_label,
        "hamming_loss": float(np.mean(true != got)) if true.size else 0.0,
        "lrap": _lrap(true, chances),
        "cooccurrence": (true.T.astype(int) @ true.astype(int)).tolist(),
    }


def thresholds(targets: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """The threshold of every label that is best for its F1 on these rows, for (rows, labels).

    A label with few positives is drawn towards the common threshold, which is best for micro F1: its own best would be
    the luck of a handful of rows.
    """
    true, chances = np.asarray(targets) > 0, np.asarray(probabilities, float)
    if not true.size:
        return np.full(true.shape[-1] if true.ndim > 1 else 0, DEFAULT)
    common = best_threshold(true.ravel(), chances.ravel(), DEFAULT)
    own = [
        best_threshold(true[:, label], chances[:, label], common) for label in range(true.shape[1])
    ]
    positives = true.sum(axis=0)
    found = (np.array(own) * positives + common * PRIOR) / (positives + PRIOR)
    return np.clip(found, LOWEST, HIGHEST)


def threshold_curve(targets: ArrayLike, probabilities: ArrayLike) -> list[dict[str, float]]:
    """[{"threshold", "micro_f1", "macro_f1"}]: what one threshold for all labels would give, from 0.05 to 0.95."""
    true, chances = np.asarray(targets) > 0, np.asarray(probabilities, float)
    return [
        {"threshold": float(step), **_f1s(true, chances >= step)}
        for step in STEPS
    ]  # fmt: skip


def best_threshold(true: NDArray[np.bool_], score: NDArray[np.float64], near: float) -> float:
    """The score from which on rows are best called true, by F1: between two scores that occur.

    Of equally good ones that nearest to `near`, which is the answer too where no row is true.
    """
    if not true.any():
        return near
    order = np.argsort(-score, kind="stable")
    values, hits = score[order], np.cumsum(true[order])
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True))
    f1 = 2 * hits[ends] / (ends + 1 + true.sum())
    below = np.append(values, min(values[-1], 0.0))[ends + 1]
    best = f1 >= f1.max() - 1e-12
    middles = (values[ends] + below) / 2
    middles = np.where(middles > below, middles, values[ends])[best]  # neighbours have no middle
    return float(middles[np.argmin(np.abs(middles - near))])


def _f1s(true: NDArray[np.bool_], got: NDArray[np.bool_]) -> dict[str, float]:
    found = counts.averages((true & got).sum(axis=0), got.sum(axis=0), true.sum(axis=0))
    return {"micro_f1": found["micro"]["f1"], "macro_f1": found["macro"]["f1"]}


def _samples(true: NDArray[np.bool_], got: NDArray[np.bool_]) -> counts.Scores:
    """Means over rows; a row that neither has nor gets a label counts as 0."""
    if not len(true):
        return counts.named(np.zeros(3))
    each = counts.scores((true & got).sum(axis=1), got.sum(axis=1), true.sum(axis=1))
    return counts.named(each.mean(axis=1))


def _lrap(true: NDArray[np.bool_], chances: NDArray[np.float64]) -> float:
    """How many of the labels ranked as high as a true one are true, on average."""
    from sklearn.metrics import label_ranking_average_precision_score

    if not true.size:
        return 0.0
    return float(label_ranking_average_precision_score(true.astype(int), chances))


def _matrix(values: ArrayLike, labels: int) -> NDArray[Any]:
    return np.asarray(values, float).reshape(-1, labels) if labels else np.zeros((0, 0))
