"""What a file shows of itself before it is read: the importers tell their own by it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from training.table import json_values
from training.table.dialect import Dialect, has_header, sniff
from training.table.lines import first_lines
from training.table.packed import Source
from training.table.words import MAX_COLUMNS

_VALUES = 50  # of a JSON file that are looked at
_JSON = re.compile(
    r'\s*(\{\s*"(?:[^"\\\n]|\\.)*"\s*:|\{\s*\}|\[\s*[\[{]|\[\s*\]'
    r'|\[\s*"(?:[^"\\\n]|\\.)*"\s*(?:,\s*(?:[\[{"]|$)|\]?\s*$))',
    re.M,
)


@dataclass(frozen=True)
class Beginning:
    """Everything is looked at once and only when somebody asks. `encoding` is empty for a binary file."""

    source: Source
    binary: str = ""  # "xlsx", "parquet" or nothing
    encoding: str = ""
    delimiter: str = ""  # that a person chose

    @cached_property
    def lines(self) -> list[str]:
        return first_lines(self.source, self.encoding) if self.encoding else []

    @cached_property
    def style(self) -> str:
        """Of JSON: "lines" (one value a line) or "document"; of everything else nothing."""
        filled = (line for line in self.lines if line.strip())
        first, second = next(filled, ""), next(filled, "")
        if not _JSON.match(first if first.strip() not in {"[", "{"} else first + second):
            return ""
        return "lines" if _is_line(first, second) else "document"

    @cached_property
    def values(self) -> list[Any]:
        """The first values of a JSON file, those that can be read."""
        found: list[Any] = []
        if self.style:
            with self.source.open() as raw:
                read = json_values.values_of(raw, self.encoding, self.style, brief=True)
                found = [item.value for item in islice(read, _VALUES) if not item.fault]
        return found

    @cached_property
    def objects(self) -> list[dict[str, Any]]:
        return [value for value in self.values if isinstance(value, dict)]

    @cached_property
    def dialect(self) -> Dialect:
        return sniff(self.lines, self.delimiter)

    @cached_property
    def rows(self) -> list[list[str]]:
        """Of a delimited file, the header among them."""
        return list(islice(_rows(self.dialect, self.lines), 200))

    @cached_property
    def has_header(self) -> bool:
        many = any(
            len(row) > MAX_COLUMNS for row in self.rows
        )  # refused anyway, and slow to look at
        return many or has_header(self.rows)


def _rows(dialect: Dialect, lines: list[str]) -> Iterator[list[str]]:
    try:
        yield from (row for row in dialect.reader(iter(lines[dialect.skip :])) if any(row))
    except csv.Error:
        return


def _is_line(first: str, second: str) -> bool:
    """Whether a value ends where the line does, and another begins on the next."""
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        whole = first[-1:] in "\r\n" and first.rstrip().endswith(("}", "]"))
        return whole and second[:1] in {"{", "["}
    if second:
        return second.lstrip()[:1] in {"{", "["} or not isinstance(value, list)
    if not isinstance(value, dict) or json_values.rows_key(value):
        return False
    return not json_values.is_by_columns(value)
