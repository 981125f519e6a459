"""Lines of text with their numbers, whatever the encoding, and what is wrong with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from training.table.packed import Source
from training.table.shape import Fault
from training.table.words import BAD, MARK, MAX_LINE, shown

_SNIFFED = 262_144  # characters of the file's beginning from which its format is told


def text_of(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Characters with marks for the bytes that are none, line ends as they stand."""
    return io.TextIOWrapper(raw, encoding, errors="attune.mark", newline="")


def lines_of(raw: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with their ends (LF, CR or CR LF and nothing else), cut at MAX_LINE characters."""
    text = text_of(raw, encoding)
    first = text.readline(MAX_LINE).lstrip("\ufeff")
    if first:
        yield first
    while line := text.readline(MAX_LINE):
        yield line


def first_lines(source: Source, encoding: str) -> list[str]:
    lines: list[str] = []
    size = 0
    with source.open() as raw:
        for line in lines_of(raw, encoding):
            lines.append(line)
            size += len(line)
            if size > _SNIFFED or len(lines) > 2000:
                break
    return lines


def is_cut(line: str) -> bool:
    """Whether more of the line follows: it is longer than any that is held."""
    return len(line) >= MAX_LINE and line[-1] not in "\r\n"


def undecodable(line: str, number: int, encoding: str) -> Fault:
    """The fault of a line in which a MARK stands."""
    match = BAD.search(line)
    assert match  # noqa: S101
    byte = len(line[: match.start()].encode(encoding, "replace")) + 1
    found = " ".join(f"{ord(char) - 0xDC00:02X}" for char in match[1])
    values = {"bytes": found, "position": byte, "encoding": encoding}
    return Fault("row.undecodable", number, "", shown(line), values)


def faults_of(line: str, number: int, encoding: str) -> tuple[Fault, ...]:
    found = []
    if "\0" in line:
        found.append(Fault("row.nul", number, "", shown(line), {}))
    if MARK in line:
        found.append(undecodable(line, number, encoding))
    return tuple(found)
