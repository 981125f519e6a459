"""One label a row: scores that are well defined for labels that never occur, and the verdict on a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAME = 0.005  # accuracy within half a point is no difference
SIGNIFICANT = 0.05
ROUNDS = 1000  # of the bootstrap


def classification(
    targets: ArrayLike, predicted: ArrayLike, probabilities: ArrayLike | None, labels: Sequence[str]
) -> dict[str, Any]:
    """Metrics of one label a row. `targets` and `predicted` are indices into `labels`.

    A target of -1 is a label that the model does not know: such a row counts as wrong and has no line in `confusion`
    (rows true, columns predicted).

    `probabilities` has shape (rows, labels); without it there is no `log_loss` (None). Without rows every score is 0.
    """
    true, got = np.asarray(targets, int), np.asarray(predicted, int)
    confusion = _confusion(true, got, len(labels))
    return {
        "accuracy": float(np.mean(true == got)) if len(true) else 0.0,
        **_averages(true, got, len(labels)),
        "per_label": _per_label(true, got, labels),
        "mcc": _mcc(true, got),
        "log_loss": _log_loss(true, probabilities),
        "confusion": confusion.tolist(),
    }


def macro_f1(targets: ArrayLike, predicted: ArrayLike, labels: int) -> float:
    """The mean F1 of all labels alone, for every epoch."""
    return float(np.mean(_scores(np.asarray(targets, int), np.asarray(predicted, int), labels)[2]))


def verdict(hits: ArrayLike, baselines: Mapping[str, ArrayLike], seed: int = 0) -> dict[str, Any]:
    """The model against the best of the simple baselines, each given as how good its answer is, 0 to 1, row by row.

    `gain` and `worse` need half a point and a paired test on the same test rows to agree; all else is `same`. The test
    is McNemar's exact one where answers are right or wrong, else a paired bootstrap. `points` are percentage points.
    """
    ours = np.asarray(hits, float)
    tables = {name: np.asarray(values, float) for name, values in baselines.items()}
    best = max(tables, key=lambda name: (float(tables[name].mean()) if len(ours) else 0.0, name))
    difference = float((ours - tables[best]).mean()) if len(ours) else 0.0
    p_value = paired(ours, tables[best], seed)
    code = "gain" if difference > 0 else "worse"
    if abs(difference) <= SAME or p_value >= SIGNIFICANT:
        code = "same"
    return {
        "code": code,
        "points": round(100 * difference, 2),
        "baseline": best,
        "p_value": p_value,
    }


def paired(first: NDArray[np.float64], second: NDArray[np.float64], seed: int) -> float:
    """Two-sided p-value that two models are equally good, from how good their answers to the same rows are."""
    if set(np.unique([first, second])) <= {0.0, 1.0}:
        return mcnemar(first > 0.5, second > 0.5)
    differences = first - second
    draw = np.random.default_rng(seed)
    # The bootstrap distribution of the mean, moved to 0: how often is it as far out as what was found?
    means = np.array(
        [differences[draw.integers(0, len(first), len(first))].mean() for _ in range(ROUNDS)]
    )
    found = abs(float(differences.mean()))
    return float((np.sum(np.abs(means - differences.mean()) >= found) + 1) / (ROUNDS + 1))


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Two-sided exact p-value that two models are right equally often, from rows on which only one of them is right."""
    from scipy.stats import binomtest

    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if not only_first + only_second:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


def _scores(true: NDArray[Any], got: NDArray[Any], count: int) -> tuple[NDArray[Any], ...]:
    """(precision, recall, F1, support) of every label; 0 where nothing can be divided."""
    from sklearn.metrics import precision_recall_fscore_support

    if not len(true) or not count:
        return tuple(np.zeros(count) for _ in range(4))
    return precision_recall_fscore_support(
        true, got, labels=range(count), average=None, zero_division=0
    )


def _per_label(
    true: NDArray[Any], got: NDArray[Any], labels: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    columns = zip(*_scores(true, got, len(labels)), strict=True)
    return {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "support": int(s)}
        for label, (p, r, f, s) in zip(labels, columns, strict=True)
    }


def _averages(true: NDArray[Any], got: NDArray[Any], count: int) -> dict[str, dict[str, float]]:
    from sklearn.metrics import precision_recall_fscore_support

    result = {}
    for average in ("macro", "micro", "weighted"):
        scores: Sequence[float | None] = (0.0, 0.0, 0.0)
        if len(true) and count:
            scores = precision_recall_fscore_support(
                true, got, labels=range(count), average=average, zero_division=0
            )[:3]
        names = ("precision", "recall", "f1")
        result[average] = {
            name: float(value or 0.0) for name, value in zip(names, scores, strict=True)
        }
    return result


def _mcc(true: NDArray[Any], got: NDArray[Any]) -> float:
    from sklearn.metrics import matthews_corrcoef

    several = len(np.union1d(true, got)) > 1  # of one label alone there is nothing to correlate
    return float(matthews_corrcoef(true, got)) if several else 0.0


def _log_loss(true: NDArray[Any], probabilities: ArrayLike | None) -> float | None:
    """Mean negative logarithm of the probability of the true label, over rows whose label the model knows."""
    if probabilities is None:
        return None
    known = true >= 0
    if not known.any():
        return None
    chosen = np.asarray(probabilities, float)[known, true[known]]
    return float(-np.mean(np.log(np.clip(chosen, 1e-15, 1.0))))


def _confusion(true: NDArray[Any], got: NDArray[Any], count: int) -> NDArray[np.int64]:
    matrix = np.zeros((count, count), np.int64)
    known = (true >= 0) & (got >= 0)
    np.add.at(matrix, (true[known], got[known]), 1)
    return matrix
