"""A table in pieces of some thousand rows, as columns of Arrow strings: what a scan of a million rows works on.

Text that is plain CSV is parsed by Arrow, a block at a time. From the first block on that is anything else (a stray
quote, a bad byte, a row of another width) the records come from the csv reader, which tells each fault with its line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from training.table import cells
from training.table.formats.delimited import Delimited
from training.table.shape import LOST, Fault, Record
from training.table.words import MAX_CELL, clean

ROWS = 8192  # of a piece that is made of records
BLOCK = 2 << 20  # bytes of a piece that Arrow parses
_AHEAD = 2  # pieces that are parsed before they are asked for
# Encodings in which the bytes of line ends, quotes and separators never are a part of another character.
_SAFE = ("utf-8", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp125", "koi8", "iso8859")
_QUOTE, _LF, _CR = 34, 10, 13


@dataclass
class Chunk:
    """`lines` and each of `columns` have one entry a row; rows whose cells are lost are only in `faults`."""

    lines: NDArray[np.uint32]
    columns: list[Any]  # pa.StringArray, in the order of the table's columns
    faults: list[Fault] = field(default_factory=list)
    blank: int = 0  # rows that hold nothing, left out

    def __len__(self) -> int:
        return len(self.lines)


def chunks(table: Any) -> Iterator[Chunk]:
    """All rows of a table, in order."""
    if isinstance(table, Delimited) and _is_plain(table):
        yield from _Blocks(table)
    else:
        yield from of_records(table, len(table.columns))


def of_records(records: Iterable[Record], width: int) -> Iterator[Chunk]:
    rows = iter(records)
    while batch := list(islice(rows, ROWS)):
        yield _of_batch(batch, width)


def _of_batch(batch: list[Record], width: int) -> Chunk:
    faults = [fault for record in batch for fault in record.faults]
    if faults:
        batch = [_cleaned(record) for record in batch if not _is_lost(record)]
    columns = list(zip(*(record.cells for record in batch), strict=True)) or [()] * width
    lines = np.fromiter((record.line for record in batch), np.uint32, len(batch))
    return Chunk(lines, [cells.strings(column) for column in columns], faults)


def _is_lost(record: Record) -> bool:
    return any(fault.code in LOST for fault in record.faults)


def _cleaned(record: Record) -> Record:
    return record._replace(cells=[clean(c) for c in record.cells]) if record.faults else record


def _is_plain(table: Delimited) -> bool:
    dialect = table.detected.dialect
    return (
        len(table.columns) > 1
        and not table.source.packing
        and table.header_line > 0
        and not dialect.escape
        and dialect.delimiter.isascii()
        and table.encoding.startswith(_SAFE)
    )


class _Piece(NamedTuple):
    """Where a block begins, in bytes and lines, and how far into the file it reaches, 0 to 1."""

    begin: int
    line: int
    place: float


class _Blocks:
    """The blocks below the header, each with the line on which it begins."""

    def __init__(self, table: Delimited) -> None:
        self.table = table
        self.width = len(table.columns)
        self.options: dict[str, Any] = {"delimiter": table.detected.dialect.delimiter}
        names = [str(number) for number in range(self.width)]
        self.convert = pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        )
        self.read = pacsv.ReadOptions(column_names=names, use_threads=False, block_size=2 * BLOCK)

    def __iter__(self) -> Iterator[Chunk]:
        table = self.table
        table.blank = table.trailing = 0
        for piece, chunk in self._ahead():
            if chunk is None:
                yield from of_records(table.records(piece.begin, piece.line), self.width)
                return
            table.position, table.blank = piece.place, table.blank + chunk.blank
            yield chunk

    def _ahead(self) -> Iterator[tuple[_Piece, Chunk | None]]:
        """Read and parsed by a thread while what came before is worked on: Arrow and NumPy let both run at once."""
        with closing(self._parsed()) as found, ThreadPoolExecutor(1) as pool:
            waiting = deque(pool.submit(next, found, None) for _ in range(_AHEAD))
            while done := waiting.popleft().result():
                waiting.append(pool.submit(next, found, None))
                yield done

    def _parsed(self) -> Generator[tuple[_Piece, Chunk | None], None, None]:
        for piece, block in self._pieces():
            yield piece, self.parsed(block, piece.line)

    def _pieces(self) -> Iterator[tuple[_Piece, bytes]]:
        with self.table.source.open() as file:
            begin, line = self.table.body_offset(), self.table.body_line
            file.seek(begin)
            while block := _whole_records(file.read(BLOCK), file):
                end = begin + len(block)
                file.seek(end)
                yield _Piece(begin, line, self.table.source.place(file)), block
                begin, line = end, line + cells.count(block, _LF)

    def parsed(self, block: bytes, line: int) -> Chunk | None:
        """The rows of a block, or None if the csv reader has to look at it."""
        quotes = _QUOTE in block
        if b"\0" in block or (b"\r" in block and cells.count(block, _CR) != block.count(b"\r\n")):
            return None
        if quotes and not well_quoted(block, self.options["delimiter"].encode()):
            return None
        found = self._arrow(block, quotes)
        if found is None or not found.num_rows:
            return None
        columns = [column.combine_chunks() for column in found.columns]
        lines = _lines(block, columns, line, quotes)
        if lines is None or any(cells.longest(c, MAX_CELL) > MAX_CELL for c in columns):
            return None
        return self._without_blank(Chunk(lines, columns))

    def _arrow(self, block: bytes, quotes: bool) -> Any:
        parse = pacsv.ParseOptions(**self.options, newlines_in_values=quotes)
        try:
            if self.table.encoding != "utf-8":
                block = block.decode(self.table.encoding).encode()
            return pacsv.read_csv(pa.py_buffer(block), self.read, parse, self.convert)
        except (pa.ArrowInvalid, UnicodeError):
            return None

    def _without_blank(self, chunk: Chunk) -> Chunk:
        """Without the rows that hold nothing, which are counted."""
        empty = cells.blank(chunk.columns[0])
        for column in chunk.columns[1:]:
            if not empty.any():
                return chunk
            empty &= cells.blank(column)
        kept = cells.array(~empty)
        columns = [column.filter(kept) for column in chunk.columns]
        return Chunk(chunk.lines[~empty], columns, blank=int(empty.sum()))


def _whole_records(block: bytes, file: BinaryIO) -> bytes:
    """The block up to the last line end that is not inside quotes; the whole of it at the end of the file."""
    if not block or len(block) < BLOCK:
        return block
    end = block.rfind(b"\n") + 1
    if _QUOTE in block:
        inside = cells.count(block[:end], _QUOTE) % 2
        while end and inside:
            before = block.rfind(b"\n", 0, end - 1) + 1
            inside ^= block.count(b'"', before, end) % 2
            end = before
    return block[:end] or block + file.readline(BLOCK)


def well_quoted(block: bytes, delimiter: bytes) -> bool:
    """Whether quotes stand only around whole cells, or doubled inside them."""
    data = np.frombuffer(block, np.uint8)
    places = cells.places(block, _QUOTE)
    if len(places) % 2:
        return False
    opening, closing = places[0::2], places[1::2]
    doubled = np.zeros(len(opening), bool)
    doubled[1:] = opening[1:] == closing[:-1] + 1
    edges = np.array([ord(delimiter), _LF, _CR], np.uint8)
    before = data[np.maximum(opening - 1, 0)]
    begins = (opening == 0) | np.isin(before, edges)
    after = data[np.minimum(closing + 1, len(data) - 1)]
    ends = (closing == len(data) - 1) | np.isin(after, edges)
    ends[:-1] |= doubled[1:]
    return bool((begins | doubled).all() and ends.all())


def _lines(block: bytes, columns: list[Any], line: int, quotes: bool) -> NDArray[np.uint32] | None:
    """The line on which each row begins; None if there are blank lines between them."""
    rows = len(columns[0])
    ends = cells.count(block, _LF) + (not block.endswith(b"\n"))
    if ends == rows:  # no line end is inside a cell
        return np.arange(line, line + rows, dtype=np.uint32)
    inside = np.zeros(rows, np.int64)
    for column in columns if quotes else ():
        inside += cells.numbers(pc.count_substring(column, "\n"))
    if ends != rows + inside.sum():
        return None
    starts = line + np.arange(rows) + np.concatenate(([0], np.cumsum(inside)[:-1]))
    return starts.astype(np.uint32)
