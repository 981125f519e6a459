"""Near duplicates: texts that share most of their short runs of characters, found by MinHash.

Of each text 60 bytes are kept (five for each of twelve bands), so a million rows need 60 MB. Rows that agree in all
five bytes of a band are compared, first by their bytes, then by the texts themselves, which are read again.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

THRESHOLD = 0.8
BANDS, ROWS = 12, 5  # found with a probability of 99 % at a likeness of 0.8, of 6 % at 0.35
LONGEST = 20_000  # characters of a text that count
_BYTES = BANDS * ROWS
_FULL = 60_000  # characters that are hashed together: what fits the processor's cache
_NEIGHBOURS = (
    3  # rows of a bucket that a row is compared with, beside the first: never all with all
)
_DOUBT = 0.2  # how far the bytes may lie below the threshold: three standard errors
_MOST = 100_000  # pairs of one kind and band that are verified; of more, every second or third …
_VAIN = 200_000  # pairs verified in vain, after which only what looks more alike is; after twice as many, nothing
_READ = 20_000  # pairs whose texts are in memory at a time, fewer where the texts are long
_HELD = 5_000_000  # characters in memory at a time, on average
_FEW = 500  # pairs whose runs are compared at a time

# Letters of scripts without spaces between words; two of them say as much as four others.
_WIDE = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))
_PLAIN = {code: " " for code in range(128) if not chr(code).isalnum()}
Words = NDArray[np.uint32]


class Near:
    """Takes the texts one by one; `groups` then says which belong together. The seed draws the hash functions."""

    def __init__(self, seed: int = 13) -> None:
        draw = np.random.default_rng(seed)
        self._factors = draw.integers(0, 2**31, _BYTES, np.uint32) * np.uint32(2) + np.uint32(1)
        self._offsets = draw.integers(0, 2**32, _BYTES, np.uint32)
        self._waiting: list[str] = []
        self._size = self._total = 0
        self._bytes = array("B")
        self.vain = 0  # pairs compared for nothing
        self.cut = False  # `groups` left pairs out: there may be more near duplicates than it found

    def add(self, text: str) -> None:
        self._waiting.append(text[:LONGEST])
        self._size += min(len(text), LONGEST)
        if self._size >= _FULL:
            self._hash()

    def groups(
        self,
        texts_at: Callable[[Sequence[int]], Sequence[str]],
        fingerprints: NDArray[np.uint64],
        threshold: float = THRESHOLD,
    ) -> NDArray[np.int32]:
        """The group of each row, numbered by first row, or -1 where nothing is like it.

        `texts_at` reads the texts of the rows it is given, which are sorted. A group is held together by pairs with a
        Jaccard likeness of at least the threshold. Rows of one fingerprint (exact copies) share a group if anything
        else is like them; copies alone make none.
        """
        self._hash()
        sketches = np.frombuffer(self._bytes, np.uint8).reshape(-1, _BYTES)
        _, first, copy_of = np.unique(fingerprints, return_index=True, return_inverse=True)
        # In the order of the rows, so that what is read again lies in the order of the file.
        order = np.sort(first).astype(np.int32)
        read = min(_READ, max(_FEW, _HELD * len(sketches) // (2 * self._total + 1)))
        found, self.vain, self.cut = _linked(sketches, order, texts_at, threshold, read)
        found[np.bincount(found, minlength=len(found))[found] < 2] = -1
        return _numbered(found[np.searchsorted(order, first)][copy_of])

    def _hash(self) -> None:
        if not self._waiting:
            return
        codes, starts, _ = shingles(self._waiting)
        self._total += self._size
        found = np.empty((_BYTES, len(starts)), np.uint32)
        scratch = np.empty_like(codes)
        for number in range(_BYTES):
            np.bitwise_xor(codes, self._offsets[number], out=scratch)
            np.multiply(scratch, self._factors[number], out=scratch)
            np.minimum.reduceat(scratch, starts, out=found[number])
        # The low bits are those of the shingle that won; the high ones are near zero for all.
        self._bytes.frombytes(np.ascontiguousarray((found >> 8).astype(np.uint8).T).tobytes())
        self._waiting, self._size = [], 0


def shingles(texts: Sequence[str]) -> tuple[Words, NDArray[np.intp], NDArray[np.intp]]:
    """Hashes of the short runs of all texts in a row, where each text begins, and how many it has (one at least)."""
    plain = [normal(text) for text in texts]
    lengths = np.fromiter(map(len, plain), np.intp, len(plain))
    raw = "   ".join([*plain, ""]).encode("utf-32-le", "replace")
    points = np.frombuffer(raw, np.uint32)
    own = np.ones(len(points), np.bool_)
    ends = np.cumsum(lengths + 3)
    for back in (1, 2, 3):
        own[ends - back] = False
    hashes = _hashes(points, own)
    return hashes, np.cumsum(lengths) - lengths, lengths


def _hashes(points: Words, own: NDArray[np.bool_]) -> Words:
    """Of the run that begins at each character that belongs to a text."""
    at = np.flatnonzero(own)
    wide = np.zeros(len(points), np.bool_)
    if points.max() >= _WIDE[0][0]:
        for low, high in _WIDE:
            wide |= (points >= low) & (points <= high)
    pair = points[at] * np.uint32(0x9E3779B1) + points[at + 1]
    four = (pair * np.uint32(0x85EBCA77) + points[at + 2]) * np.uint32(0xC2B2AE3D) + points[at + 3]
    return _mixed(np.where(wide[at], pair, four))


def _mixed(values: Words) -> Words:
    """The last step of MurmurHash3: every bit of the result depends on every bit."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def normal(text: str) -> str:
    """The text as it is compared: case, width, spaces and punctuation do not count. A space where nothing is left."""
    text = text[:LONGEST]
    if text.isascii():
        text = text.lower().translate(_PLAIN)
    else:
        text = unicodedata.normalize("NFKC", text).casefold()
        text = "".join([letter if letter.isalnum() else " " for letter in text])
    return " ".join(text.split()) or " "


