"""What is different between two versions: rows added, dropped and changed, and rows that went into another split.

Rows have no number that lasts: they are told by the place in the file that they came from, and by what stands in them.
Of each row a few numbers are held, never its texts; only the rows that are shown are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from training import splits, version
from training.version import Stored

KINDS = ("changed", "added", "dropped", "moved")
# Roles that say what is to be answered; the others are what a row is known by when its answer has changed.
ANSWERS = frozenset(
    {"label", "score", "entities", "target", "answer_text", "answer_start", "references"}
)
# Ways to find a row again, the surest first. What a place alone tells is believed last: lines may have shifted.
WAYS = (("place", "content"), ("place", "key"), ("content",), ("key",), ("place",))
_PARTS = 8
_COUNTED = 50_000  # pairs of labels that are told apart

Numbers = NDArray[np.uint64]
Rows = NDArray[np.int64]
_NONE: Rows = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Pair:
    """A row before and after; one of the two where it was added or dropped."""

    old: Stored | None
    new: Stored | None


@dataclass(frozen=True)
class Difference:
    """`rows`: the first of each kind. A row that changed and went into another split is counted as both."""

    counts: Mapping[str, int]  # of KINDS, and `same`
    roles: Mapping[str, int]  # role -> rows in which it changed
    labels: Mapping[tuple[str, str], int]  # (old, new) -> rows, most frequent first
    splits: Mapping[tuple[str, str], int]  # the same of the splits
    rows: Mapping[str, list[Pair]]

    @property
    def nothing(self) -> bool:
        return not any(self.counts[kind] for kind in KINDS)


@dataclass
class Side:
    """One version in numbers, one entry a row."""

    path: str | Path
    place: Numbers  # of file and line; 0 where it has none
    content: Numbers
    roles: dict[str, Numbers]
    split: NDArray[np.uint8]
    labels: dict[int, str]  # digest -> label

    def by(self, way: Sequence[str], rows: Rows) -> Numbers:
        """One number for each of the rows; 0 where this way does not tell it."""
        found = self._named(way[0], rows)
        for name in way[1:]:
            more = splits.mixed(found, 0) ^ self._named(name, rows)
            found = np.where(found == 0, found, more)
        return found

    def _named(self, name: str, rows: Rows) -> Numbers:
        if name == "key":
            return keys(self.path, list(self.roles), rows)
        whole = self.place if name == "place" else self.content
        return whole if len(rows) == len(whole) else whole[rows]


def keys(path: str | Path, roles: Sequence[str], rows: Rows) -> Numbers:
    """What these rows (ascending) are known by, whatever their answer: read when it is needed, for few rows."""
    known = [role for role in roles if role not in ANSWERS] or roles
    found, begin = [np.zeros(0, np.uint64)], 0
    for table in version.tables(path) if len(rows) else ():
        low, high = np.searchsorted(rows, (begin, begin + table.num_rows))
        if low < high:
            part = table.take(rows[low:high] - begin).combine_chunks()
            found.append(_mixed(part, (splits.fingerprints(_column(part, r)) for r in known)))
        begin += table.num_rows
    return np.concatenate(found)


def compare(old: str | Path, new: str | Path, limit: int = 50) -> Difference:
    """From `old` to `new`, with the first `limit` rows of each kind. Raises Problem(`version.broken`)."""
    roles = [role for role in version.columns(old)[0] if role in version.columns(new)[0]]
    a, b = side(old, roles), side(new, roles)
    left, right = paired(a, b)
    changed = a.content[left] != b.content[right]
    moved = a.split[left] != b.split[right]
    found = {
        "changed": (left[changed], right[changed]),
        "added": (_NONE, _others(right, len(b.split))),
        "dropped": (_others(left, len(a.split)), _NONE),
        "moved": (left[moved], right[moved]),
    }
    counts = {kind: max(map(len, pair)) for kind, pair in found.items()}
    return Difference(
        {**counts, "same": int((~changed & ~moved).sum())},
        {r: n for r in roles if (n := int((a.roles[r][left] != b.roles[r][right]).sum()))},
        _labels(a, b, *found["changed"]),
        _splits(a, b, *found["moved"]),
        _shown(old, new, {kind: (x[:limit], y[:limit]) for kind, (x, y) in found.items()}),
    )


def side(path: str | Path, roles: list[str]) -> Side:
    """Reads a version once, row group by row group."""
    parts: dict[str, list[Any]] = {name: [] for name in ("place", "split", *roles)}
    labels: dict[int, str] = {}
    for table in version.tables(path):
        table = table.combine_chunks()
        for role in roles:
            parts[role].append(splits.digests(_column(table, role)))
        if "label" in roles:
            labels |= _names(table)
        parts["place"].append(_places(table))
        parts["split"].append(_split(table))
    whole = {
        name: np.concatenate([np.zeros(0, np.uint8 if name == "split" else np.uint64), *found])
        for name, found in parts.items()
    }
    of_role = {role: whole[role] for role in roles}
    content = _mixed(whole["split"], of_role.values())
    return Side(path, whole["place"], content, of_role, whole["split"], labels)


def _column(table: Any, name: str) -> Any:
    return table[name].combine_chunks()


def _mixed(rows: Sized, numbers: Iterable[Numbers]) -> Numbers:
    """One number a row out of several, in which their order counts; never 0."""
    found = np.ones(len(rows), np.uint64)
    for number in numbers:
        found = splits.mixed(found ^ number, 0)
    return np.maximum(found, np.uint64(1))


def _names(table: Any) -> dict[int, str]:
    found = pc.unique(_column(table, "label"))
    return dict(zip(splits.digests(found).tolist(), found.to_pylist(), strict=True))


def _places(table: Any) -> Numbers:
    """0 for a row that was typed in."""
    files = _column(table, "file").dictionary_encode()
    of_file = splits.digests(files.dictionary)[files.indices.to_numpy()]
    lines = table["line"].to_numpy().astype(np.uint64)
    nameless = pc.equal(_column(table, "file"), "").to_numpy(zero_copy_only=False)
    return np.where(nameless | (lines == 0), np.uint64(0), _mixed(lines, (of_file, lines)))


def _split(table: Any) -> NDArray[np.uint8]:
    found = _column(table, "split").dictionary_encode()
    names = [splits.SPLITS.index(name) for name in found.dictionary.to_pylist()]
    return np.array(names, np.uint8)[found.indices.to_numpy()]


# --- finding rows again --------------------------------------------------------------------------------------------


def paired(a: Side, b: Side) -> tuple[Rows, Rows]:
    """Rows of `a`, and for each the row of `b` that it became, in the order of `b`."""
    left, right = np.arange(len(a.split)), np.arange(len(b.split))
    found = [(_NONE, _NONE)]
    for way in WAYS if a.roles else ():
        x, y = _matched(a.by(way, left), b.by(way, right), once=way == ("place",))
        found.append((left[x], right[y]))
        left, right = np.delete(left, x), np.delete(right, y)
    olds, news = (np.concatenate(rows) for rows in zip(*found, strict=True))
    order = np.argsort(news, kind="stable")
    return olds[order], news[order]


def _matched(a: Numbers, b: Numbers, once: bool) -> tuple[Rows, Rows]:
    """Places in `a` and in `b` of equal numbers: the first with the first, the second with the second.

    `once`: only numbers that stand there once. 0 equals nothing.
    """
    found = [(_NONE, _NONE)]
    for part in range(
        _PARTS
    ):  # by what the numbers end in, so that the sorting takes little memory
        x, y = (np.flatnonzero((side % np.uint64(_PARTS) == part) & (side != 0)) for side in (a, b))
        in_x, in_y = _met(Runs.of(a[x]), Runs.of(b[y]), once)
        found.append((x[in_x], y[in_y]))
    olds, news = (np.concatenate(rows) for rows in zip(*found, strict=True))
    return olds, news


def _met(a: Runs, b: Runs, once: bool) -> tuple[Rows, Rows]:
    if not len(a.numbers) or not len(b.numbers):
        return _NONE, _NONE
    at = np.searchsorted(b.numbers, a.numbers)
    at[at == len(b.numbers)] = 0
    same = np.flatnonzero(b.numbers[at] == a.numbers)
    at = at[same]
    sizes, others = a.sizes[same], b.sizes[at]
    counts = (sizes * others == 1).astype(np.int64) if once else np.minimum(sizes, others)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x = np.repeat(a.starts[same], counts) + within
    return a.order[x], b.order[np.repeat(b.starts[at], counts) + within]


class Runs(NamedTuple):
    """Numbers in order, each once, and where the places of its copies stand in `order`."""

    numbers: Numbers
    starts: Rows
    sizes: Rows
    order: Rows

    @classmethod
    def of(cls, numbers: Numbers) -> Runs:
        order = np.argsort(numbers, kind="stable")
        ordered = numbers[order]
        first = np.ones(len(ordered), bool)
        np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        return cls(ordered[starts], starts, np.diff(np.append(starts, len(ordered))), order)


def _others(rows: Rows, size: int) -> Rows:
    """All rows but these."""
    free = np.ones(size, bool)
    free[rows] = False
    return np.flatnonzero(free)


# --- what is told of them ------------------------------------------------------------------------------------------


def _labels(a: Side, b: Side, left: Rows, right: Rows) -> dict[tuple[str, str], int]:
    if "label" not in a.roles:
        return {}
    pairs = np.stack([a.roles["label"][left], b.roles["label"][right]], axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return _counted(pairs, a.labels, b.labels)


def _splits(a: Side, b: Side, left: Rows, right: Rows) -> dict[tuple[str, str], int]:
    names = dict(enumerate(splits.SPLITS))
    return _counted(np.stack([a.split[left], b.split[right]], axis=1), names, names)


def _counted(
    pairs: Any, olds: Mapping[int, str], news: Mapping[int, str]
) -> dict[tuple[str, str], int]:
    found, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_COUNTED]
    return {(olds[int(found[n, 0])], news[int(found[n, 1])]): int(counts[n]) for n in order}


def _shown(
    old: str | Path, new: str | Path, found: Mapping[str, tuple[Rows, Rows]]
) -> dict[str, list[Pair]]:
    before = _read(old, (rows for rows, _news in found.values()))
    after = _read(new, (rows for _olds, rows in found.values()))
    result = {}
    for kind, (olds, news) in found.items():
        left: list[Stored | None] = [before[row] for row in olds.tolist()]
        right: list[Stored | None] = [after[row] for row in news.tolist()]
        result[kind] = [Pair(a, b) for a, b in zip_longest(left, right)]
    return result


def _read(path: str | Path, wanted: Iterable[Rows]) -> dict[int, Stored]:
    """Place in the version -> the row."""
    rows = np.unique(np.concatenate([_NONE, *wanted]))
    return dict(zip(rows.tolist(), version.rows_at(path, rows.tolist()), strict=True))
