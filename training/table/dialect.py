"""How a file separates its cells, found out from its first rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from training.problems import Problem

DELIMITERS = (",", "\t", ";", "|")  # in order of preference
_ROWS = 200  # looked at
_SEP = re.compile(r'^"?sep=(?P<delimiter>.)"?\s*$', re.I | re.S)
_NAMES = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    escape: bool = False  # quotes inside cells are written \" instead of ""
    skip: int = 0  # lines before the header (`sep=;`)

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar='"',
            doublequote=not self.escape,
            escapechar="\\" if self.escape else None,
        )


def normal_delimiter(value: str) -> str:
    """One character; `tab` and `\\t` are understood. Raises Problem(`file.delimiter`)."""
    found = _NAMES.get(value.lower(), value)
    if len(found) != 1 or found in '\r\n"\0' or found.isalnum():
        raise Problem("file.delimiter", delimiter=value)
    return found


def sniff(lines: list[str], delimiter: str = "") -> Dialect:
    """The dialect of the first lines (with their line ends). `delimiter` is what a person chose, if they did."""
    skip = 0
    match = _SEP.match(lines[0].rstrip("\r\n")) if lines else None
    if match:
        skip = 1
        delimiter = delimiter or match["delimiter"]
    body = lines[skip:]
    text = "".join(body)
    choices = (delimiter,) if delimiter else DELIMITERS
    escapes = (False, True) if '\\"' in text else (False,)
    # The first of equals wins: the plain dialect, then the order of preference.
    best = max(
        (
            (_score(body, Dialect(d, e)), -i, -e, Dialect(d, e, skip))
            for e in escapes
            for i, d in enumerate(choices)
        ),
        key=lambda item: item[:3],
    )
    return best[3]


def _score(lines: list[str], dialect: Dialect) -> float:
    """Share of the rows with as many cells as the first; 0 for a single column."""
    try:
        sizes = _sizes(lines, dialect)
    except csv.Error:
        return 0.0
    if not sizes or sizes[0] < 2:
        return 0.0
    return round(sizes.count(sizes[0]) / len(sizes), 2)


def _sizes(lines: list[str], dialect: Dialect) -> list[int]:
    sizes: list[int] = []
    for row in dialect.reader(iter(lines)):
        if any(cell.strip() for cell in row):
            sizes.append(len(row))
        if len(sizes) >= _ROWS:
            break
    # The last row may be cut where the sample ends.
    return sizes[:-1] if len(sizes) > 3 and len(sizes) < _ROWS else sizes


def has_header(rows: list[list[str]]) -> bool:
    """A guess: a first row that is repeated below, or that reads like data, is no header."""
    if not rows:
        return True
    first, rest = rows[0], rows[1:]
    if any(_is_data(cell) for cell in first):
        return False
    for index, name in enumerate(first):
        below = [row[index] for row in rest if index < len(row)]
        if name.strip() and below.count(name) >= 2:
            return False
    return True


def _is_data(cell: str) -> bool:
    words = cell.split()
    return bool(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell)) or len(cell) > 80 or len(words) > 7
