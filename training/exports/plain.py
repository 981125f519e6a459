"""Files that hold all of a version: CSV and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from training.exports.shape import Head, as_json, cells, csv_lines

PLACE = ("split", "file", "line")
_BOM = "\ufeff"


def write_csv(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    names = [*head.roles, *head.extra, *PLACE]
    titles = [*head.roles, *head.extra.values(), *PLACE]
    yield from sheet(head, titles, (cells(table, names) for table in tables))


def sheet(
    head: Head, titles: Sequence[str], groups: Iterable[Iterable[Sequence[Any]]]
) -> Iterator[str]:
    """CSV; the first piece is the header line."""
    yield (_BOM if head.safe else "") + csv_lines([titles], safe=head.safe)
    for rows in groups:
        yield csv_lines(rows, safe=head.safe)


def write_jsonl(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    names = [*head.roles, *head.extra, *PLACE]
    titles = [*head.roles, *head.extra.values(), *PLACE]
    yield from objects(head, names, titles, tables)


def objects(
    head: Head, names: Sequence[str], titles: Sequence[str], tables: Iterable[Any]
) -> Iterator[str]:
    """JSON Lines: of each row these columns, under these titles."""
    for table in tables:
        yield lines(
            {
                title: as_json(head, name, cell)
                for name, title, cell in zip(names, titles, row, strict=True)
            }
            for row in cells(table, names)
        )


def lines(values: Iterable[Any]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)
