"""CSV, TSV and the like: cells between separators, read with the csv module."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice

from training.problems import Problem
from training.table.beginning import Beginning
from training.table.dialect import Dialect
from training.table.lines import is_cut, lines_of, undecodable
from training.table.packed import Source
from training.table.shape import (
    LOST,
    Detected,
    Fault,
    Record,
    name_columns,
    numbered,
    place_of,
    until_damage,
)
from training.table.words import MARK, MAX_CELL, MAX_COLUMNS, shown

_END = "\ue000\udffeend\ue000"  # a line after the last one: found inside a cell, a quote was never closed


def sniff(begin: Beginning) -> bool:
    """Whatever is text and nothing else may be a table."""
    return True


def open_table(source: Source, found: Detected) -> Delimited:
    return Delimited(source, found)


class Delimited:
    """`names` are those of a file without a header line, as far as the format knows them; rows may then be shorter."""

    def __init__(self, source: Source, found: Detected, names: list[str] | None = None) -> None:
        self.source, self.detected = source, found
        self.encoding, self.delimiter = found.encoding, found.delimiter
        self.blank = self.trailing = 0
        self.position = 0.0
        self._ragged = names is not None
        with closing(_records(source, self.encoding, found.dialect)) as rows:
            first = next((row for row in rows if not _is_blank(row)), None)
        if first is None:
            raise Problem("file.empty")
        self.header_line = 0 if found.headerless else first.line
        # The line below the header, which may have line ends of its own.
        within = sum(cell.count("\n") for cell in first.cells)
        self.body_line = 1 if found.headerless else first.line + 1 + within
        header = (names or numbered(len(first.cells))) if found.headerless else first.cells
        kept = _refuse_lost(first)
        self.columns, self.faults, self.duplicates = name_columns(header, self.header_line)
        if not found.headerless:  # of a row of data they are told with the row
            self.faults[:0] = kept

    def body_offset(self) -> int:
        """Bytes in front of that line, in encodings whose line ends are those of ASCII."""
        with self.source.open() as raw:
            for _ in range(self.body_line - 1):
                raw.readline()
            return raw.tell()

    def progress(self) -> float:
        return min(1.0, self.position)

    def index(self, column: str) -> int:
        return place_of(column, self.columns)

    def first_rows(self, count: int) -> list[list[str]]:
        """As they stand in the file, whatever their width."""
        with closing(_records(self.source, self.encoding, self.detected.dialect)) as rows:
            return [row.cells for row in islice(rows, count) if row.cells]

    def __iter__(self) -> Iterator[Record]:
        # The wrapper costs a little for each row, and a plain file cannot be damaged.
        return (
            until_damage(self._rows(), len(self.columns)) if self.source.packing else self._rows()
        )

    def _rows(self) -> Iterator[Record]:
        self.blank = self.trailing = 0
        return self.records()

    def records(self, offset: int = 0, line: int = 1) -> Iterator[Record]:
        """From byte `offset` on, which is where `line` begins."""
        width = len(self.columns)
        dialect = self.detected.dialect
        rows = _records(self.source, self.encoding, dialect, self, offset, line)
        with closing(rows):
            for record in rows:
                if record.line <= self.header_line:
                    continue
                if _is_blank(record):
                    self.blank += len(record.cells) > 1
                    continue
                yield record if len(record.cells) == width else self._fit(record, width)

    def _fit(self, record: Record, width: int) -> Record:
        cells, found = record.cells, len(record.cells)
        values = {"found": found, "expected": width}
        if any(fault.code in LOST for fault in record.faults):
            return record._replace(cells=[*cells, *[""] * width][:width])
        if found < width:
            filled = cells + [""] * (width - found)
            if self._ragged and found > 1:
                return record._replace(cells=filled)
            fault = Fault("row.short", record.line, self.columns[found], "", values)
            return Record(record.line, filled, (*record.faults, fault))
        extra = cells[width:]
        if not any(cell.strip() for cell in extra):
            self.trailing += 1
            return record._replace(cells=cells[:width])
        fault = Fault("row.extra", record.line, "", shown(", ".join(extra)), values)
        return Record(record.line, cells[:width], (*record.faults, fault))


def _refuse_lost(header: Record) -> list[Fault]:
    """Raises Problem where the first row is no row at all; else its faults."""
    for fault in header.faults:
        if fault.code in LOST:
            raise Problem(fault.code, **{"line": fault.line, **fault.values})
    return list(header.faults)


def _is_blank(record: Record) -> bool:
    cells = record.cells
    if cells and cells[0] and not cells[0].isspace():  # almost every row
        return False
    return not record.faults and not any(cell.strip() for cell in record.cells)


class _Lines:
    """Feeds the csv reader line by line; keeps the faults of the lines that it gave out."""

    def __init__(
        self, source: Source, encoding: str, dialect: Dialect, table: Delimited | None
    ) -> None:
        self.source, self.encoding, self.table = source, encoding, table
        self.delimiter = dialect.delimiter
        self.raw = source.open()
        self.number = 0
        self.faults: list[Fault] = []
        self.stopped: Fault | None = None  # behind it nothing can be told

    def __iter__(self) -> Iterator[str]:
        for line in lines_of(self.raw, self.encoding):
            self.number += 1
            if self.table and not self.number % 2048:
                self.table.position = self.source.place(self.raw)
            if "\0" in line:
                self.faults.append(Fault("row.nul", self.number, "", shown(line), {}))
            if MARK in line:
                self.faults.append(undecodable(line, self.number, self.encoding))
            if is_cut(line):
                self.stopped = self._too_long(line)
                return
            yield line
        yield _END

    def begun(self, offset: int, line: int, skip: int) -> Iterator[str]:
        """The lines from byte `offset` on, or those of the whole without its first `skip`."""
        if offset:
            self.raw.seek(offset)
        self.number = line - 1
        feed = iter(self)
        for _ in range(0 if offset else skip):
            next(feed, None)
        return feed

    def taken(self) -> tuple[Fault, ...]:
        if not self.faults:
            return ()
        found = tuple(self.faults)
        self.faults.clear()
        return found

    def _too_long(self, line: str) -> Fault:
        if line.count(self.delimiter) > MAX_COLUMNS:
            values = {"found": line.count(self.delimiter) + 1, "limit": MAX_COLUMNS}
            return Fault("column.too_many", self.number, "", shown(line), values)
        if '"' in line:
            return Fault("row.quote", self.number, "", shown(line), {})
        return Fault("row.long_cell", self.number, "", shown(line), {"limit": MAX_CELL})


def _records(
    source: Source,
    encoding: str,
    dialect: Dialect,
    table: Delimited | None = None,
    offset: int = 0,
    line: int = 1,
) -> Generator[Record, None, None]:
    """Every record, the header among them, blank lines left out. Stops at a fault behind which nothing can be told."""
    lines = _Lines(source, encoding, dialect, table)
    with lines.raw:
        feed = lines.begun(offset, line, dialect.skip)
        csv.field_size_limit(MAX_CELL)  # of the whole process, and others set it too
        rows = dialect.reader(feed)
        while True:
            start = lines.number + 1
            try:
                cells = next(rows)
            except StopIteration:
                if lines.stopped:
                    yield Record(lines.stopped.line, [], (*lines.taken(), lines.stopped))
                return
            except csv.Error:
                spans = lines.number > start
                code = "row.quote" if spans else "row.long_cell"
                fault = Fault(code, start, "", "", {"limit": MAX_CELL})
                yield Record(start, [], (*lines.taken(), fault))
                if spans:
                    return
                continue
            if cells and _END in cells[-1]:
                if cells != [_END]:
                    opened = shown(cells[-1].replace(_END, ""))
                    fault = Fault("row.quote", start, "", opened, {})
                    yield Record(start, cells[:-1], (*lines.taken(), fault))
                return
            if cells or lines.faults:  # nothing is made of a blank line: there may be millions
                yield Record(start, cells, lines.taken())
