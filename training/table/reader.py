"""Reading: lines with their numbers, records with the line on which each begins, and what is wrong with them."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from training.problems import Problem
from training.table import encoding as encodings
from training.table.dialect import Dialect, has_header, normal_delimiter, sniff

MAX_COLUMNS = 1000
MAX_COLUMN_NAME = 200  # characters
MAX_CELL = 1_000_000  # characters
MAX_LINE = 4_000_000  # characters; no more of one line is ever held
_SNIFFED = 262_144  # characters of the file's beginning from which the dialect is told

_MARK = "\udfff"  # stands before every undecodable byte; no decoder makes it
_END = "\ue000\udffeend\ue000"  # a line after the last one: found inside a cell, a quote was never closed
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BAD = re.compile(_MARK + "([\udc00-\udcff]*)")


def _mark_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return _MARK + "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error("attune.mark", _mark_bytes)


class Fault(NamedTuple):
    """A fault of a row or of the header; `values` fill the texts of problems.TABLE[code]."""

    code: str
    line: int
    column: str
    value: str
    values: Mapping[str, Any]


class Record(NamedTuple):
    """`line` is the 1-based line of the file on which the record begins; `cells` are as many as there are columns."""

    line: int
    cells: list[str]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Detected:
    encoding: str
    delimiter: str
    header: bool  # False: the first row looks like data
    guessed: bool = False  # the encoding is a guess that a person should look at
    dialect: Dialect = field(default_factory=lambda: Dialect(","))


@dataclass(frozen=True)
class Preview:
    encoding: str
    delimiter: str
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]  # of each row
    header: bool
    guessed: bool
    faults: list[dict[str, Any]] = field(
        default_factory=list
    )  # {"code", "line", "column", "value", "values"}


class Table:
    """A table file: its `columns` at once, its records by iterating (each time anew, from the disk)."""

    def __init__(self, path: str | Path, encoding: str = "", delimiter: str = "") -> None:
        self.path = Path(path)
        found = detect(self.path, encoding, delimiter)
        self.size = self.path.stat().st_size
        self.encoding, self.delimiter, self.detected = found.encoding, found.delimiter, found
        self.faults: list[Fault] = []  # of the header
        self.duplicates: set[str] = set()  # column names that stand there more than once
        self.blank = 0  # rows without any content, counted while reading
        self.trailing = 0  # rows with empty cells behind the last column
        self._position = 0
        with closing(_records(self.path, self.encoding, found.dialect)) as rows:
            header = next((row for row in rows if not _is_blank(row)), None)
        if header is None:
            raise Problem("file.empty")
        for fault in header.faults:
            if fault.code in LOST:
                raise Problem(fault.code, **{"line": fault.line, **fault.values})
            self.faults.append(fault)
        self.header_line = header.line
        self.body_line = header.line + 1 + sum(cell.count("\n") for cell in header.cells)
        self.columns = self._name_columns(header.cells)

    def body_offset(self) -> int:
        """Bytes in front of the first line below the header; in encodings whose line ends are those of ASCII."""
        with self.path.open("rb") as raw:
            for _ in range(self.body_line - 1):
                raw.readline()
            return raw.tell()

    def reached(self, position: int) -> None:
        """The bytes that are read, for `progress`."""
        self._position = position

    def progress(self) -> float:
        """How far the present iteration has come, 0 to 1."""
        return min(1.0, self._position / self.size) if self.size else 1.0

    def index(self, column: str) -> int:
        """Place of a column by its name. Raises Problem(`column.missing`)."""
        if column not in self.columns:
            raise Problem("column.missing", column=column, columns=shown_list(self.columns))
        return self.columns.index(column)

    def __iter__(self) -> Iterator[Record]:
        self.blank = self.trailing = 0
        return self.records()

    def records(self, offset: int = 0, line: int = 1) -> Iterator[Record]:
        """The records below the header; from byte `offset` on, which is where `line` begins."""
        width = len(self.columns)
        dialect = self.detected.dialect
        with closing(_records(self.path, self.encoding, dialect, self, offset, line)) as rows:
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
            fault = Fault("row.short", record.line, self.columns[found], "", values)
            return Record(record.line, cells + [""] * (width - found), (*record.faults, fault))
        extra = cells[width:]
        if not any(cell.strip() for cell in extra):
            self.trailing += 1
            return record._replace(cells=cells[:width])
        fault = Fault("row.extra", record.line, "", shown(", ".join(extra)), values)
        return Record(record.line, cells[:width], (*record.faults, fault))

    def _name_columns(self, header: list[str]) -> list[str]:
        names: list[str] = []
        if len(header) > MAX_COLUMNS:
            raise Problem("column.too_many", found=len(header), limit=MAX_COLUMNS)
        seen: set[str] = set()
        for number, cell in enumerate(header, 1):
            name = column_name(cell)
            if len(name) > MAX_COLUMN_NAME:
                raise Problem(
                    "column.long_name", column=shown(name), found=len(name), limit=MAX_COLUMN_NAME
                )
            if not name:
                name = _free(f"column {number}", seen)
                self.faults.append(
                    Fault("column.unnamed", self.header_line, name, "", {"column": name})
                )
            elif name in seen:
                self.duplicates.add(name)
                self.faults.append(
                    Fault("column.duplicate", self.header_line, name, name, {"column": name})
                )
                name = _free(name, seen)
            seen.add(name)
            names.append(name)
        return names


# Codes after which the cells of a record say nothing about its number of columns.
LOST = frozenset({"row.quote", "row.long_cell", "column.too_many"})


def _is_blank(record: Record) -> bool:
    cells = record.cells
    if cells and cells[0] and not cells[0].isspace():  # almost every row
        return False
    return not record.faults and not any(cell.strip() for cell in record.cells)


def _free(name: str, seen: set[str]) -> str:
    if name not in seen:
        return name
    return next(found for n in range(2, MAX_COLUMNS + 2) if (found := f"{name} ({n})") not in seen)


def column_name(cell: str) -> str:
    """A header cell as a name: NFC, without spaces, BOMs and invisible characters around or in it."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", clean(cell)).replace("\0", "")).strip()


