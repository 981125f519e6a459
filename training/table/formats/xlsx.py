"""Excel workbooks: the first sheet with content, cells as a person sees them, formulas by their saved results."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple
from xml.parsers import expat

from training.problems import Problem
from training.table.beginning import Beginning
from training.table.formats.xlsx_parts import (
    Book,
    Texts,
    book,
    feed,
    number_as_shown,
    parser,
    unescaped,
)
from training.table.json_rows import checked
from training.table.packed import BROKEN, Source, damaged, refuse_size
from training.table.shape import Detected, Fault, Record, Streamed, numbered
from training.table.words import MAX_CELL, MAX_COLUMNS, shown

_BRIEF = 4 << 20  # bytes of a sheet without a row, after which a preview gives up
_CELL = re.compile("([A-Z]{1,3})([0-9]{1,7})")
_BROKEN = (*BROKEN, expat.ExpatError, KeyError)


class Cell(NamedTuple):
    kind: str
    style: str
    value: str
    formula: bool


class Row(NamedTuple):
    number: int
    cells: dict[int, Cell]  # by column, from 0; empty ones left out


def sniff(begin: Beginning) -> bool:
    return begin.binary == "xlsx"


def open_table(source: Source, found: Detected) -> Streamed:
    """Raises Problem(`file.empty`, `file.damaged`, `file.unpacked`, `column.*`)."""
    with (
        _opened(source) as (archive, described),
        closing(Texts(archive, described.strings)) as texts,
    ):
        part, first = _first_row(archive, described)
        width = max(first.cells) + 1
        if width > MAX_COLUMNS:
            raise Problem("column.too_many", found=width, limit=MAX_COLUMNS)
        header = numbered(width)
        if not found.headerless:
            header = [_Maker(described, texts, [""] * width).text(first, at) for at in range(width)]
    line = 0 if found.headerless else first.number

    def start(table: Streamed) -> Iterator[Record]:
        return _records(source, part, table)

    return Streamed(source, found, header, start, line)


@contextmanager
def _opened(source: Source) -> Iterator[tuple[zipfile.ZipFile, Book]]:
    with source.seekable() as file:
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                refuse_size(
                    sum(entry.file_size for entry in entries),
                    sum(entry.compress_size for entry in entries),
                )
                yield archive, book(archive)
        except _BROKEN as error:
            raise damaged("Excel", error) from error


def _first_row(archive: zipfile.ZipFile, described: Book) -> tuple[str, Row]:
    """The first sheet with content, and its first row."""
    for part in described.sheets:
        with closing(_rows(archive, part)) as rows:
            first = next((row for row in rows if isinstance(row, Row)), None)
        if first:
            return part, first
    raise Problem("file.empty")


def _records(source: Source, part: str, table: Streamed) -> Iterator[Record]:
    with (
        _opened(source) as (archive, described),
        closing(Texts(archive, described.strings)) as texts,
    ):
        size = max(1, archive.getinfo(part).file_size)
        maker = _Maker(described, texts, table.columns)
        read = since = 0
        with closing(_rows(archive, part)) as rows:
            for row in rows:
                if isinstance(row, int):
                    read, since = read + row, since + row
                    table.done = read / size
                    if table.brief and since > _BRIEF:
                        return
                elif row.number > table.header_line:
                    since = 0
                    record = maker.record(row)
                    if any(cell.strip() for cell in record.cells) or record.faults:
                        yield record
                    else:
                        table.blank += 1


def _rows(archive: zipfile.ZipFile, part: str) -> Generator[Row | int, None, None]:
    """Rows with anything in them, and now and then the number of bytes that were read."""
    sheet = _Sheet()
    with archive.open(part) as stream:
        for size in feed(stream, parser(sheet.start, sheet.end, sheet.text)):
            yield from sheet.ready
            sheet.ready.clear()
            yield size


class _Sheet:
    """Gathers the cells of a sheet's rows while it is parsed."""

    def __init__(self) -> None:
        self.ready: list[Row] = []
        self._number = self._column = 0
        self._cells: dict[int, Cell] = {}
        self._kind = self._style = ""
        self._formula = self._wanted = self._phonetic = False
        self._parts: list[str] = []
        self._size = 0

    def start(self, name: str, values: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(values)
        elif name in {"v", "t"}:
            self._wanted = not self._phonetic
        elif name == "f":
            self._formula = True
        elif name == "row":
            number = values.get("r", "")
            self._number = int(number) if number else self._number + 1
            self._column, self._cells = -1, {}
        elif name == "rPh":
            self._phonetic = True

    def _begin_cell(self, values: dict[str, str]) -> None:
        match = _CELL.fullmatch(values.get("r", ""))
        self._column = _column(match[1]) if match else self._column + 1
        self._kind, self._style = values.get("t", "n"), values.get("s", "")
        self._formula, self._parts, self._size = False, [], 0

    def text(self, text: str) -> None:
        if self._wanted and self._size <= MAX_CELL:
            self._parts.append(text)
            self._size += len(text)

    def end(self, name: str) -> None:
        if name == "c":
            if self._parts or self._formula:
                value = "".join(self._parts)
                self._cells[self._column] = Cell(self._kind, self._style, value, self._formula)
        elif name in {"v", "t"}:
            self._wanted = False
        elif name == "row":
            if self._cells:
                self.ready.append(Row(self._number, self._cells))
        elif name == "rPh":
            self._phonetic = False


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


class _Maker:
    """Makes records of rows."""

    def __init__(self, described: Book, texts: Texts, columns: list[str]) -> None:
        self._texts, self._columns = texts, columns
        self._1904 = described.dates_1904
        self._codes = {str(at): code for at, code in enumerate(described.formats)}

    def text(self, row: Row, at: int) -> str:
        cell = row.cells.get(at)
        return self._shown(cell) if cell else ""

    def record(self, row: Row) -> Record:
        width = len(self._columns)
        cells = [self.text(row, at) for at in range(width)]
        faults = checked(cells, row.number, self._columns)
        for at, cell in row.cells.items():
            if cell.formula and not cell.value and cell.kind != "str" and at < width:
                faults += (Fault("row.formula", row.number, self._columns[at], "", {}),)
        extra = [self._shown(cell) for at, cell in row.cells.items() if at >= width]
        if any(text.strip() for text in extra):
            values: dict[str, Any] = {"found": max(row.cells) + 1, "expected": width}
            faults += (Fault("row.extra", row.number, "", shown(", ".join(extra)), values),)
        return Record(row.number, cells, faults)

    def _shown(self, cell: Cell) -> str:
        kind, value = cell.kind, cell.value
        if not value:
            return ""
        if kind == "s":
            return self._shared(value)
        if kind == "n":
            if value.isdecimal() and cell.style in {"", "0"}:  # almost every number
                return value
            return number_as_shown(value, self._codes.get(cell.style, "General"), self._1904)
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        return unescaped(value) if kind in {"str", "inlineStr"} else value

    def _shared(self, value: str) -> str:
        try:
            return self._texts[int(value)]
        except IndexError:
            return ""
