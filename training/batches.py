"""Which rows stand together in a training step. Short rows with short rows, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

POOL = 50  # batches whose rows are sorted by length together: enough to pad little, few enough to stay random


def training(
    lengths: Sequence[int], size: int, seed: int, epoch: int
) -> list[npt.NDArray[np.int64]]:
    """Every row once, `size` rows a batch, rows of like length together, batches in random order.

    Depends on nothing but the arguments, so an epoch can be repeated.
    """
    draw = np.random.default_rng([seed, epoch])
    order = draw.permutation(len(lengths))
    length = np.asarray(lengths)
    pools = [order[start : start + size * POOL] for start in range(0, len(order), size * POOL)]
    ranked = [pool[np.argsort(length[pool], kind="stable")] for pool in pools]
    batches = [pool[start : start + size] for pool in ranked for start in range(0, len(pool), size)]
    return [batches[place] for place in draw.permutation(len(batches))]


def steps(rows: int, size: int) -> int:
    """Batches in one epoch of `training`."""
    return -(-rows // size)