def shown(text: str, limit: int = 120) -> str:
    """A value as a person is shown it: one line, cut, without what JSON or a database cannot hold."""
    flat = " ".join(clean(text[: limit * 4]).replace("\0", "␀").split())
    return flat if len(flat) <= limit and len(text) <= limit * 4 else flat[:limit] + "…"


def shown_list(names: list[str], limit: int = 12) -> str:
    more = f" … (+{len(names) - limit})" if len(names) > limit else ""
    return ", ".join(f"“{shown(name, 40)}”" for name in names[:limit]) + more


def clean(text: str) -> str:
    """The text with U+FFFD for every undecodable byte."""
    if _MARK in text:
        text = _BAD.sub(lambda match: "\ufffd" * max(1, len(match[1])), text)
    return text


def read(path: str | Path, encoding: str = "", delimiter: str = "") -> Table:
    """The table in a file; iterating gives a Record for every row below the header.

    Raises Problem(`file.*`, `column.*`).
    """
    return Table(path, encoding, delimiter)


def detect(path: str | Path, encoding: str = "", delimiter: str = "") -> Detected:
    """What a file is written in; an encoding or delimiter that a person chose is taken as it is."""
    path = Path(path)
    if not path.is_file():
        raise Problem("file.missing", file=path.name)
    found = encodings.detect(path)
    if encoding:
        found = encodings.Encoding(encodings.normal_name(encoding), False)
    lines = _first_lines(path, found.name)
    if not any(line.strip(" \t\r\n\v\f\ufeff") for line in lines):
        return Detected(found.name, normal_delimiter(delimiter or ","), True, found.guessed)
    dialect = sniff(lines, normal_delimiter(delimiter) if delimiter else "")
    rows = list(islice(_rows(dialect, lines), 200))
    return Detected(found.name, dialect.delimiter, has_header(rows), found.guessed, dialect)


def preview(path: str | Path, encoding: str = "", delimiter: str = "", rows: int = 20) -> Preview:
    """The first rows, as the upload page shows them."""
    table = read(path, encoding, delimiter)
    records = list(islice(table, rows))
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
    )


def _rows(dialect: Dialect, lines: list[str]) -> Iterator[list[str]]:
    try:
        yield from (row for row in dialect.reader(iter(lines[dialect.skip :])) if any(row))
    except csv.Error:
        return


