"""CoNLL and its kin: a word a line with its tag last, an empty line after each sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import islice
from typing import NamedTuple

from training.problems import Problem
from training.table.beginning import Beginning
from training.table.json_rows import as_json, checked
from training.table.lines import faults_of, is_cut, lines_of
from training.table.packed import Source
from training.table.shape import Detected, Fault, Record, Streamed
from training.table.words import MAX_CELL, shown

COLUMNS = ["tokens", "tags"]
_TAG = re.compile(r"O|[BIESLUM](-\S+)?")
_COMMENT = re.compile(r"#\s*\S+\s*=|# ?newdoc|# ?newpar")
_HEADS = frozenset({"token", "tokens", "word", "words", "text"})
_SPACE = " \t\r\n\f\v\ufeff"

Split = Callable[[str], list[str]]


class Line(NamedTuple):
    number: int
    parts: list[str]
    faults: tuple[Fault, ...]


def sniff(begin: Beginning) -> bool:
    filled = [line for line in begin.lines if _counts(line)]
    if not filled or begin.style:
        return False
    split = splitter(filled)
    rows = [split(line) for line in filled[:-1] or filled]
    rows = rows[1:] if _is_head(Line(1, rows[0], ())) else rows
    tagged = [row for row in rows if len(row) > 1 and _TAG.fullmatch(row[-1])]
    plain = sum(row[-1] == "O" or "-" in row[-1] for row in tagged)
    return len(tagged) > 1 and len(tagged) >= 0.9 * len(rows) and plain >= 0.5 * len(rows)


def _counts(line: str) -> bool:
    return bool(line.strip(_SPACE)) and not line.startswith("-DOCSTART-") and not _is_comment(line)


def _is_comment(line: str) -> bool:
    return line.startswith("#") and bool(_COMMENT.match(line))


def splitter(lines: list[str]) -> Split:
    """Tabs where most lines have one, since words may then hold spaces; else any space."""
    tabs = sum("\t" in line for line in lines)
    if tabs * 2 > len(lines):
        return lambda line: line.strip("\r\n\ufeff").split("\t")
    return str.split


def open_table(source: Source, found: Detected) -> Streamed:
    with source.open() as raw:
        lines = list(islice(lines_of(raw, found.encoding), 500))
    filled = [line for line in lines if _counts(line)]
    if not filled:
        raise Problem("file.empty")
    split = splitter(filled)
    sizes = [len(split(line)) for line in filled]
    width = max(set(sizes), key=sizes.count)
    if width < 2:
        raise Problem("file.format", format="CoNLL")

    def start(table: Streamed) -> Iterator[Record]:
        with closing(_lines(source, table, split)) as lines:
            for sentence in _sentences(lines):
                yield _record(sentence, width)

    return Streamed(source, found, list(COLUMNS), start)


def _lines(source: Source, table: Streamed, split: Split) -> Generator[Line | None, None, None]:
    """Every line of a word; None where a sentence ends."""
    with source.open() as raw:
        number, cut = 0, False
        for line in lines_of(raw, table.encoding):
            number += not cut
            if not number % 4096:
                table.done = source.place(raw)
            if cut or is_cut(line):
                if not cut:
                    fault = Fault("row.long_cell", number, "", shown(line), {"limit": MAX_CELL})
                    yield Line(number, [], (fault,))
                cut = is_cut(line)
            elif line.startswith("-DOCSTART-") or not line.strip(_SPACE):
                yield None
            elif not _is_comment(line):
                yield Line(number, split(line), faults_of(line, number, table.encoding))


def _sentences(lines: Iterator[Line | None]) -> Iterator[list[Line]]:
    """Lines up to an empty one; a sentence without an end is given in pieces that can be held."""
    sentence: list[Line] = []
    first, size = True, 0
    for line in lines:
        if line is None:
            if sentence:
                yield sentence
            sentence, size = [], 0
            continue
        if first and _is_head(line):
            first = False
            continue
        first = False
        sentence.append(line)
        size += sum(map(len, line.parts)) + 8
        if size > MAX_CELL:
            fault = Fault("row.long_cell", sentence[0].number, "", "", {"limit": MAX_CELL})
            yield [sentence[0]._replace(parts=[], faults=(fault,))]
            sentence, size = [], 0
    if sentence:
        yield sentence


def _is_head(line: Line) -> bool:
    parts = line.parts
    return len(parts) > 1 and parts[0].lower() in _HEADS and not _TAG.fullmatch(parts[-1])


def _record(sentence: list[Line], width: int) -> Record:
    number = sentence[0].number
    faults = tuple(fault for line in sentence for fault in line.faults)
    if any(fault.code == "row.long_cell" for fault in faults):
        return Record(number, ["", ""], faults)
    odd = next((line for line in sentence if len(line.parts) != width), None)
    if odd:
        values = {"found": len(odd.parts), "expected": width}
        fault = Fault("row.tags", odd.number, "", shown(" ".join(odd.parts)), values)
        return Record(number, ["", ""], (*faults, fault))
    words = [line.parts[0] for line in sentence]
    tags = [line.parts[-1].strip(_SPACE) for line in sentence]
    cells = [as_json(words), as_json(tags)]
    return Record(number, cells, (*faults, *(() if faults else checked(cells, number, COLUMNS))))
