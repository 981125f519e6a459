"""Plain JSON and JSON Lines: the keys of the objects are the columns; of lists, the places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from training.table.beginning import Beginning
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff_lines(begin: Beginning) -> bool:
    return begin.style == "lines"


def sniff_document(begin: Beginning) -> bool:
    return begin.style == "document"


def open_lines(source: Source, found: Detected) -> Streamed:
    return open_with(source, replace(found, style="lines"), convert)


def open_document(source: Source, found: Detected) -> Streamed:
    return open_with(source, replace(found, style="document"), convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield {f"column {number}": item for number, item in enumerate(value, 1)}
    elif isinstance(value, dict):
        yield value
    else:
        raise Misfit("{ }")