def _first_lines(path: Path, encoding: str) -> list[str]:
    lines: list[str] = []
    size = 0
    with path.open("rb") as raw:
        for line in _lines(raw, encoding):
            lines.append(line)
            size += len(line)
            if size > _SNIFFED or len(lines) > 2000:
                break
    return lines


def _lines(raw: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with their ends (LF, CR or CR LF and nothing else), cut at MAX_LINE characters."""
    text = io.TextIOWrapper(raw, encoding, errors="attune.mark", newline="")
    first = text.readline(MAX_LINE).lstrip("\ufeff")
    if first:
        yield first
    while line := text.readline(MAX_LINE):
        yield line


class _Lines:
    """Feeds the csv reader line by line; keeps the faults of the lines that it gave out."""

    def __init__(self, raw: BinaryIO, encoding: str, delimiter: str, table: Table | None) -> None:
        self.raw, self.encoding, self.delimiter, self.table = raw, encoding, delimiter, table
        self.number = 0
        self.faults: list[Fault] = []
        self.stopped: Fault | None = None  # behind it nothing can be told

    def __iter__(self) -> Iterator[str]:
        for line in _lines(self.raw, self.encoding):
            self.number += 1
            if self.table and not self.number % 2048:
                self.table._position = self.raw.tell()
            if "\0" in line:
                self.faults.append(Fault("row.nul", self.number, "", shown(line), {}))
            if _MARK in line:
                self.faults.append(self._undecodable(line))
            if len(line) >= MAX_LINE and line[-1] not in "\r\n":
                self.stopped = self._too_long(line)
                return
            yield line
        yield _END

    def _undecodable(self, line: str) -> Fault:
        match = _BAD.search(line)
        assert match  # noqa: S101
        byte = len(line[: match.start()].encode(self.encoding, "replace")) + 1
        found = " ".join(f"{ord(char) - 0xDC00:02X}" for char in match[1])
        values = {"bytes": found, "position": byte, "encoding": self.encoding}
        return Fault("row.undecodable", self.number, "", shown(line), values)

    def _too_long(self, line: str) -> Fault:
        if line.count(self.delimiter) > MAX_COLUMNS:
            values = {"found": line.count(self.delimiter) + 1, "limit": MAX_COLUMNS}
            return Fault("column.too_many", self.number, "", shown(line), values)
        if '"' in line:
            return Fault("row.quote", self.number, "", shown(line), {})
        return Fault("row.long_cell", self.number, "", shown(line), {"limit": MAX_CELL})


def _records(
    path: Path,
    encoding: str,
    dialect: Dialect,
    table: Table | None = None,
    offset: int = 0,
    line: int = 1,
) -> Generator[Record, None, None]:
    """Every record, the header among them, blank lines left out. Stops at a fault behind which nothing can be told."""
    with path.open("rb") as raw:
        raw.seek(offset)
        lines = _Lines(raw, encoding, dialect.delimiter, table)
        lines.number = line - 1
        feed = iter(lines)
        for _ in range(0 if offset else dialect.skip):
            next(feed, None)
        csv.field_size_limit(MAX_CELL)  # of the whole process, and others set it too
        rows = dialect.reader(feed)
        while True:
            start = lines.number + 1
            try:
                cells = next(rows)
            except StopIteration:
                if lines.stopped:
                    yield Record(lines.stopped.line, [], (*_taken(lines), lines.stopped))
                return
            except csv.Error:
                spans = lines.number > start
                fault = Fault(
                    "row.quote" if spans else "row.long_cell", start, "", "", {"limit": MAX_CELL}
                )
                yield Record(start, [], (*_taken(lines), fault))
                if spans:
                    return
                continue
            if cells and _END in cells[-1]:
                if cells != [_END]:
                    opened = shown(cells[-1].replace(_END, ""))
                    yield Record(
                        start,
                        cells[:-1],
                        (*_taken(lines), Fault("row.quote", start, "", opened, {})),
                    )
                return
            if cells or lines.faults:  # nothing is made of a blank line: there may be millions
                yield Record(start, cells, _taken(lines))


def _taken(lines: _Lines) -> tuple[Fault, ...]:
    if not lines.faults:
        return ()
    found = tuple(lines.faults)
    lines.faults.clear()
    return found
