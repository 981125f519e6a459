"""The bytes below a column of Arrow strings: most questions about a million cells are answered there at once.

Arrays are made here from their bytes, since pa.array, pa.scalar and to_numpy import all of pandas the first time, which
takes longer, and more memory, than a file of many thousand rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

PIECE = (
    1 << 16
)  # bytes that are looked at in one go: what is made of them stays in the processor's cache
_SPACE, _LAST = 32, 126  # the characters between them are seen


def strings(values: Iterable[str]) -> Any:
    """As an Arrow array; half of a surrogate pair, which no UTF-8 can hold, becomes a question mark."""
    found = list(values)
    joined = "".join(found)
    if joined.isascii():
        data, lengths = joined.encode(), [len(value) for value in found]
    else:
        encoded = [value.encode("utf-8", "replace") for value in found]
        data, lengths = b"".join(encoded), [len(value) for value in encoded]
    places = np.zeros(len(found) + 1, np.int32)
    np.cumsum(lengths, out=places[1:])
    return pa.StringArray.from_buffers(len(found), pa.py_buffer(places), pa.py_buffer(data))


def array(values: NDArray[Any]) -> Any:
    """Numbers, or yes and no, as an Arrow array."""
    kind, data = pa.from_numpy_dtype(values.dtype), np.ascontiguousarray(values)
    if values.dtype == np.bool_:
        data = np.packbits(data, bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(data)])


def numbers(column: Any) -> NDArray[Any]:
    """Of an array of whole numbers without gaps."""
    kind = column.type.to_pandas_dtype()
    found = np.frombuffer(column.buffers()[1] or b"", kind)
    return found[column.offset : column.offset + len(column)]


def whole(column: Any) -> Any:
    """As one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def offsets(column: Any) -> NDArray[np.int32]:
    """Where in `raw` each cell of an array begins and, one entry more, where the last one ends."""
    buffer = column.buffers()[1]
    if not len(column) or buffer is None:
        return np.zeros(1, np.int32)
    found = np.frombuffer(buffer, np.int32)[column.offset : column.offset + len(column) + 1]
    return found - found[0] if found[0] else found


def raw(column: Any) -> NDArray[np.uint8]:
    """The cells of an array, one after another, as UTF-8."""
    ends, data = column.buffers()[1:]
    if not len(column) or data is None:
        return np.zeros(0, np.uint8)
    places = np.frombuffer(ends, np.int32)
    begin, end = places[column.offset], places[column.offset + len(column)]
    return np.frombuffer(data, np.uint8)[begin:end]


def is_ascii(column: Any) -> bool:
    data = raw(column)
    return not len(data) or bool(data.max() < 128)


def sizes(column: Any) -> NDArray[np.int32]:
    """Bytes of each cell."""
    return np.diff(offsets(column))


def letters(column: Any) -> NDArray[np.int32]:
    """Characters of each cell."""
    if is_ascii(column):
        return sizes(column)
    return numbers(pc.utf8_length(column))


def longest(column: Any, enough: int) -> int:
    """Characters of the longest cell; its bytes where they are no more than `enough`."""
    most = int(sizes(column).max(initial=0))
    return most if most <= enough else int(letters(column).max(initial=0))


def blank(column: Any) -> NDArray[np.bool_]:
    """Which cells hold nothing but spaces."""
    column = whole(column)
    places, data = offsets(column), raw(column)
    empty = places[:-1] == places[1:]
    if not len(data):
        return empty
    first = data[np.minimum(places[:-1], len(data) - 1)]
    doubtful = np.flatnonzero(~empty & ((first <= _SPACE) | (first > _LAST)))
    if len(doubtful):
        trimmed = pc.utf8_trim_whitespace(column.take(array(doubtful)))
        empty[doubtful] = sizes(trimmed) == 0
    return empty


def count(block: Any, byte: int) -> int:
    """How often a byte stands in a block; several times as quick as bytes.count."""
    data = np.frombuffer(block, np.uint8)
    pieces = range(0, len(data), PIECE)
    return sum(int(np.count_nonzero(data[at : at + PIECE] == byte)) for at in pieces)


def places(block: bytes, byte: int) -> NDArray[np.int64]:
    """Where a byte stands in a block."""
    data = np.frombuffer(block, np.uint8)
    pieces = range(0, len(data), PIECE)
    found = [at + np.flatnonzero(data[at : at + PIECE] == byte) for at in pieces]
    return np.concatenate([np.zeros(0, np.int64), *found])


def has_double_blanks(data: NDArray[np.uint8]) -> bool:
    for at in range(0, len(data), PIECE):
        blanks = data[at : at + PIECE + 1] == _SPACE
        if (blanks[1:] & blanks[:-1]).any():
            return True
    return False
