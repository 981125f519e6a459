"""A file's table: what it is written in, its rows, and a preview of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import monotonic

from training.problems import Problem
from training.table import encoding as encodings
from training.table import kinds
from training.table.beginning import Beginning
from training.table.dialect import normal_delimiter
from training.table.formats import FORMATS
from training.table.packed import Source, source_of
from training.table.shape import (
    LOST,
    Detected,
    Fault,
    Preview,
    Record,
    Streamed,
    Table,
)
from training.table.words import (
    MAX_CELL,
    MAX_COLUMN_NAME,
    MAX_COLUMNS,
    MAX_LINE,
    clean,
    shown,
    shown_list,
)

__all__ = [
    "LOST",
    "MAX_CELL",
    "MAX_COLUMNS",
    "MAX_COLUMN_NAME",
    "MAX_LINE",
    "Detected",
    "Fault",
    "Preview",
    "Record",
    "Table",
    "clean",
    "detect",
    "preview",
    "read",
    "shown",
    "shown_list",
]

_PATIENCE = 2.0  # seconds that a preview looks for its rows


def read(
    path: str | Path,
    encoding: str = "",
    delimiter: str = "",
    format: str = "",
    header: bool | None = None,
) -> Table:
    """The table in a file; iterating gives a Record for every row.

    Whatever is left empty is detected. Without a `header` the columns are named "column 1", "column 2" …, or as the
    format names them. Raises Problem(`file.*`, `column.*`, `spec.choice`).
    """
    source = _source(path)
    found = _detected(source, encoding, delimiter, format, header)
    return FORMATS[found.format].open(source, found)


def detect(
    path: str | Path,
    encoding: str = "",
    delimiter: str = "",
    format: str = "",
    header: bool | None = None,
) -> Detected:
    """What a file is and is written in; what a person chose is taken as it is."""
    return _detected(_source(path), encoding, delimiter, format, header)


def preview(
    path: str | Path,
    encoding: str = "",
    delimiter: str = "",
    rows: int = 20,
    format: str = "",
    header: bool | None = None,
) -> Preview:
    """The first rows, as the upload page shows them."""
    table = read(path, encoding, delimiter, format, header)
    records = _first(table, rows)
    faults = [*table.faults, *(fault for record in records for fault in record.faults)]
    return Preview(
        table.encoding,
        table.delimiter,
        table.columns,
        [[clean(cell) for cell in record.cells] for record in records],
        [record.line for record in records],
        table.detected.header,
        table.detected.guessed,
        [fault._asdict() | {"values": dict(fault.values)} for fault in faults],
        table.detected.format,
        table.detected.headerless,
    )


def _first(table: Table, count: int) -> list[Record]:
    if isinstance(table, Streamed):
        table.brief = True
    end = monotonic() + _PATIENCE
    records: list[Record] = []
    for record in islice(table, count):
        records.append(record)
        if monotonic() > end:
            break
    return records


def _source(path: str | Path) -> Source:
    path = Path(path)
    if not path.is_file():
        raise Problem("file.missing", file=path.name)
    return source_of(path)


def _detected(
    source: Source, encoding: str, delimiter: str, format: str, header: bool | None
) -> Detected:
    if format and format not in FORMATS:
        raise Problem("spec.choice", field="format", value=format, choices=", ".join(FORMATS))
    begin, guessed = _beginning(source, encoding, delimiter)
    name = format or next(name for name, known in FORMATS.items() if known.sniff(begin))
    if FORMATS[name].binary != begin.binary:
        raise Problem("file.format", format=FORMATS[name].title)
    if begin.binary:
        return Detected("", "", True, format=name, headerless=header is False)
    known = FORMATS[name]
    found = Detected(begin.encoding, "", True, guessed, format=name, style=begin.style)
    return _of_table(found, begin, known.headerless, header) if known.delimited else found


def _beginning(source: Source, encoding: str, delimiter: str) -> tuple[Beginning, bool]:
    """The file's beginning, and whether its encoding is a guess."""
    with source.open() as file:
        binary = kinds.binary(file.read(kinds.HEAD), source)
    if binary:
        return Beginning(source, binary), False
    found = encodings.detect(source)
    if encoding:
        found = encodings.Encoding(encodings.normal_name(encoding), False)
    chosen = normal_delimiter(delimiter) if delimiter else ""
    return Beginning(source, "", found.name, chosen), found.guessed


def _of_table(found: Detected, begin: Beginning, headerless: bool, header: bool | None) -> Detected:
    if not any(line.strip(" \t\r\n\v\f\ufeff") for line in begin.lines):
        return replace(found, delimiter=begin.delimiter or ",")
    bare = headerless if header is None else not header
    return replace(
        found,
        delimiter=begin.dialect.delimiter,
        dialect=begin.dialect,
        headerless=bare,
        header=bare or header is True or begin.has_header,
    )
