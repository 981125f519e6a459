"""Scores of numbers (how alike two texts are) and of searching (which text belongs to which)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CUTS = (1, 5, 10)
NDCG = 10


def regression(true: ArrayLike, predicted: ArrayLike) -> dict[str, float | None]:
    """None for what is not defined: a correlation of values that are all the same, anything of no rows or of NaN."""
    from scipy.stats import rankdata

    right, got = np.asarray(true, float), np.asarray(predicted, float)
    if not len(right) or not np.isfinite([right, got]).all():
        return dict.fromkeys(("pearson", "spearman", "mse", "mae"))
    with np.errstate(over="ignore"):
        errors = got - right
        found = {
            "pearson": _correlation(right, got),
            "spearman": _correlation(rankdata(right), rankdata(got)),
            "mse": float(np.mean(errors**2)),
            "mae": float(np.mean(np.abs(errors))),
        }
    return {name: value if _is_finite(value) else None for name, value in found.items()}


def ranking(similarities: ArrayLike, relevant: Sequence[Collection[int]]) -> dict[str, float | int]:
    """How well candidates are found. `similarities` has shape (queries, candidates), `relevant` their indices a query.

    Queries without relevant candidates do not count (`queries` is the number of those that do). Of equally similar
    candidates the irrelevant come first, so that a model that tells nothing apart gets nothing.
    """
    table = np.nan_to_num(np.asarray(similarities, float), nan=-np.inf)
    rows = [
        (ranks, len(set(wanted)))
        for scores, wanted in zip(table, relevant, strict=True)
        if len(ranks := _ranks(scores, set(wanted)))
    ]
    found: dict[str, float | int] = {
        f"recall_at_{cut}": _mean([(ranks <= cut).sum() / count for ranks, count in rows])
        for cut in CUTS
    }
    found["mrr"] = _mean([1 / ranks[0] for ranks, _ in rows])
    found[f"ndcg_at_{NDCG}"] = _mean([_ndcg(ranks, count) for ranks, count in rows])
    found["queries"] = len(rows)
    return found


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> float | None:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    # The sum of the largest numbers there are is too large: each is divided before.
    one, other = (values - (values / len(values)).sum() for values in (first, second))
    if not (np.isfinite(one).all() and np.isfinite(other).all() and one.any() and other.any()):
        return None
    one, other = (
        one / np.abs(one).max(),
        other / np.abs(other).max(),
    )  # squares neither over nor under
    value = float(one @ other / np.sqrt((one @ one) * (other @ other)))
    return max(-1.0, min(1.0, value)) if np.isfinite(value) else None


def _is_finite(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _ranks(scores: NDArray[np.float64], wanted: set[int]) -> NDArray[np.int64]:
    """At which places, from 1, the relevant candidates stand."""
    mask = np.zeros(len(scores), bool)
    mask[list(wanted)] = True
    return np.flatnonzero(mask[np.lexsort((mask, -scores))]) + 1


def _ndcg(ranks: NDArray[np.int64], count: int) -> float:
    gains = 1 / np.log2(np.arange(2, NDCG + 2))
    return float(gains[ranks[ranks <= NDCG] - 1].sum() / gains[:count].sum())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
