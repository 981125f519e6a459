"""What follows from moving the threshold: precision against recall, and hits against false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.scoring.counts import divided
from training.scoring.multilabel import DEFAULT, best_threshold

POINTS = 60  # of a curve
LABELS = 12  # that are drawn

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]


def curves(targets: ArrayLike, probabilities: ArrayLike, labels: Sequence[str]) -> dict[str, Any]:
    """{"labels": {label: curve}, "micro": curve} of the labels with most rows; `micro` is all of them as one.

    `targets` are indices into `labels` (-1: one that the model does not know), or of shape (rows, labels). A curve is
    {"support", "pr": {"points": [[recall, precision]], "area"}, "roc": {"points": [[false alarms, hits]], "area"}}.
    Areas are average precision and ROC AUC; without both kinds of rows there are no points, and None.
    """
    chances = np.asarray(probabilities, float).reshape(-1, len(labels))
    true = _flags(np.asarray(targets), len(labels))
    support = true.sum(axis=0)
    order = np.argsort(-support, kind="stable")[:LABELS]
    return {
        "labels": {
            labels[place]: _curve(true[:, place], chances[:, place])
            for place in order
            if support[place]
        },
        "micro": _curve(true.ravel(), chances.ravel()),
    }


def binary(true: ArrayLike, score: ArrayLike) -> dict[str, float | None]:
    """Of a score that is higher for true rows: areas (None where only one kind of row is there) and best thresholds.

    A row counts as true from the threshold on.
    """
    right, scores = np.asarray(true).astype(bool), np.asarray(score, float)
    precision_recall, operating = _both(right, scores)
    limit = best_threshold(right, scores, DEFAULT)
    hits = int((right & (scores >= limit)).sum())
    other = _most_accurate(right, scores)
    return {
        "roc_auc": operating["area"],
        "average_precision": precision_recall["area"],
        "f1": float(divided(2 * hits, (scores >= limit).sum() + right.sum())),
        "f1_threshold": limit,
        "accuracy": float(np.mean(right == (scores >= other))) if len(right) else 0.0,
        "accuracy_threshold": other,
    }


def _flags(targets: NDArray[Any], labels: int) -> Flags:
    if targets.ndim == 1 or not targets.size:
        return np.asarray(targets.reshape(-1, 1) == np.arange(labels))
    return targets > 0


def _curve(true: Flags, score: Numbers) -> dict[str, Any]:
    precision_recall, operating = _both(true, score)
    return {"support": int(true.sum()), "pr": precision_recall, "roc": operating}


def _both(true: Flags, score: Numbers) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two curves. Equal scores are passed at once."""
    if not true.any() or true.all():
        return {"points": [], "area": None}, {"points": [], "area": None}
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(score[order][1:] != score[order][:-1], True))
    hits = np.cumsum(true[order])[ends]
    alarms = ends + 1 - hits
    recall, precision = hits / true.sum(), hits / (ends + 1)
    false = alarms / (~true).sum()
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    area = float(np.trapezoid(np.append(0.0, recall), np.append(0.0, false)))
    return (
        {"points": _thinned(np.append(0.0, recall), np.append(1.0, precision)), "area": average},
        {"points": _thinned(np.append(0.0, false), np.append(0.0, recall)), "area": area},
    )


def _thinned(across: Numbers, up: Numbers) -> list[list[float]]:
    """At most POINTS of the points, evenly along the curve, with its ends."""
    way = np.cumsum(np.hypot(np.diff(across, prepend=across[0]), np.diff(up, prepend=up[0])))
    places = np.arange(len(way))
    if len(way) > POINTS:
        places = np.unique(np.searchsorted(way, np.linspace(0, way[-1], POINTS)))
        places = np.append(places[:-1], len(way) - 1)
    return [
        [round(float(x), 5), round(float(y), 5)]
        for x, y in zip(across[places], up[places], strict=True)
    ]


def _most_accurate(true: Flags, score: Numbers) -> float:
    """Of equally good thresholds, the nearest to a half; one above all scores calls nothing true."""
    if not len(true):
        return DEFAULT
    order = np.argsort(-score, kind="stable")
    values = score[order]
    right = np.append(0, np.cumsum(np.where(true[order], 1, -1)))  # more right than calling none
    ends = np.append(0, np.flatnonzero(np.append(values[1:] != values[:-1], True)) + 1)
    above = np.append(values[0] + 1.0, values)[ends]
    below = np.append(values, min(values[-1], 0.0))[ends]
    middles = (above + below) / 2
    middles = np.where(middles > below, middles, above)
    best = middles[right[ends] == right[ends].max()]
    return float(best[np.argmin(np.abs(best - DEFAULT))])