def likeness(
    texts: Sequence[str], left: NDArray[np.intp], right: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Jaccard likeness of texts[left] and texts[right]: the runs that both have over those that either has."""
    codes, lengths = _sets(texts)
    places = np.concatenate([_of_pairs(codes, lengths, left), _of_pairs(codes, lengths, right)])
    places.sort()
    shared = places[1:][places[1:] == places[:-1]] >> np.uint64(32)
    both = np.bincount(shared.astype(np.intp), minlength=len(left))
    return both / (lengths[left] + lengths[right] - both)


def _sets(texts: Sequence[str]) -> tuple[Words, NDArray[np.intp]]:
    """The different runs of each text, text after text, and how many each has."""
    codes, _, lengths = shingles(texts)
    number = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    keys = number << np.uint64(32) | codes
    keys.sort()
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    number = (keys >> np.uint64(32)).astype(np.intp)
    return keys.astype(np.uint32), np.bincount(number, minlength=len(texts))


def _of_pairs(
    codes: Words, lengths: NDArray[np.intp], side: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """The runs of the texts on one side of the pairs, with the number of the pair in the high half."""
    sizes = lengths[side]
    begin = (np.cumsum(lengths) - lengths)[side] - (np.cumsum(sizes) - sizes)
    at = np.repeat(begin, sizes) + np.arange(sizes.sum())
    pair = np.repeat(np.arange(len(side), dtype=np.uint64), sizes)
    return pair << np.uint64(32) | codes[at]


def _linked(
    sketches: NDArray[np.uint8],
    order: NDArray[np.int32],
    texts_at: Callable[[Sequence[int]], Sequence[str]],
    threshold: float,
    read: int,
) -> tuple[NDArray[np.int32], int, bool]:
    """For each of the rows in `order` the number of its component; how many pairs were refused, and whether that were
    so many that others were not looked at.

    Pairs are verified when enough have gathered: ordinary data is read again once or twice, and where everything is
    alike what was joined saves most comparisons.
    """
    component = np.arange(len(order), dtype=np.int32)
    least = int(_BYTES * max(0.0, threshold - _DOUBT))
    refused = waiting = np.zeros(0, np.uint64)
    steps = [(band, gap) for band in range(BANDS) for gap in range(_NEIGHBOURS + 1)]
    cut = False
    for band, gap in steps:
        if not gap:
            rank, key = _ranked(sketches, order, band)
        found = _candidates(rank, key, gap, component)
        found = _alike(found, sketches, order, least)
        waiting = np.setdiff1d(np.concatenate([waiting, found]), refused)
        if len(waiting) < read and (band, gap) != steps[-1]:
            continue
        kept = _verified(waiting, order, texts_at, threshold, read)
        refused = np.union1d(refused, waiting[~kept])
        component = _joined(component, waiting[kept])
        waiting = waiting[:0]
        if len(refused) > _VAIN and (band, gap) != steps[-1]:
            least, cut = int(_BYTES * threshold), True
            if len(refused) > 2 * _VAIN:
                break
    return component, len(refused), cut


def _ranked(
    sketches: NDArray[np.uint8], order: NDArray[np.int32], band: int
) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
    """The places in `order` sorted by their bytes of the band, then of the next band, and those bytes."""
    key = _keys(sketches, order, band)
    rank = np.lexsort((_keys(sketches, order, (band + 1) % BANDS), key)).astype(np.int32)
    return rank, key[rank]


def _keys(sketches: NDArray[np.uint8], order: NDArray[np.int32], band: int) -> NDArray[np.uint64]:
    result = np.zeros(len(order), np.uint64)
    for column in range(band * ROWS, (band + 1) * ROWS):
        result = result << np.uint64(8) | sketches[order, column]
    return result


def _candidates(
    rank: NDArray[np.int32], key: NDArray[np.uint64], gap: int, component: NDArray[np.int32]
) -> NDArray[np.uint64]:
    """Pairs of a bucket that stand `gap` apart, or (0) of each row with the bucket's first, if not joined yet.

    A pair is two places in `order`, the smaller one in the high half.
    """
    here = np.arange(gap, len(key), dtype=np.int32)
    there = here - gap
    if not gap:
        starts = np.concatenate(([True], key[1:] != key[:-1]))
        there = np.maximum.accumulate(np.where(starts, here, 0))
    apart = (key[here] == key[there]) & (component[rank[here]] != component[rank[there]])
    left, right = rank[there[apart]], rank[here[apart]]
    low, high = np.minimum(left, right), np.maximum(left, right)
    return low.astype(np.uint64) << np.uint64(32) | high.astype(np.uint64)


def _alike(
    pairs: NDArray[np.uint64], sketches: NDArray[np.uint8], order: NDArray[np.int32], least: int
) -> NDArray[np.uint64]:
    """Those of the pairs whose sketches agree in enough bytes, thinned out evenly to _MOST."""
    kept = np.zeros(len(pairs), np.bool_)
    for begin in range(0, len(pairs), _FULL):
        part = slice(begin, begin + _FULL)
        left, right = _halves(pairs[part])
        equal = sketches[order[left]] == sketches[order[right]]
        kept[part] = np.count_nonzero(equal, axis=1) >= least
    found = pairs[kept]
    return found[:: max(1, -(-len(found) // _MOST))]


def _verified(
    pairs: NDArray[np.uint64],
    order: NDArray[np.int32],
    texts_at: Callable[[Sequence[int]], Sequence[str]],
    threshold: float,
    read: int,
) -> NDArray[np.bool_]:
    kept = np.zeros(len(pairs), np.bool_)
    for begin in range(0, len(pairs), read):
        left, right = _halves(pairs[begin : begin + read])
        rows = np.union1d(left, right)
        texts = texts_at(order[rows].tolist())
        for few in range(begin, begin + len(left), _FEW):
            part = slice(few - begin, few - begin + _FEW)
            near, inverse = np.unique(
                np.concatenate([left[part], right[part]]), return_inverse=True
            )
            near = np.searchsorted(rows, near)
            a, b = np.split(inverse, 2)
            alike = likeness([texts[number] for number in near], a, b)
            kept[few : few + len(a)] = alike >= threshold
    return kept


def _joined(component: NDArray[np.int32], pairs: NDArray[np.uint64]) -> NDArray[np.int32]:
    if not len(pairs):
        return component
    left, right = _halves(pairs)
    size = len(component)
    graph = coo_array(
        (np.ones(len(left), np.bool_), (component[left], component[right])), shape=(size, size)
    )
    result: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return result[component].astype(np.int32)


def _halves(pairs: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return (pairs >> np.uint64(32)).astype(np.intp), (pairs & np.uint64(0xFFFFFFFF)).astype(np.intp)


def _numbered(found: NDArray[np.int32]) -> NDArray[np.int32]:
    """The groups named 0, 1, 2 … in the order of their first rows; -1 stays."""
    names, first = np.unique(found, return_index=True)
    known = names >= 0
    place = np.empty(len(names), np.int32)
    place[known] = np.argsort(np.argsort(first[known]))
    place[~known] = -1
    return place[np.searchsorted(names, found)]
