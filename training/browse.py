"""Looking at the rows of a version page by page, also where there are a million of them.

A filter reads only the columns that it is about, one row group in memory at a time; the texts of a page are read from
the row groups in which its rows lie. A version never changes: which rows match is kept for the next page. What a draft
has in place of the version's values is laid over that, so that a row is found by what it says now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
CELL, LIST, MARKS = "cell", "list", "marks"  # how labels stand in their column; see label_hit
FACET_VALUES = 200  # more different values are no facet
_KEPT = 24  # answers to one filter each; a million rows that all match take 8 MB
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

    @property
    def parts(self) -> list[Query]:
        """Each filter that reads columns by itself: what matches it is kept, whatever it is combined with."""
        given = [("split",), ("label",), ("search",), ("facet", "value")]
        plain = Query(label_role=self.label_role, labels_as=self.labels_as)
        wanted = [names for names in given if getattr(self, names[0])]
        return [replace(plain, **{name: getattr(self, name) for name in names}) for names in wanted]


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
    found: Numbers | None = None
    for part in query.parts:
        hits = _scanned(str(path), _stamp(path), part)
        found = _both(_redrafted(path, part, hits, changed), found)
    if query.finding:
        flagged = version.read_flags(path, query.finding)[query.finding]
        found = _both(np.unique(flagged), found)
    if query.rows is not None:
        wanted = np.array(query.rows, np.int64)
        found = wanted if found is None else wanted[np.isin(wanted, found)]
    return found if found is not None else np.zeros(0, np.int64)


def _both(some: Numbers, others: Numbers | None) -> Numbers:
    return some if others is None else np.intersect1d(some, others, assume_unique=True)


def _redrafted(path: str | Path, part: Query, hits: Numbers, changed: Changed) -> Numbers:
    """`hits` without the rows that the draft takes out of them, and with those that it brings in."""
    said = {row: values for row, values in changed.items() if _is_about(part, values)}
    if not said:
        return hits
    touched = np.fromiter(said, np.int64, len(said))
    fresh = touched[_mask(_table(list(said.values())), part)]
    if part.search:
        doubtful = np.setdiff1d(touched[np.isin(touched, hits)], fresh)
        fresh = np.union1d(fresh, _still(path, part, doubtful, said))
    return np.union1d(np.setdiff1d(hits, touched, assume_unique=True), fresh)


def _is_about(part: Query, values: Mapping[str, str]) -> bool:
    return bool(part.search) if not part.label else part.label_role in values


def _still(path: str | Path, part: Query, numbers: Numbers, said: Changed) -> Numbers:
    """Those rows in which a text that the draft leaves alone holds what is searched for."""
    if not len(numbers):
        return numbers
    stored = rows(path, numbers.tolist())
    left = [
        {**row.values, **_extra(row.extra), **dict.fromkeys(said[row.row], "")} for row in stored
    ]
    return np.array([row.row for row in stored], np.int64)[_mask(_table(left), part)]


def _extra(values: Mapping[str, str]) -> dict[str, str]:
    return {version._EXTRA + name: value for name, value in values.items()}


def _table(cells: Sequence[Mapping[str, str]]) -> pa.Table:
    """Of values by column; what one of them lacks is empty."""
    names = dict.fromkeys(name for values in cells for name in values)
    return pa.table(
        {name: pa.array([values.get(name, "") for values in cells], pa.string()) for name in names}
    )


def added(query: Query, cells: Sequence[Mapping[str, str]]) -> list[bool]:
    """Which rows of the draft match that no version has; by role and `split`. No finding is about them."""
    if query.finding or not cells:
        return [False] * len(cells)
    found: list[bool] = _mask(_table(cells), query).tolist()
    return found


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


def suspects_path(path: str | Path) -> Path:
    """Beside a version: its likely label errors."""
    return Path(path).with_suffix(".suspects.parquet")


def suspects(path: str | Path) -> list[dict[str, Any]]:
    """row, suggested, confidence and probability of each likely label error, the most suspicious first."""
    return list(_suspects(str(suspects_path(path)), _stamp(suspects_path(path))))


@lru_cache(maxsize=_KEPT)
def _suspects(path: str, stamp: int) -> tuple[dict[str, Any], ...]:
    return tuple(pq.read_table(path).to_pylist()) if stamp else ()
