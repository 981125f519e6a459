"""What an export is, and what a writer is told of a version."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What a spreadsheet would take for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Head:
    """What all rows have in common. `extra`: column of the version's tables -> its name in the export."""

    roles: tuple[str, ...]
    extra: Mapping[str, str]
    safe: bool  # formulas become harmless, and Excel is told that it is UTF-8
    nested: frozenset[str] = frozenset()  # roles whose cells are JSON
    id: str = ""  # the column of the tables that holds the user's own names of the rows


# (head, row groups of a version) -> the text of the file, piece by piece
Write = Callable[[Head, Iterable[Any]], Iterator[str]]


@dataclass(frozen=True)
class Export:
    """One kind of file. `fits`: the roles that a version must have, no more and no fewer; none means any."""

    name: str
    title: str  # marked for translation
    ending: str
    media: str
    write: Write
    fits: tuple[set[str], ...] = ()
    sheet: bool = False  # people open it in spreadsheets
    whole: bool = False  # keeps every column, the split and the place in the file


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet will not run: numbers stay numbers, a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def csv_lines(rows: Iterable[Iterable[Any]], *, safe: bool = True) -> str:
    """The lines of a CSV file for these rows; `safe`: for spreadsheets, in which no text is then a formula."""
    out = io.StringIO()
    csv.writer(out).writerows(
        [harmless(cell) for cell in row] if safe else list(row) for row in rows
    )
    return out.getvalue()


def as_json(head: Head, role: str, cell: Any) -> Any:
    """A cell as it stands in a JSON file: what is JSON already is not wrapped once more."""
    return json.loads(cell) if cell and role in head.nested else cell


def cells(table: Any, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of one row group, these columns of them."""
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text
