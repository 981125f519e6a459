"""Looking at the rows of a version page by page, also where there are a million of them.

A filter reads only the columns that it is about, one row group in memory at a time; the texts of a page are read from
the row groups in which its rows lie. A version never changes: which rows match is kept for the next page. What a draft
has in place of the version's values is laid over that, so that a row is found by what it says now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training import version
from training.version import Page, Stored

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
CELL, LIST, MARKS = "cell", "list", "marks"  # how labels stand in their column; see label_hit
CONTAINS = "contains"
_PLACE = ("row", "file", "line", "split")  # columns that are not searched
FACET_VALUES = 200  # more different values are no facet
_KEPT = 64  # answers about one column each; a million rows take 1 MB
Changed = Mapping[
    int, Mapping[str, str]
]  # row -> role -> what a draft has in place of the version's value


@dataclass(frozen=True)
class Query:
    """Which rows; what is empty asks for nothing. `rows`: only these, in this order."""

    split: str = ""
    label: str = ""
    search: str = ""  # part of any text, case ignored
    finding: str = ""  # a name in the flags
    facet: str = ""  # one of the user's own columns …
    value: str = ""  # … and what it holds
    rows: tuple[int, ...] | None = None
    label_role: str = "label"
    labels_as: str = CELL

    @property
    def scans(self) -> bool:
        return bool(self.split or self.label or self.search or self.facet)


@dataclass(frozen=True)
class Asked:
    """What the cells of one column are asked for. `how`: CONTAINS, or how labels stand in it."""

    column: str
    text: str
    how: str = CELL


def page(
    path: str | Path,
    query: Query,
    offset: int = 0,
    limit: int = 50,
    changed: Changed = MappingProxyType({}),
) -> Page:
    """Rows `offset` … `offset + limit` of those that match, as the version has them.

    Raises Problem(`version.broken`).
    """
    if not query.scans and not query.finding and query.rows is None:
        with version._opened(path) as file:
            total = file.metadata.num_rows
        wanted: Sequence[int] = range(offset, min(offset + limit, total))
        return Page(total, rows(path, wanted))
    found = matching(path, query, changed)
    return Page(len(found), rows(path, found[offset : offset + limit].tolist()))


def matching(path: str | Path, query: Query, changed: Changed = MappingProxyType({})) -> Numbers:
    """Numbers of all rows that match with the draft's values, in their order; a finding is about the version's."""
    mask = _scanned_all(path, query, changed)
    if query.finding:
        flagged = np.zeros_like(mask)
        flagged[version.read_flags(path, query.finding)[query.finding]] = True
        mask &= flagged
    if query.rows is None:
        return np.flatnonzero(mask)
    wanted = np.array([row for row in query.rows if row < len(mask)], np.int64)
    return wanted[mask[wanted]]


def _scanned_all(path: str | Path, query: Query, changed: Changed) -> Mask:
    with version._opened(path) as file:
        size, names = file.metadata.num_rows, file.schema_arrow.names
    mask = np.ones(size, bool)
    for choices in _asked(query, names):
        found = np.zeros(size, bool)
        for asked in choices:
            if asked.column in names:
                found |= _redrafted(_scanned(str(path), _stamp(path), asked), asked, changed)
        mask &= found
    return mask


def _asked(query: Query, names: Sequence[str]) -> list[list[Asked]]:
    """All of these have to hold; of each inner list one is enough."""
    every = []
    if query.split:
        every.append([Asked("split", query.split)])
    if query.label:
        every.append([Asked(query.label_role, query.label, query.labels_as)])
    if query.facet:
        every.append([Asked(version._EXTRA + query.facet, query.value)])
    if query.search:
        every.append([Asked(name, query.search, CONTAINS) for name in names if name not in _PLACE])
    return every


def _redrafted(stored: Mask, asked: Asked, changed: Changed) -> Mask:
    """The answer for the version, corrected where the draft has other cells."""
    said = {row: values[asked.column] for row, values in changed.items() if asked.column in values}
    if not said:
        return stored
    mask = stored.copy()
    mask[np.fromiter(said, np.int64, len(said))] = _hit(pa.array(said.values()), asked)
    return mask


def _hit(column: Any, asked: Asked) -> Mask:
    if asked.how == CONTAINS:
        found = pc.match_substring(column, asked.text, ignore_case=True)
    else:
        found = label_hit(column, asked.text, asked.how)
    return np.asarray(pc.fill_null(found, False).to_numpy(zero_copy_only=False), bool)


def added(query: Query, rows: Sequence[Mapping[str, str]]) -> list[bool]:
    """Which rows of the draft match that no version has; by role and `split`. No finding is about them."""
    mask = np.full(len(rows), not query.finding)
    names = list(dict.fromkeys(name for row in rows for name in row)) if rows else []
    for choices in _asked(query, names):
        columns = [(asked, [row.get(asked.column, "") for row in rows]) for asked in choices]
        hits = [_hit(pa.array(cells, pa.string()), asked) for asked, cells in columns]
        mask &= np.any(hits, axis=0) if hits else False
    found: list[bool] = mask.tolist()
    return found


def _stamp(path: str | Path) -> int:
    """Tells a file from another one that had its name, as in tests."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=_KEPT)
