"""Looking at the rows of a version page by page, also where there are a million of them.

A filter reads only the columns that it is about, one row group in memory at a time; the texts of a page are read from
the row groups in which its rows lie. A version never changes: which rows match is kept for the next page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training import version
from training.version import Page, Stored

Numbers = NDArray[np.int64]
CELL, LIST, MARKS = "cell", "list", "marks"  # how labels stand in their column; see label_hit
FACET_VALUES = 200  # more different values are no facet
_KEPT = 16  # answers; a million rows that all match take 8 MB


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


def page(path: str | Path, query: Query, offset: int = 0, limit: int = 50) -> Page:
    """Rows `offset` … `offset + limit` of those that match. Raises Problem(`version.broken`)."""
    if not query.scans and not query.finding and query.rows is None:
        with version._opened(path) as file:
            total = file.metadata.num_rows
        wanted: Sequence[int] = range(offset, min(offset + limit, total))
        return Page(total, rows(path, wanted))
    found = matching(path, query)
    return Page(len(found), rows(path, found[offset : offset + limit].tolist()))


def matching(path: str | Path, query: Query) -> Numbers:
    """Numbers of all rows that match, in their order."""
    found = _scanned(str(path), _stamp(path), _scan_part(query)) if query.scans else None
    if query.finding:
        flagged = version.read_flags(path, query.finding)[query.finding]
        found = _both(np.unique(flagged), found)
    if query.rows is not None:
        wanted = np.array(query.rows, np.int64)
        found = wanted if found is None else wanted[np.isin(wanted, found)]
    return found if found is not None else np.zeros(0, np.int64)


def _both(some: Numbers, others: Numbers | None) -> Numbers:
    return some if others is None else np.intersect1d(some, others, assume_unique=True)


def _scan_part(query: Query) -> Query:
    return Query(
        split=query.split,
        label=query.label,
        search=query.search,
        facet=query.facet,
        value=query.value,
        label_role=query.label_role,
        labels_as=query.labels_as,
    )


def _stamp(path: str | Path) -> int:
    """Tells a file from another one that had its name, as in tests."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=_KEPT)
def _scanned(path: str, stamp: int, query: Query) -> Numbers:
    with version._opened(path) as file:
        return np.concatenate([np.zeros(0, np.int64), *_hits(file, query)])


def _hits(file: pq.ParquetFile, query: Query) -> Iterator[Numbers]:
    """A group's numbers of rows, group by group; the row's number is its place in the file."""
    names = file.schema_arrow.names
    columns = _columns(names, query)
    begin = 0
    for number in range(file.num_row_groups):
        table = file.read_row_group(number, columns=columns)
        yield begin + np.flatnonzero(_mask(table, query))
        begin += file.metadata.row_group(number).num_rows


def _columns(names: Sequence[str], query: Query) -> list[str]:
    wanted = {"split"} if query.split else set()
    if query.label:
        wanted.add(query.label_role)
    if query.facet:
        wanted.add(version._EXTRA + query.facet)
    if query.search:
        wanted.update(names[len(version._FIXED) :])
    return [name for name in names if name in wanted]


def _mask(table: pa.Table, query: Query) -> NDArray[np.bool_]:
    mask = np.ones(table.num_rows, bool)
    if query.split:
        mask &= _bools(pc.equal(table["split"], query.split))
    if query.label and query.label_role in table.column_names:
        mask &= _bools(label_hit(table[query.label_role], query.label, query.labels_as))
    if query.facet:
        name = version._EXTRA + query.facet
        there = name in table.column_names
        mask &= _bools(pc.equal(table[name], query.value)) if there else False
    if query.search and mask.any():
        mask &= _search(table, query.search)
    return mask


def label_hit(column: Any, label: str, labels_as: str) -> Any:
    """Whether each cell is the label, lists it, or holds a mark with it."""
    if labels_as == CELL:
        return pc.equal(column, label)
    said = json.dumps(label, ensure_ascii=False)
    return pc.match_substring(column, f'"label": {said}' if labels_as == MARKS else said)


def _search(table: pa.Table, text: str) -> NDArray[np.bool_]:
    mask = np.zeros(table.num_rows, bool)
    for name in table.column_names:
        if name not in ("row", "line", "split", "file"):
            mask |= _bools(pc.match_substring(table[name], text, ignore_case=True))
    return mask


def _bools(array: Any) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(array, False).to_numpy(), bool)


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
