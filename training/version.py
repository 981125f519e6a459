"""A dataset version: one Parquet file, written once, named by its hash.

Columns: row int64, file, line int64, split, one column a role, then the user's other columns as `x:<name>`; all but the
numbers are strings. What a reader has to know besides stands in the file's metadata: see About.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from training.problems import Problem
from training.table import cells

ROW_GROUP = 10_000
_ABOUT = b"attune"  # key of the metadata
_FIXED = (("row", pa.int64()), ("file", pa.string()), ("line", pa.int64()), ("split", pa.string()))
_EXTRA = "x:"


@dataclass(frozen=True)
class Stored:
    """One row of a version. `values` by role, `extra` by the user's column names."""

    row: int
    file: str
    line: int
    split: str
    values: Mapping[str, str]
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class About:
    """What the rows are. `columns`: role -> name of the column that it came from, common roles among them."""

    variant: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def as_metadata(self) -> dict[bytes, bytes]:
        return {_ABOUT: json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()}


@dataclass(frozen=True)
class Page:
    """`total` is the number of rows that match, whatever part of them is in `rows`."""

    total: int
    rows: list[Stored]


class Writer:
    """Takes rows one by one; the file appears whole at the end of the `with` block, or not at all when it raises.

    `result` is then {"path", "sha256", "size" (bytes), "rows"}.
    """

    def __init__(
        self,
        path: str | Path,
        roles: Sequence[str],
        extra: Sequence[str] = (),
        about: About = About(),
    ) -> None:
        self.path, self.roles, self.extra = Path(path), list(roles), list(extra)
        self.result: dict[str, Any] | None = None
        self._part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._schema = _schema(roles, extra).with_metadata(about.as_metadata())
        self._batch: list[Stored] = []
        self._count = 0

    def __enter__(self) -> Writer:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Texts rarely repeat: looking for that costs more than it saves.
        self._file = pq.ParquetWriter(
            self._part, self._schema, compression="zstd", use_dictionary=["file", "split"]
        )
        return self

    def add(self, row: Stored) -> None:
        self._batch.append(row)
        if len(self._batch) >= ROW_GROUP:
            self._flush()

    def add_table(self, columns: Sequence[Any]) -> None:
        """Many rows at once: file, line, split, the roles and the other columns, as Arrow arrays."""
        numbers = cells.array(np.arange(self._count, self._count + len(columns[0])))
        table = pa.Table.from_arrays([numbers, *columns], schema=self._schema)
        self._file.write_table(table, row_group_size=ROW_GROUP)
        self._count += table.num_rows

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._batch:
                self._flush()
            self._file.close()
            if kind is None:
                self.result = self._publish()
        finally:
            with suppress(FileNotFoundError):
                self._part.unlink()

    def _flush(self) -> None:
        self._file.write_table(_as_table(self._batch, self._schema, self.roles, self.extra))
        self._count += len(self._batch)
        self._batch.clear()

    def _publish(self) -> dict[str, Any]:
        _onto_disk(self._part)
        digest, size = _sha256(self._part), self._part.stat().st_size
        self._part.replace(self.path)
        _onto_disk(self.path.parent)
        return {"path": str(self.path), "sha256": digest, "size": size, "rows": self._count}


def write(
    path: str | Path, rows: Iterable[Stored], roles: Sequence[str], extra: Sequence[str] = ()
) -> dict[str, Any]:
    """Writes all rows; see Writer. Gives path, sha256, size (bytes) and rows."""
    with Writer(path, roles, extra) as writer:
        for row in rows:
            writer.add(row)
    return writer.result or {}


def read(path: str | Path, split: str = "") -> Iterator[Stored]:
    """Every row (of one split, when named), in order. Raises Problem(`version.broken`)."""
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            if split:
                table = table.filter(pc.equal(table["split"], split))
            yield from _as_rows(table)


def columns(path: str | Path) -> tuple[list[str], list[str]]:
    """(roles, names of the user's other columns)."""
    with _opened(path) as file:
        names = file.schema_arrow.names[len(_FIXED) :]
    roles = [name for name in names if not name.startswith(_EXTRA)]
    return roles, [name.removeprefix(_EXTRA) for name in names if name.startswith(_EXTRA)]


def about(path: str | Path) -> About:
    """Of an older file: nothing."""
    with _opened(path) as file:
        found = (file.schema_arrow.metadata or {}).get(_ABOUT)
    return About(**json.loads(found)) if found else About()


def tables(path: str | Path) -> Iterator[Any]:
    """The row groups, one in memory at a time. Raises Problem(`version.broken`)."""
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number)


def rows_at(path: str | Path, places: Sequence[int]) -> Iterator[Stored]:
    """The rows at these places (ascending, from 0); row groups without any of them are not read."""
    wanted = np.asarray(places, np.int64)
    begin = 0
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            end = begin + file.metadata.row_group(number).num_rows
            low, high = np.searchsorted(wanted, (begin, end))
            if low < high:
                yield from _as_rows(file.read_row_group(number).take(wanted[low:high] - begin))
            begin = end


def flags_path(path: str | Path) -> Path:
    """Beside a version: which of its rows each finding is about."""
    return Path(path).with_suffix(".flags.parquet")


def suspects_path(path: str | Path) -> Path:
    """Beside a version: rows whose label is likely wrong, the most suspicious first."""
    return Path(path).with_suffix(".suspects.parquet")