def _scanned(path: str, stamp: int, asked: Asked) -> Mask:
    """For each row whether its cell is what is asked for."""
    with version._opened(path) as file:
        groups = range(file.num_row_groups)
        columns = (file.read_row_group(n, columns=[asked.column])[asked.column] for n in groups)
        mask = np.concatenate([np.zeros(0, bool), *(_hit(column, asked) for column in columns)])
    mask.flags.writeable = False
    return mask


def label_hit(column: Any, label: str, labels_as: str) -> Any:
    """Whether each cell is the label, lists it, or holds a mark with it."""
    if labels_as == CELL:
        return pc.equal(column, label)
    said = json.dumps(label, ensure_ascii=False)
    return pc.match_substring(column, f'"label": {said}' if labels_as == MARKS else said)


def rows(path: str | Path, numbers: Sequence[int]) -> list[Stored]:
    """These rows, in the order asked for; those that there are not are left out."""
    found: dict[int, Stored] = {}
    with version._opened(path) as file:
        begin = 0
        for number in range(file.num_row_groups):
            size = file.metadata.row_group(number).num_rows
            inside = [row - begin for row in numbers if begin <= row < begin + size]
            if inside:
                table = file.read_row_group(number).take(pa.array(inside, pa.int64()))
                found |= {row.row: row for row in version._as_rows(table)}
            begin += size
    return [found[row] for row in numbers if row in found]


def facets(path: str | Path) -> dict[str, list[str]]:
    """The user's own columns that have few different values -> those, sorted; told from the first row group."""
    return _facets(str(path), _stamp(path))


@lru_cache(maxsize=_KEPT)
def _facets(path: str, stamp: int) -> dict[str, list[str]]:
    extra = version.columns(path)[1]
    names = [version._EXTRA + name for name in extra]
    with version._opened(path) as file:
        if not file.num_row_groups or not names:
            return {}
        table = file.read_row_group(0, columns=names)
    found = {name: pc.unique(table[version._EXTRA + name]).to_pylist() for name in extra}
    limit = max(1, min(FACET_VALUES, table.num_rows // 2))
    return {
        name: sorted(filter(None, values))
        for name, values in found.items()
        if 1 < len(values) <= limit
    }


def finding_names(path: str | Path) -> dict[str, int]:
    """Name of each finding that rows are flagged for -> how many."""
    return {name: len(rows) for name, rows in version.read_flags(path).items()}


def suspects(path: str | Path) -> list[dict[str, Any]]:
    """row, label, suggested, confidence and probability of each likely label error, the most suspicious first."""
    found = version.suspects_path(path)
    return list(_suspects(str(found), _stamp(found)))


@lru_cache(maxsize=_KEPT)
def _suspects(path: str, stamp: int) -> tuple[dict[str, Any], ...]:
    return tuple(pq.read_table(path).to_pylist()) if stamp else ()
