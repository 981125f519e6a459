"""Tables of JSON: what a format's `convert` makes of each value, with the union of the first rows' keys as columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from training import events
from training.problems import Problem
from training.table.json_values import Number, Value, values_of
from training.table.packed import Source
from training.table.shape import Detected, Fault, Record, Streamed
from training.table.words import BAD, MARK, MAX_CELL, has_half, shown, shown_list, without_halves

_FIRST_ROWS, _FIRST_CHARACTERS = 2000, 4_000_000  # looked at for the columns


class Misfit(Exception):
    """A value that is not as the format has them; `needs` names the keys that it should have."""

    def __init__(self, needs: str) -> None:
        self.needs = needs


# From one value of the file to rows; raises Misfit.
Convert = Callable[[Any], Iterator[dict[str, Any]]]
Row = dict[str, Any]


def open_with(source: Source, found: Detected, convert: Convert) -> Streamed:
    """Raises Problem(`file.empty`, `file.json`, `file.json_shape`, `column.*`)."""
    keys = _first_keys(source, found, convert)

    def start(table: Streamed) -> Iterator[Record]:
        for value, row, fault in _rows(source, found, convert, table):
            yield _record(value, row, fault, keys, table.columns)

    return Streamed(source, found, keys, start)


def _rows(
    source: Source, found: Detected, convert: Convert, table: Streamed | None = None
) -> Generator[tuple[Value, Row | None, Fault | None], None, None]:
    style = found.style or "document"
    with source.open() as raw:
        values = values_of(raw, found.encoding, style, brief=table is None or table.brief)
        for count, value in enumerate(values, 1):
            if table and not count % 512:
                table.done = source.place(raw)
            if value.fault:
                yield value, None, value.fault
                continue
            try:
                for row in convert(value.value):
                    yield value, row, None
            except Misfit as misfit:
                yield value, None, _misfit(value, misfit)
            except (AttributeError, KeyError, IndexError, TypeError, ValueError):
                yield value, None, _misfit(value, Misfit(""))


def _misfit(value: Value, misfit: Misfit) -> Fault:
    text = shown(cell(value.value)[:1000])
    return Fault("row.shape", value.line, "", text, {"needs": misfit.needs or "…"})


def _first_keys(source: Source, found: Detected, convert: Convert) -> list[str]:
    keys: dict[str, None] = {}
    first: Fault | None = None
    size = 0
    with closing(_rows(source, found, convert)) as rows:
        for count, (_value, row, fault) in enumerate(rows, 1):
            first = first or fault
            keys.update(dict.fromkeys(row or ()))
            size += sum(len(item) for item in (row or {}).values() if isinstance(item, str))
            if count >= _FIRST_ROWS or size > _FIRST_CHARACTERS:
                break
    if not keys:
        raise _nothing(first)
    return list(keys)


def _nothing(fault: Fault | None) -> Problem:
    if fault is None:
        return Problem("file.empty")
    if fault.code == "row.json":
        return Problem("file.json", line=fault.line, **fault.values)
    return Problem(fault.code, line=fault.line, **fault.values)


def _record(
    value: Value, row: Row | None, fault: Fault | None, keys: list[str], columns: list[str]
) -> Record:
    if row is None:
        return Record(value.line, [""] * len(keys), (*value.faults, *([fault] if fault else [])))
    cells = [cell(row[key]) if key in row else "" for key in keys]
    told = {fault.code for fault in value.faults}
    found = checked(cells, value.line, columns)
    faults = value.faults + tuple(fault for fault in found if fault.code not in told)
    if len(row) > len(keys) or any(key not in keys for key in row):
        late = [key for key in row if key not in keys]
        values = {"fields": shown_list(late)}
        faults += (Fault("row.new_field", value.line, "", shown(", ".join(late)), values),)
    return Record(value.line, cells, faults)


def checked(cells: list[str], line: int, columns: list[str]) -> tuple[Fault, ...]:
    """What no text may hold; halves of characters are replaced in place."""
    faults: tuple[Fault, ...] = ()
    for at, text in enumerate(cells):
        if "\0" in text:
            faults += (Fault("row.nul", line, columns[at], shown(text), {}),)
        if len(text) > MAX_CELL:
            faults += (Fault("row.long_cell", line, columns[at], shown(text), {"limit": MAX_CELL}),)
            cells[at] = ""
        elif MARK in text and (match := BAD.search(text)) and match[1]:
            found = " ".join(f"{ord(char) - 0xDC00:02X}" for char in match[1])
            faults += (Fault("row.undecodable", line, columns[at], shown(text), {"bytes": found}),)
        elif has_half(text):
            cells[at] = without_halves(text)
            faults += (Fault("row.half", line, columns[at], shown(cells[at]), {}),)
    return faults


def cell(value: Any) -> str:
    """A value as the text of a cell; numbers as they were written, nested values as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Number):
        return value.text
    return as_json(value)


def as_json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        return ""
    except ValueError:
        return json.dumps(events.finite(value), ensure_ascii=False)