def vectors_folder(path: str | Path) -> Path:
    """Beside a version: what base models make of its texts, see `training.vectors`."""
    return Path(path).with_suffix(".vectors")


def write_flags(path: str | Path, flags: Mapping[str, Any]) -> None:
    """`flags`: name of a finding -> numbers of rows. Replaces what was there."""
    of_row = np.repeat(np.arange(len(flags), dtype=np.int32), [len(r) for r in flags.values()])
    names = pa.DictionaryArray.from_arrays(cells.array(of_row), cells.strings(flags))
    rows = np.concatenate([np.zeros(0, np.int64), *flags.values()])
    found = pa.Table.from_arrays([names, cells.array(rows)], names=["finding", "row"])
    target = flags_path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    pq.write_table(found, part, compression="zstd")
    part.replace(target)


def read_flags(path: str | Path, name: str = "") -> dict[str, Any]:
    """Name of a finding (or of that one alone) -> its rows, in their order; nothing where none were written."""
    target = flags_path(path)
    if not target.is_file():
        return {}
    found = pq.read_table(target)
    names = found["finding"].cast(pa.string()).to_pylist()
    rows = found["row"].to_numpy()
    of = np.array(names, object)
    wanted = [name] if name else list(dict.fromkeys(names))
    return {item: rows[of == item] for item in wanted}


def count_flags(path: str | Path) -> dict[str, int]:
    """Name of a finding -> how many rows it is about; nothing where none were written."""
    target = flags_path(path)
    if not target.is_file():
        return {}
    names = pq.read_table(target, columns=["finding"])["finding"].cast(pa.string())
    return {item["values"]: item["counts"] for item in pc.value_counts(names).to_pylist()}


def count_rows(path: str | Path, names: Iterable[str]) -> tuple[int, int]:
    """(rows that any of these findings is about, how many of them are test rows); a row counts once."""
    flags = read_flags(path)
    rows = np.unique(np.concatenate([np.zeros(0, np.int64), *(flags.get(n, []) for n in names)]))
    tested = 0
    with _opened(path) as file:
        for number in range(file.num_row_groups if len(rows) else 0):
            table = file.read_row_group(number, columns=["row", "split"])
            test = table.filter(pc.equal(table["split"], "test"))["row"].to_numpy()
            tested += int(np.isin(test, rows).sum())
    return len(rows), tested


def page(
    path: str | Path,
    offset: int = 0,
    limit: int = 50,
    label: str | None = None,
    split: str | None = None,
    search: str | None = None,
) -> Page:
    """Rows `offset` … `offset + limit` of those that match; `search` is part of any role's text, case ignored."""
    with _opened(path) as file:
        if not label and not split and not search:
            return _plain_page(file, offset, limit)
        total = 0
        rows: list[Stored] = []
        for number in range(file.num_row_groups):
            table = _matching(file.read_row_group(number), label, split, search)
            start = max(0, offset - total)
            rows += _as_rows(table.slice(start, max(0, limit - len(rows))))
            total += table.num_rows
    return Page(total, rows)


def _plain_page(file: pq.ParquetFile, offset: int, limit: int) -> Page:
    rows: list[Stored] = []
    begin = 0
    for number in range(file.num_row_groups):
        size = file.metadata.row_group(number).num_rows
        if begin + size > offset and len(rows) < limit:
            table = file.read_row_group(number)
            rows += _as_rows(table.slice(max(0, offset - begin), limit - len(rows)))
        begin += size
    return Page(file.metadata.num_rows, rows)


def _matching(
    table: pa.Table, label: str | None, split: str | None, search: str | None
) -> pa.Table:
    if label and "label" in table.column_names:
        table = table.filter(pc.equal(table["label"], label))
    if split:
        table = table.filter(pc.equal(table["split"], split))
    if search:
        hit = None
        for name in table.column_names[len(_FIXED) :]:
            found = pc.match_substring(table[name], search, ignore_case=True)
            hit = found if hit is None else pc.or_(hit, found)
        table = table.filter(hit) if hit is not None else table
    return table


def _opened(path: str | Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise Problem("version.broken", file=Path(path).name) from error


def _schema(roles: Sequence[str], extra: Sequence[str]) -> pa.Schema:
    names = [*roles, *(_EXTRA + name for name in extra)]
    return pa.schema([*_FIXED, *((name, pa.string()) for name in names)])


def _as_table(
    batch: list[Stored], schema: pa.Schema, roles: Sequence[str], extra: Sequence[str]
) -> pa.Table:
    arrays: list[list[Any]] = [[row.row for row in batch], [row.file for row in batch]]
    arrays += [[row.line for row in batch], [row.split for row in batch]]
    arrays += [[row.values.get(role, "") for row in batch] for role in roles]
    arrays += [[row.extra.get(name, "") for row in batch] for name in extra]
    return pa.Table.from_arrays(
        [pa.array(values, kind.type) for values, kind in zip(arrays, schema, strict=True)],
        schema=schema,
    )


def _as_rows(table: pa.Table) -> Iterator[Stored]:
    names = table.column_names[len(_FIXED) :]
    for item in table.to_pylist():
        values = {name: item[name] for name in names if not name.startswith(_EXTRA)}
        extra = {name.removeprefix(_EXTRA): item[name] for name in names if name.startswith(_EXTRA)}
        yield Stored(item["row"], item["file"], item["line"], item["split"], values, extra)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _onto_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
