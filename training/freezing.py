"""Which parts of a network are trained, and a frozen base whose vectors are computed once."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training import layers
from training.files import core
from training.plan import Plan


def apply(network: Any, plan: Plan) -> None:
    """Freezes what the plan does not train; what is thawed later is left to `thaw`."""
    number = layers.count(network)
    lowest = {
        "layers": 1,
        "top": max(1, number + 1 - plan.top_layers),
        "head_only": number + 1,
    }.get(plan.trained, 0)
    if lowest or plan.trained == "gradual":  # which begins with all of it known to the optimizer
        _above(network, lowest, number)


def embeddings_learn(trained: str | None) -> bool:
    """Sooner or later, with this value of the setting `trained`."""
    return trained in ("all", "gradual")


def thaw(network: Any, plan: Plan, epoch: int) -> None:
    """The head alone in the first epoch, then evenly more from the top: all of it from half of the epochs on."""
    if plan.trained != "gradual":
        return
    number, half = layers.count(network), max(2, math.ceil(plan.epochs / 2))
    share = min(1.0, (epoch - 1) / (half - 1))
    _above(network, number + 1 - math.ceil(share * (number + 1)), number)


def _above(network: Any, lowest: int, number: int) -> None:
    for name, item in network.named_parameters():
        item.requires_grad_(layers.is_head(name) or layers.height(name, number) >= lowest)


@contextmanager
def stored(
    network: Any, found: Iterable[tuple[Sequence[Mapping[str, Any]], Any]]
) -> Generator[None, None, None]:
    """Inside, the network takes its vectors of these pieces from memory: the base is not run at all.

    `found` are pieces with their vectors (pieces, *network.shape). Pieces are known by identity.
    """
    known = {
        id(piece): vector
        for pieces, vectors in found
        for piece, vector in zip(pieces, vectors, strict=True)
    }
    collate = network.collate

    def with_vectors(pieces: Sequence[Mapping[str, Any]]) -> core.Batch:
        vectors = np.stack([known[id(piece)] for piece in pieces])
        return {**collate(pieces), "vectors": torch.from_numpy(vectors)}

    def vectors_of(batch: core.Batch) -> Tensor:
        return batch["vectors"]

    network.collate, network.vectors = with_vectors, vectors_of
    try:
        yield
    finally:
        del network.collate, network.vectors
