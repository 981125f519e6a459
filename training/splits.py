"""Which rows train, validate and test: seeded, stratified by label, copies of a text kept together.

Integer arithmetic over texts, labels and the seed: the same on every machine, whatever the order of the rows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "valid", "test")
SHARES = {"valid": 0.1, "test": 0.1}  # what is left trains

_MASK = 0xFFFFFFFFFFFFFFFF


def normal(text: str) -> str:
    """The text as it is compared: compatibility forms, case and spaces do not count."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def fingerprint(text: str) -> int:
    """64 bits of the normalised text; equal for texts that count as copies."""
    return int.from_bytes(
        blake2b(normal(text).encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def assign(
    labels: Sequence[str] | NDArray[np.int32],
    texts: Sequence[str] | NDArray[np.uint64],
    seed: int,
    given: Sequence[str] | NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """The split of every row as an index into SPLITS.

    `texts` may be fingerprints and `labels` numbers (in the order of the sorted labels): a million rows stay small.
    `given` names the file a row came from (a name of SPLITS or its index): validation and test rows stay where they
    are, and only what has no file is cut from the training rows.
    """
    codes = _codes(labels)
    prints = (
        texts
        if isinstance(texts, np.ndarray)
        else np.array([fingerprint(t) for t in texts], np.uint64)
    )
    result = _given(given, len(codes))
    missing = {
        index: SHARES[name]
        for index, name in ((1, "valid"), (2, "test"))
        if not (result == index).any()
    }
    free = np.flatnonzero(result == 0)
    if missing and len(free):
        result[free] = _cut(codes[free], prints[free], seed, missing)
    return result


def names(result: NDArray[np.uint8]) -> list[str]:
    return [SPLITS[index] for index in result]


def _codes(labels: Sequence[str] | NDArray[np.int32]) -> NDArray[np.int64]:
    if isinstance(labels, np.ndarray) and labels.dtype.kind in "iu":
        return labels.astype(np.int64)
    order = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.array([order[label] for label in labels], np.int64)


def _given(given: Sequence[str] | NDArray[np.uint8] | None, rows: int) -> NDArray[np.uint8]:
    if given is None:
        return np.zeros(rows, np.uint8)
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu":
        return given.astype(np.uint8)
    return np.array([SPLITS.index(str(name)) for name in given], np.uint8)


def _cut(
    codes: NDArray[np.int64], prints: NDArray[np.uint64], seed: int, shares: dict[int, float]
) -> NDArray[np.uint8]:
    """Cuts groups of equal texts; the group belongs to the smallest label code that it has."""
    order = np.lexsort((codes, prints))
    texts, first, inverse = np.unique(prints[order], return_index=True, return_inverse=True)
    group_codes = codes[order][first]
    keys = mixed(texts, seed)
    ranked = np.lexsort((keys, group_codes))  # label by label, in an order that only the seed knows
    split_of_group = np.zeros(len(texts), np.uint8)
    split_of_group[ranked] = _every_so_often(len(texts), shares)
    _keep_one_in_train(split_of_group, ranked, group_codes[ranked])
    _leave_none_empty(split_of_group, group_codes, ranked, shares)
    result = np.zeros(len(codes), np.uint8)
    result[order] = split_of_group[inverse]
    return result


def _every_so_often(groups: int, shares: dict[int, float]) -> NDArray[np.uint8]:
    """Splits along rows that are sorted by label: of each label and of the whole the share, rounded up or down."""
    result = np.zeros(groups, np.uint8)
    position = np.arange(groups)
    for number, (split, share) in enumerate(sorted(shares.items())):
        offset = 0.45 + 0.5 * number * (
            len(shares) > 1
        )  # apart, so that they never want the same group
        hit = np.floor((position + 1) * share + offset) > np.floor(position * share + offset)
        result[hit & (result == 0)] = split
    return result


def _keep_one_in_train(
    split_of_group: NDArray[np.uint8], ranked: NDArray[np.intp], ranked_codes: NDArray[np.int64]
) -> None:
    """A label must be learnt before it can be tested: one with no group in train gives its first one back."""
    _, starts = np.unique(ranked_codes, return_index=True)
    for start, end in zip(starts, [*starts[1:], len(ranked)], strict=True):
        members = ranked[start:end]
        if split_of_group[members].all():
            split_of_group[members[0]] = 0


def _leave_none_empty(
    split_of_group: NDArray[np.uint8],
    group_codes: NDArray[np.int64],
    ranked: NDArray[np.intp],
    shares: dict[int, float],
) -> None:
    """Very few rows: each split still gets one, from the label that has most to give and keeps one in train."""
    for split in shares:
        if (split_of_group == split).any():
            continue
        left = np.bincount(group_codes[split_of_group == 0])
        if left.size and left.max() > 1:
            rich = ranked[(group_codes[ranked] == left.argmax()) & (split_of_group[ranked] == 0)]
            split_of_group[rich[-1]] = split


def mixed(values: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """splitmix64 over value and seed."""
    start = int.from_bytes(blake2b(str(seed).encode(), digest_size=8).digest(), "little")
    with np.errstate(over="ignore"):
        mixed = values ^ np.uint64(start & _MASK)
        mixed = mixed + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
