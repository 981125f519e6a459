"""The one shape that every importer gives, whatever the file was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from training.problems import Problem
from training.table.dialect import Dialect
from training.table.packed import Source
from training.table.words import (
    MAX_COLUMN_NAME,
    MAX_COLUMNS,
    column_name,
    free_name,
    shown,
    shown_list,
)

# Codes after which the cells of a record say nothing: the row is lost, or the rest of the file.
LOST = frozenset(
    {
        "row.quote",
        "row.long_cell",
        "column.too_many",
        "row.json",
        "row.shape",
        "row.tags",
        "file.damaged",
        "file.unpacked",
    }
)


class Fault(NamedTuple):
    """A fault of a row or of the header; `values` fill the texts of problems.TABLE[code]."""

    code: str
    line: int
    column: str
    value: str
    values: Mapping[str, Any]


class Record(NamedTuple):
    """`line` is the 1-based place in the file at which the record begins; `cells` are as many as there are columns.

    The place is a line of a text file, a row of a sheet, and the row below an imagined header in Parquet.
    """

    line: int
    cells: list[str]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Detected:
    encoding: str  # empty where the format has none to choose
    delimiter: str  # the same
    header: bool  # False: the first row was taken for the names of the columns, though it looks like data
    guessed: bool = False  # the encoding is a guess that a person should look at
    dialect: Dialect = field(default_factory=lambda: Dialect(","))
    format: str = "csv"  # of formats.FORMATS
    headerless: bool = False  # the first row is data; columns are numbered, or named by the format
    style: str = ""  # of JSON: one value a line ("lines") or one for the whole file ("document")


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
    format: str = "csv"
    headerless: bool = False


class Table(Protocol):
    """A file with its `columns` at once, its records by iterating (each time anew, from the disk)."""

    columns: list[str]
    faults: list[Fault]  # of the header
    duplicates: set[str]  # column names that stand there more than once
    header_line: int  # 0: there is none
    detected: Detected
    encoding: str
    delimiter: str
    blank: int  # rows without any content, counted while reading
    trailing: int  # rows with empty cells behind the last column

    def progress(self) -> float:
        """How far the present iteration has come, 0 to 1."""

    def index(self, column: str) -> int:
        """Place of a column by its name. Raises Problem(`column.missing`)."""

    def __iter__(self) -> Iterator[Record]: ...


class Streamed:
    """The table of every format that is no delimited text. `start` gives the records anew, each as wide as `header`."""

    def __init__(
        self,
        source: Source,
        detected: Detected,
        header: list[str],
        start: Callable[[Streamed], Iterator[Record]],
        header_line: int = 0,
    ) -> None:
        self.source, self.detected, self.header_line = source, detected, header_line
        self.encoding, self.delimiter = detected.encoding, detected.delimiter
        self.columns, self.faults, self.duplicates = name_columns(header, header_line)
        self.blank = self.trailing = 0
        self.brief = False  # only the beginning is wanted: long searches may give up
        self.done = 0.0
        self._start = start

    def progress(self) -> float:
        return min(1.0, self.done)

    def index(self, column: str) -> int:
        return place_of(column, self.columns)

    def __iter__(self) -> Iterator[Record]:
        self.blank = self.trailing = 0
        self.done = 0.0
        yield from until_damage(self._start(self), len(self.columns))


def place_of(column: str, columns: list[str]) -> int:
    if column not in columns:
        raise Problem("column.missing", column=column, columns=shown_list(columns))
    return columns.index(column)


def until_damage(records: Iterator[Record], width: int) -> Iterator[Record]:
    """The records; where the file turns out to be damaged, a last one says so."""
    line = 0
    try:
        for record in records:
            line = record.line
            yield record
    except Problem as problem:
        fault = Fault(problem.code, line + 1, "", "", problem.values)
        yield Record(line + 1, [""] * width, (fault,))


def name_columns(header: list[str], line: int) -> tuple[list[str], list[Fault], set[str]]:
    """Names, faults, and the names that repeat. Raises Problem(`column.too_many`, `column.long_name`)."""
    if len(header) > MAX_COLUMNS:
        raise Problem("column.too_many", found=len(header), limit=MAX_COLUMNS)
    names: list[str] = []
    faults: list[Fault] = []
    duplicates: set[str] = set()
    seen: set[str] = set()
    for number, cell in enumerate(header, 1):
        name = _short_name(cell)
        if not name:
            name = free_name(f"column {number}", seen)
            faults.append(Fault("column.unnamed", line, name, "", {"column": name}))
        elif name in seen:
            duplicates.add(name)
            faults.append(Fault("column.duplicate", line, name, name, {"column": name}))
            name = free_name(name, seen)
        seen.add(name)
        names.append(name)
    return names, faults, duplicates


def _short_name(cell: str) -> str:
    name = column_name(cell)
    if len(name) > MAX_COLUMN_NAME:
        raise Problem(
            "column.long_name", column=shown(name), found=len(name), limit=MAX_COLUMN_NAME
        )
    return name


def numbered(count: int) -> list[str]:
    return [f"column {number}" for number in range(1, count + 1)]
