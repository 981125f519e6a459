"""Vertex AI and AutoML: text, then labels, without a header line; the split may come first."""

from __future__ import annotations

from collections.abc import Iterator

from training.table.beginning import Beginning
from training.table.formats.comprehend import looks_labelled
from training.table.formats.delimited import Delimited
from training.table.formats.vertex import SPLITS, split_of
from training.table.packed import Source
from training.table.shape import Detected, Record, Streamed, Table


def sniff(begin: Beginning) -> bool:
    rows = begin.rows
    if not rows or begin.dialect.delimiter != "," or any(len(row) < 2 for row in rows):
        return False
    if _has_split(rows):
        return all(len(row) >= 2 for row in rows)
    if begin.has_header or any(len(row) != 2 for row in rows):
        return False
    return looks_labelled([row[1] for row in rows], [row[0] for row in rows])


def _has_split(rows: list[list[str]]) -> bool:
    uses = [row[0] for row in rows]
    return len(rows[0]) > 2 and any(uses) and all(use in _USES for use in uses)


_USES = {use.upper() for use in SPLITS} | {""}


def open_table(source: Source, found: Detected) -> Table:
    if not found.headerless:
        return Delimited(source, found)
    rows = Delimited(source, found).first_rows(200)
    with_split = _has_split(rows)
    width = max(map(len, rows)) - with_split
    names = ["split"] * with_split + ["text", "label"][:width]
    names += [f"label {number}" for number in range(2, width)]
    table = Delimited(source, found, names)
    return _with_splits(table) if with_split else table


def _with_splits(table: Delimited) -> Streamed:
    """The same rows with the names of splits that are used everywhere else."""

    def start(made: Streamed) -> Iterator[Record]:
        for record in table:
            made.done, made.blank, made.trailing = table.position, table.blank, table.trailing
            yield record._replace(cells=[split_of(record.cells[0]), *record.cells[1:]])

    return Streamed(table.source, table.detected, table.columns, start)
