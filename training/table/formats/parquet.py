"""Parquet, read in batches of as many rows as fit in memory even if each had its column's whole dictionary."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from training.problems import Problem
from training.table.beginning import Beginning
from training.table.formats import parquet_pages
from training.table.json_rows import as_json, checked
from training.table.packed import FREE, MAX_RATIO, Source, damaged, refuse_size
from training.table.shape import Detected, Fault, Record, Streamed, numbered
from training.table.words import MAX_CELL, MAX_COLUMNS, shown

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet as pq

_BATCH = 1000  # rows at most
_BUFFER = 1 << 18  # bytes of a column that are read from the disk at once
_WEIGHT = 16 << 20  # bytes of a batch that are made into cells at once
_MOST = 128 << 20  # bytes of a batch in the worst case
_FOOTER = 16 << 20  # bytes
_DEPTH = 4  # lists and structs inside one another


def sniff(begin: Beginning) -> bool:
    return begin.binary == "parquet"


def open_table(source: Source, found: Detected) -> Streamed:
    """Raises Problem(`file.damaged`, `file.unpacked`, `column.nested`, `column.too_many`)."""
    with _opened(source) as (file, _):
        schema = file.schema_arrow
        _refuse_columns(schema)
        names = list(schema.names)
    if found.headerless:
        names = numbered(len(names))
    return Streamed(source, found, names, lambda table: _records(source, table))


@contextmanager
def _opened(source: Source) -> Iterator[tuple[pq.ParquetFile, int]]:
    """The file, and the number of its rows that may be read at once."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    with source.seekable() as file:
        try:
            _refuse_footer(file)
            described = pq.ParquetFile(file, pre_buffer=False)
            largest = _largest(file, described.metadata, source)
            file.seek(0)
            opened = pq.ParquetFile(
                file,
                read_dictionary=_repeated(described),
                pre_buffer=False,
                buffer_size=_BUFFER,
            )
            yield opened, max(1, min(_BATCH, _MOST // max(1, largest)))
        except (pa.ArrowException, OSError, ValueError, IndexError, KeyError) as error:
            raise damaged("Parquet", error) from error


def _refuse_footer(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    if size < 12:
        raise ValueError("too short")
    file.seek(size - 8)
    tail = file.read(8)
    if tail[4:] != b"PAR1" or int.from_bytes(tail[:4], "little") > min(size, _FOOTER):
        raise ValueError("no footer")
    file.seek(0)


def _largest(file: BinaryIO, metadata: Any, source: Source) -> int:
    """Bytes of the dictionaries of the row group that has most of them. Raises Problem(`file.unpacked`)."""
    if metadata.num_columns > MAX_COLUMNS:
        raise Problem("column.too_many", found=metadata.num_columns, limit=MAX_COLUMNS)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = range(metadata.num_columns)
    size = sum(
        max(0, group.column(at).total_uncompressed_size) for group in groups for at in columns
    )
    refuse_size(size, max(source.size, FREE // MAX_RATIO))
    pages = parquet_pages.Pages(file)
    return max((pages.dictionaries(map(group.column, columns)) for group in groups), default=0)


def _repeated(file: pq.ParquetFile) -> list[str]:
    """Texts inside lists, of which a row may hold millions: they stay numbers of texts until they are weighed."""
    columns = (file.schema.column(at) for at in range(len(file.schema)))
    return [
        item.path
        for item in columns
        if item.physical_type == "BYTE_ARRAY" and item.max_repetition_level
    ]


def _refuse_columns(schema: pa.Schema) -> None:
    for field in schema:
        if not _is_simple(field.type, 0):
            raise Problem("column.nested", column=shown(field.name), kind=shown(str(field.type)))


def _is_simple(kind: pa.DataType, depth: int) -> bool:
    from pyarrow import types

    if depth > _DEPTH:
        return False
    if types.is_dictionary(kind):
        return _is_simple(kind.value_type, depth)
    if types.is_list(kind) or types.is_large_list(kind):
        return _is_simple(kind.value_type, depth + 1)
    if types.is_struct(kind):
        return all(_is_simple(kind.field(at).type, depth + 1) for at in range(kind.num_fields))
    return bool(
        types.is_primitive(kind) or _is_text(kind) or types.is_null(kind) or types.is_decimal(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    from pyarrow import types

    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def _records(source: Source, table: Streamed) -> Iterator[Record]:
    import pyarrow as pa

    with _opened(source) as (file, count):
        total = max(1, file.metadata.num_rows)
        line = 2
        try:
            batches = file.iter_batches(batch_size=count, use_threads=False)
            for batch in batches:
                for piece in _pieces(batch):
                    yield from _rows_of(piece, line, table)
                    line += piece.num_rows
                table.done = (line - 2) / total
        finally:
            pa.default_memory_pool().release_unused()


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts whose texts can be held; a single row is always given."""
    if batch.num_rows <= 1 or sum(map(_weight, batch.columns)) <= _WEIGHT:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _pieces(batch.slice(0, half))
    yield from _pieces(batch.slice(half))


def _weight(array: Any) -> int:
    """Bytes of the texts in it once they stand in rows."""
    import pyarrow.compute as pc
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        sizes = pc.binary_length(array.dictionary).take(array.indices)
        return int(pc.sum(sizes).as_py() or 0)
    if _is_text(kind):
        return int(pc.sum(pc.binary_length(array)).as_py() or 0)
    if types.is_list(kind) or types.is_large_list(kind):
        return len(array.flatten()) * 16 + _weight(array.flatten())
    if types.is_struct(kind):
        return sum(map(_weight, array.flatten()))
    return 0


def _rows_of(batch: pa.RecordBatch, line: int, table: Streamed) -> Iterator[Record]:
    if batch.num_rows == 1 and sum(map(_weight, batch.columns)) > 4 * _WEIGHT:
        fault = Fault("row.long_cell", line, "", "", {"limit": MAX_CELL})
        yield Record(line, [""] * batch.num_columns, (fault,))
        return
    columns = [_values(column) for column in batch.columns]
    for at, values in enumerate(zip(*columns, strict=True), line):
        cells = [value if isinstance(value, str) else _cell(value) for value in values]
        yield Record(at, cells, checked(cells, at, table.columns))


def _values(array: Any) -> list[Any]:
    import pyarrow as pa
    from pyarrow import types

    kind = array.type
    if types.is_dictionary(kind) and _is_text(kind.value_type):
        array = array.dictionary.take(array.indices)
    if types.is_timestamp(array.type) and array.type.unit == "ns":
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    return list(array.to_pylist())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "attune.mark")
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, list | dict):
        return as_json(_plain(value))
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    simple = value is None or isinstance(value, str | bool | int | float)
    return value if simple else _cell(value)
