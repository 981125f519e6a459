"""How much a score owes to the rows that happened to be tested: it is taken again on rows drawn with replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

ROUNDS = 1000
_BLOCK = 1 << 22  # numbers that are held at a time

Formula = Callable[[NDArray[Any]], float]


def interval(values: ArrayLike, seed: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """The 95 % interval (low, high) of the mean of one value a row."""
    return _interval(_means(np.asarray(values, float), seed, rounds))


def paired(
    first: ArrayLike, second: ArrayLike, seed: int, rounds: int = ROUNDS
) -> dict[str, float]:
    """Mean of `first` minus mean of `second`, two values of the same rows.

    {"difference", "low", "high", "p_value"}; the p-value is two-sided, that the two are equal.
    """
    values = np.asarray(first, float) - np.asarray(second, float)
    difference = float(values.mean()) if len(values) else 0.0
    return _difference(difference, _means(values, seed, rounds))


def corpus_interval(
    statistics: ArrayLike, formula: Formula, seed: int, rounds: int = ROUNDS
) -> tuple[float, float]:
    """The 95 % interval of a score that is no mean: `formula` makes it of sums of `statistics` (rows, k)."""
    sums = _sums(np.asarray(statistics), seed, rounds)
    return _interval(np.array([formula(one) for one in sums]))


def corpus_paired(
    first: ArrayLike, second: ArrayLike, formula: Formula, seed: int, rounds: int = ROUNDS
) -> dict[str, float]:
    """As `paired`, for two models and a score that is no mean."""
    one, other = np.asarray(first), np.asarray(second)
    pairs = zip(_sums(one, seed, rounds), _sums(other, seed, rounds), strict=True)  # same rows
    drawn = np.array([formula(a) - formula(b) for a, b in pairs])
    difference = formula(one.sum(axis=0)) - formula(other.sum(axis=0)) if len(one) else 0.0
    return _difference(float(difference), drawn)


def _draws(rows: int, width: int, seed: int, rounds: int) -> Iterator[NDArray[np.int64]]:
    """(some rounds, rows) at a time: the same rows for the same seed, whatever `width` is."""
    generator = np.random.default_rng(seed)
    step = max(1, _BLOCK // max(1, rows * width))
    for begin in range(0, rounds, step):
        yield generator.integers(0, rows, (min(step, rounds - begin), rows))


def _means(values: NDArray[np.float64], seed: int, rounds: int) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(0)
    draws = _draws(len(values), 1, seed, rounds)
    return np.concatenate([values[places].mean(axis=1) for places in draws])


def _sums(statistics: NDArray[Any], seed: int, rounds: int) -> NDArray[Any]:
    """(rounds, k); no rounds without rows."""
    if not len(statistics):
        return np.zeros((0, *statistics.shape[1:]))
    draws = _draws(len(statistics), statistics.shape[1], seed, rounds)
    return np.concatenate([statistics[places].sum(axis=1) for places in draws])


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    if not len(drawn):
        return 0.0, 0.0
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _difference(difference: float, drawn: NDArray[np.float64]) -> dict[str, float]:
    low, high = _interval(drawn)
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p_value = min(1.0, 2 * (tail + 1) / (len(drawn) + 1))  # never 0: rounds are few
    return {"difference": difference, "low": low, "high": high, "p_value": p_value}
