"""JSON as a stream of values with the line on which each begins; no file is ever held whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from training.problems import Problem
from training.table.lines import faults_of, is_cut, lines_of, text_of
from training.table.shape import Fault
from training.table.words import MAX_CELL, shown

MAX_VALUE = 8_000_000  # characters of one value
# Under which an object keeps the list of its rows.
ROWS = ("data", "rows", "examples", "items", "records", "instances", "entries")
_PIECE = 1 << 16
_SPACE = " \t\r\n\ufeff"


class Number(float):
    """A number that remembers how it was written."""

    text: str

    def __new__(cls, text: str) -> Number:
        made = super().__new__(cls, text)
        made.text = text
        return made


def _integer(text: str) -> int | Number:
    return int(text) if len(text) < 4000 else Number(text)  # Python refuses to convert more digits


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=_integer, parse_constant=Number)


class Value(NamedTuple):
    """One value of the file, or what was wrong where it should be. `faults` are those of its line."""

    line: int
    value: Any
    fault: Fault | None = None
    faults: tuple[Fault, ...] = ()


def values_of(raw: BinaryIO, encoding: str, style: str, brief: bool = False) -> Iterator[Value]:
    """A `brief` look ends at a line that is too long, since nobody knows where the next begins.

    Raises Problem(`file.json_shape`) for an object without a list of rows.
    """
    if style == "lines":
        return _of_lines(raw, encoding, brief)
    return _of_document(raw, encoding)


def rows_key(value: dict[str, Any]) -> str:
    """The key under which an object keeps a list of rows, if it does."""
    for key in value:
        rows = value[key]
        if _may_hold_rows(key, value) and isinstance(rows, list) and rows:
            return key if isinstance(rows[0], dict | list) else ""
    return ""


def is_by_columns(value: dict[str, Any]) -> bool:
    """A table turned round: as many values under each key, by their numbers or in a list."""
    columns = list(value.values())
    if len(columns) < 2 or not isinstance(columns[0], dict | list):
        return False
    kind, size = type(columns[0]), len(columns[0])
    return size > 0 and all(type(column) is kind and len(column) == size for column in columns)


def _may_hold_rows(key: str, others: dict[str, Any]) -> bool:
    return key in ROWS or (key == "annotations" and "classes" in others)


def _of_lines(raw: BinaryIO, encoding: str, brief: bool) -> Iterator[Value]:
    number, cut = 1, False
    for line in lines_of(raw, encoding):
        if is_cut(line) and not cut:
            yield Value(number, None, Fault("row.long_cell", number, "", shown(line), _LIMIT))
            if brief:
                return
        elif not cut and line.strip(_SPACE):
            yield _of_line(line, number, faults_of(line, number, encoding))
        cut = is_cut(line)
        number += not cut


_LIMIT = {"limit": MAX_CELL}


def _of_line(line: str, number: int, faults: tuple[Fault, ...]) -> Value:
    try:
        return Value(number, _DECODER.decode(line.strip(_SPACE)), None, faults)
    except (ValueError, RecursionError) as error:
        return Value(number, None, _broken(number, line, getattr(error, "pos", 0)), faults)


def _broken(line: int, text: str, at: int = 0) -> Fault:
    return Fault("row.json", line, "", shown(text), {"position": at + 1})


class _Broken(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def _of_document(raw: BinaryIO, encoding: str) -> Iterator[Value]:
    cursor = _Cursor(raw, encoding)
    try:
        opening = cursor.peek()
        yield from _elements(cursor) if opening == "[" else _of_object(cursor)
    except _Broken as broken:
        yield Value(broken.fault.line, None, broken.fault)


def _elements(cursor: _Cursor) -> Iterator[Value]:
    cursor.take("[")
    while cursor.peek() != "]":
        line = cursor.line
        yield Value(line, cursor.value())
        if cursor.peek() == ",":
            cursor.take(",")
        elif cursor.peek() != "]":
            raise _Broken(cursor.broken())


def _of_object(cursor: _Cursor) -> Iterator[Value]:
    """The rows of the first list of rows in it; else the object itself as the only row, if it is a flat one."""
    line = cursor.line
    cursor.take("{")
    whole: dict[str, Any] = {}
    while cursor.peek() != "}":
        key = cursor.value()
        cursor.take(":")
        if _may_hold_rows(key, whole) and cursor.begins_rows():
            yield from _elements(cursor)
            return
        whole[str(key)] = cursor.value()
        if cursor.peek() == ",":
            cursor.take(",")
        elif cursor.peek() != "}":
            raise _Broken(cursor.broken())
    if not whole:
        return
    if is_by_columns(whole):
        raise Problem("file.json_shape")
    yield Value(line, whole)


class _Cursor:
    """A place in a text that is read piece by piece."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self._text = text_of(raw, encoding)
        self._held, self._at, self._ended = "", 0, False
        self.line = 1

    def _more(self) -> bool:
        """Twice as much as is held, so that a long value is not looked at too often."""
        if self._ended:
            return False
        rest = self._held[self._at :]
        piece = self._text.read(max(_PIECE, len(rest)))
        if piece:
            self._held, self._at = rest + piece, 0
        self._ended = not piece
        return bool(piece)

    def peek(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            held, at = self._held, self._at
            while at < len(held) and held[at] in _SPACE:
                self.line += held[at] == "\n"
                at += 1
            self._at = at
            if at < len(held):
                return held[at]
            if not self._more():
                return ""

    def take(self, char: str) -> None:
        if self.peek() != char:
            raise _Broken(self.broken())
        self._at += 1

    def begins_rows(self) -> bool:
        """Whether a list of objects or lists comes next."""
        if self.peek() != "[":
            return False
        while True:
            after = self._held[self._at + 1 :].lstrip(_SPACE)
            if after:
                return after[0] in "{[]"
            if not self._more():
                return False

    def value(self) -> Any:
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
                if end < len(self._held) or not self._more():  # else a number might go on
                    break
            except RecursionError:
                raise _Broken(self.broken()) from None
            except ValueError:
                if len(self._held) - self._at > MAX_VALUE:
                    raise _Broken(self._too_long()) from None
                if not self._more():
                    raise _Broken(self.broken()) from None
        self.line += self._held.count("\n", self._at, end)
        self._at = end
        return value

    def broken(self) -> Fault:
        return _broken(self.line, self._held[self._at : self._at + 400])

    def _too_long(self) -> Fault:
        text = self._held[self._at : self._at + 400]
        return Fault("row.long_cell", self.line, "", shown(text), _LIMIT)
