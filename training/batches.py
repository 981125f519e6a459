"""Which rows stand together in a training step. Short rows with short rows, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

TOGETHER = 4  # rows of one label that stand in one batch where pairs are learnt from
POOL = 50  # batches whose rows are sorted by length together: enough to pad little, few enough to stay random


def training(
    lengths: Sequence[int],
    size: int,
    seed: int,
    epoch: int,
    shares: npt.NDArray[np.float64] | None = None,
) -> list[npt.NDArray[np.int64]]:
    """Every row once, `size` rows a batch, rows of like length together, batches in random order.

    With `shares`, one a row and 1 in all, as many rows are drawn, each as often as its share says.

    Depends on nothing but the arguments, so an epoch can be repeated.
    """
    draw = np.random.default_rng([seed, epoch])
    count = len(lengths)
    order = draw.permutation(count) if shares is None else draw.choice(count, count, p=shares)
    length = np.asarray(lengths)
    pools = [order[start : start + size * POOL] for start in range(0, len(order), size * POOL)]
    ranked = [pool[np.argsort(length[pool], kind="stable")] for pool in pools]
    batches = [pool[start : start + size] for pool in ranked for start in range(0, len(pool), size)]
    return [batches[place] for place in draw.permutation(len(batches))]


def by_label(
    targets: Sequence[int], size: int, seed: int, epoch: int
) -> list[npt.NDArray[np.int64]]:
    """Every row once, as many batches as `training` makes; TOGETHER rows of a label stand in one batch.

    So there are pairs of the same label in each, and far more of different ones.
    """
    draw, labels = np.random.default_rng([seed, epoch]), np.asarray(targets)
    groups: list[npt.NDArray[np.int64]] = []
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        groups += [rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER)]
    order = np.concatenate([groups[place] for place in draw.permutation(len(groups))])
    return [order[start : start + size] for start in range(0, len(order), size)]


def evenly(targets: Sequence[Any]) -> npt.NDArray[np.float64] | None:
    """The share of each row, so that all labels are drawn equally often. None for targets that are scores.

    A target is the number of a label, or a yes or no for each: then the rarest label of a row counts.
    """
    found = np.asarray(targets)
    if found.ndim == 1 and found.dtype.kind == "f":
        return None
    if found.ndim == 1:
        worth = 1 / np.bincount(found)[found]
    else:
        rare = found / np.maximum(found.sum(0), 1)
        worth = np.where(found.any(1), rare.max(1), 1 / len(found))
    shares: npt.NDArray[np.float64] = worth / worth.sum()
    return shares


def steps(rows: int, size: int) -> int:
    """Batches in one epoch of `training`."""
    return -(-rows // size)
