"""Files inside gzip and zip: unpacked as a stream, never by name, never more than is sane.

A zip's directory may lie about sizes; zipfile gives no more bytes than it says, so the directory's sum is a bound.
"""

from __future__ import annotations

import errno
import gzip
import io
import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from training.problems import Problem


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


MAX_UNPACKED = 4 << 30  # bytes
MAX_RATIO = 200  # unpacked to packed; beyond it nobody packed a table
FREE = 64 << 20  # bytes that may be unpacked at any ratio
_DIRECTORY = 4 << 20  # bytes of a zip's directory: some tens of thousands of files
BROKEN = (  # what unpacking raises for bytes that make no sense
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class Source:
    """Where a file's bytes come from: the file itself, or the one file inside the archive that it is."""

    path: Path
    packing: str = ""  # "", "gz" or "zip"
    member: str = ""  # name inside the zip; never a path on the disk
    size: int = 0  # bytes on the disk

    def open(self) -> BinaryIO:
        """A stream from the first byte; raises Problem(`file.damaged`, `file.unpacked`) while it is read."""
        if not self.packing:
            return self.path.open("rb")
        return cast(BinaryIO, io.BufferedReader(Unpacked(self), 1 << 16))

    def head(self, size: int) -> bytes:
        with self.open() as file:
            return file.read(size)

    @contextmanager
    def seekable(self) -> Iterator[BinaryIO]:
        """For formats that jump about. What is unpacked for it has no name on the disk, so nothing can be left."""
        if not self.packing:
            with self.path.open("rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as copy, self.open() as packed:
            shutil.copyfileobj(packed, copy, 1 << 20)
            copy.seek(0)
            yield cast(BinaryIO, copy)

    def place(self, file: BinaryIO) -> float:
        """How far a stream of `open` has been read, 0 to 1."""
        raw = getattr(file, "raw", file)
        return (raw.place() if isinstance(raw, Unpacked) else file.tell()) / max(1, self.size)


class Unpacked(io.RawIOBase):
    """The bytes inside an archive, counted."""

    def __init__(self, source: Source) -> None:
        self._closing: list[Any] = []
        self._size = source.size
        self._count = 0
        try:
            self._stream = self._opened(source)
        except BROKEN as error:
            self.close()
            raise damaged(_KINDS[source.packing], error) from None
        self._packing = source.packing

    def _opened(self, source: Source) -> Any:
        self._file = source.path.open("rb")
        self._closing.append(self._file)
        if source.packing == "gz":
            stream: Any = gzip.GzipFile(fileobj=self._file)
        else:
            archive = zipfile.ZipFile(self._file)
            self._closing.append(archive)
            stream = archive.open(source.member)
        self._closing.append(stream)
        return stream

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        try:
            data = self._stream.read(len(target))
        except BROKEN as error:
            raise damaged(_KINDS[self._packing], error) from None
        self._count += len(data)
        refuse_size(self._count, self._size)
        target[: len(data)] = data
        return len(data)

    def place(self) -> int:
        """Packed bytes read so far."""
        return 0 if self._file.closed else self._file.tell()

    def close(self) -> None:
        while self._closing:
            self._closing.pop().close()
        super().close()


def refuse_size(unpacked: int, packed: int) -> None:
    """Raises Problem(`file.unpacked`) for more than a table can be."""
    if unpacked > MAX_UNPACKED or (unpacked > FREE and unpacked > packed * MAX_RATIO):
        raise Problem("file.unpacked", limit=MAX_UNPACKED >> 30, ratio=MAX_RATIO)


_KINDS = {"gz": _("gzip archive"), "zip": _("zip archive")}


def damaged(kind: str, error: Exception) -> Exception:
    """The problem that an error means; a disk that is full or fails is no fault of the file."""
    if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
        return error
    return Problem("file.damaged", kind=kind)


def source_of(path: Path) -> Source:
    """Raises Problem(`file.damaged`, `file.zip`, `file.password`, `file.compressed`) for archives that are no good."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith(GZIP):
            return _checked(Source(path, "gz", "", size))
        if not head.startswith(ZIP):
            return Source(path, size=size)
        entries = directory(file)
    if is_office(entries):
        return Source(path, size=size)
    return _checked(Source(path, "zip", _only_table(entries).filename, size))


def directory(file: BinaryIO) -> list[zipfile.ZipInfo]:
    """A zip's list of files, as far as it is of a sane length. Raises Problem(`file.damaged`)."""
    try:
        with zipfile.ZipFile(cast(BinaryIO, _Short(file))) as archive:
            return archive.infolist()
    except (*BROKEN, LookupError) as error:
        raise damaged(_("zip archive"), error) from None


class _Short:
    """A file that refuses to be read in very large pieces: the directory of a zip is one piece."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _DIRECTORY:
            size = min(_DIRECTORY + 1, max(size, _DIRECTORY + 1))
        data = self._file.read(size)
        if len(data) > _DIRECTORY:
            raise zipfile.BadZipFile("the directory is too long")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def is_office(entries: list[zipfile.ZipInfo]) -> bool:
    """A workbook or a document, which is a zip too: one file, not an archive of files."""
    names = {entry.filename for entry in entries}
    return "[Content_Types].xml" in names or "mimetype" in names or "xl/workbook.xml" in names


def _only_table(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    found = [entry for entry in entries if _is_file(entry)]
    if len(found) != 1:
        raise Problem("file.zip", found=len(found))
    if found[0].flag_bits & 1:
        raise Problem("file.password")
    refuse_size(found[0].file_size, found[0].compress_size)
    return found[0]


def _is_file(entry: zipfile.ZipInfo) -> bool:
    """Neither a folder, nor a link, nor what operating systems leave in archives."""
    parts = entry.filename.replace("\\", "/").split("/")
    hidden = any(part.startswith(".") and part not in {".", ".."} for part in parts)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return not entry.is_dir() and not hidden and "__MACOSX" not in parts and kind != stat.S_IFLNK


def _checked(source: Source) -> Source:
    """Raises Problem(`file.compressed`) where another archive is inside."""
    head = source.head(512)
    with source.seekable() if head.startswith(ZIP) else source.open() as file:
        inside = head.startswith(ZIP) and not is_office(directory(file))
    if inside or head.startswith(GZIP) or head[257:262] == b"ustar":
        raise Problem("file.compressed", kind=_("archive inside an archive"))
    return source
