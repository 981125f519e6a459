"""What a Parquet file's pages say of themselves, before anything is unpacked.

The footer may claim anything, while Arrow believes each page's own header: so these are summed. A page header is a
struct of Thrift's compact protocol, of which just enough is read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

from training.problems import Problem

MAX_PAGE = 64 << 20  # bytes of one page when unpacked
MAX_VALUES = 10_000_000  # of one page
MAX_PAGES = 200_000  # of the file
_HEADER, _MAX_HEADER = 512, 1 << 16  # bytes
_DICTIONARY = 2  # the kind of a page
_DELTA_BYTES = 7  # an encoding in which a value may be a hundred bytes in the file and the sum of all before it
_MAX_DELTA = 2 << 20


class Pages:
    """A walk over the pages of a file. Raises ValueError, IndexError for what is no page."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._count = 0

    def dictionaries(self, chunks: Iterable[Any]) -> int:
        """Bytes of the dictionaries of one row group: no row of it holds more. `chunks` are of pyarrow, one a column.

        Raises Problem(`file.unpacked`) for pages that no table needs.
        """
        size = 0
        for chunk in chunks:
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and chunk.dictionary_page_offset:
                start = min(start, chunk.dictionary_page_offset)
            size += self._walk(start, start + chunk.total_compressed_size)
        return size

    def _walk(self, at: int, end: int) -> int:
        """Bytes of a column's dictionary."""
        found = 0
        while at < end:
            fields, size = self._header(at)
            unpacked, packed = fields.get(2, -1), fields.get(3, -1)
            if not all(isinstance(count, int) and count >= 0 for count in (unpacked, packed)):
                raise ValueError("no page header")
            _refuse_page(fields, unpacked)
            found += unpacked if fields.get(1) == _DICTIONARY else 0
            at += size + packed
        return found

    def _header(self, at: int) -> tuple[dict[int, Any], int]:
        self._count += 1
        if self._count > MAX_PAGES:
            raise Problem("file.unpacked", limit=1, ratio=200)
        try:
            return self._read(at, _HEADER)
        except (ValueError, IndexError):  # a longer one, with statistics of long texts
            return self._read(at, _MAX_HEADER)

    def _read(self, at: int, size: int) -> tuple[dict[int, Any], int]:
        self._file.seek(at)
        return _Struct(self._file.read(size)).read()


def _refuse_page(fields: dict[int, Any], unpacked: int) -> None:
    inner = [
        fields[key] for key in (5, 7, 8) if key in fields
    ]  # of data, dictionary, data of version 2
    counts = [part.get(1, 0) for part in inner if isinstance(part, dict)]
    if len(counts) < len(inner) or not all(isinstance(count, int) for count in counts):
        raise ValueError("no page header")
    encodings = [fields[key].get(at) for key, at in ((5, 2), (8, 4)) if key in fields]
    most = _MAX_DELTA if _DELTA_BYTES in encodings else MAX_PAGE
    if unpacked > most or max(counts, default=0) > MAX_VALUES:
        raise Problem("file.unpacked", limit=1, ratio=200)


class _Struct:
    """Thrift compact: field number -> int, bool, bytes, list or dict. Raises ValueError, IndexError."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, depth: int = 0) -> tuple[dict[int, Any], int]:
        if depth > 8:
            raise ValueError("too deep")
        found: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            step = head >> 4
            number = number + step if step else self._zigzag()
            found[number] = self._value(head & 15, depth)
        return found, self.at

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found
            if shift > 70:
                raise ValueError("too long")

    def _zigzag(self) -> int:
        found = self._varint()
        return (found >> 1) ^ -(found & 1)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in {1, 2}:
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in {4, 5, 6}:
            return self._zigzag()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in {9, 10}:
            return self._list(depth)
        if kind == 12:
            return self.read(depth + 1)[0]
        raise ValueError("unknown kind")

    def _bytes(self, size: int) -> bytes:
        self.at += size
        if self.at > len(self.data):
            raise ValueError("too short")
        return self.data[self.at - size : self.at]

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4
        if size == 15:
            size = self._varint()
        if size > len(self.data):
            raise ValueError("too long")
        return [self._value(head & 15, depth + 1) for _ in range(size)]
