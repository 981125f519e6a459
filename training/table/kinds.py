"""Files that hold no table, whatever their name says, told by their first bytes."""

from __future__ import annotations

import re

from training.problems import Problem
from training.table.packed import ZIP, Source, directory


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


HEAD = 8192  # bytes that are looked at

# first bytes -> (problem code, what it is)
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "file.binary", _("PNG image")),
    (b"\xff\xd8\xff", "file.binary", _("JPEG image")),
    (b"GIF8", "file.binary", _("GIF image")),
    (b"%PDF-", "file.binary", _("PDF document")),
    (b"\x7fELF", "file.binary", _("program")),
    (b"MZ\x90\x00", "file.binary", _("program")),
    (b"SQLite format 3\x00", "file.binary", _("SQLite database")),
    (b"ARROW1", "file.binary", _("Arrow file")),
    (b"\x93NUMPY", "file.binary", _("NumPy array")),
    (b"\x80\x04\x95", "file.binary", _("Python pickle")),
    (b"{\\rtf", "file.binary", _("RTF document")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file.excel", _("Excel 97-2003 workbook (.xls)")),
    (b"BZh", "file.compressed", _("bzip2 archive")),
    (b"\xfd7zXZ\x00", "file.compressed", _("xz archive")),
    (b"7z\xbc\xaf\x27\x1c", "file.compressed", _("7-Zip archive")),
    (b"Rar!\x1a\x07", "file.compressed", _("RAR archive")),
    (b"\x28\xb5\x2f\xfd", "file.compressed", _("Zstandard archive")),
    (b"version https://git-lfs.github.com/spec/", "file.lfs", _("Git LFS pointer")),
)

_HTML = re.compile(rb"^\s*(<!doctype\s+html|<html|<head|<body|<\?xml[^>]*>\s*<html)", re.I)
_XML = re.compile(rb"^\s*<\?xml\s", re.I)
_ODD = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f") | {0x7F}


def refuse(head: bytes) -> None:
    """Raises Problem(`file.*`) when the file is certainly no text table. `head` holds its first bytes."""
    for signature, code, kind in SIGNATURES:
        if head.startswith(signature):
            raise Problem(code, kind=kind)
    text = head.lstrip(b"\xef\xbb\xbf")
    if _HTML.match(text):
        raise Problem("file.html")
    if _XML.match(text):
        raise Problem("file.binary", kind=_("XML file"))


def refuse_noise(head: bytes) -> None:
    """Raises when bytes that are no UTF-16 or UTF-32 hold too many control characters to be text."""
    odd = sum(byte in _ODD for byte in head)
    first = re.split(rb"[\r\n]", head, maxsplit=1)[0]
    if odd > max(8, len(head) * 0.05) or b"\0" in first:
        raise Problem("file.binary", kind=_("binary file"))


def binary(head: bytes, source: Source) -> str:
    """Which importer of bytes a file is for, if any: "xlsx" or "parquet". Raises Problem(`file.*`) for its cousins."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(_OLE) and _is_encrypted(source):
        raise Problem("file.password")
    if not head.startswith(ZIP):
        return ""
    with source.seekable() as file:
        names = {entry.filename for entry in directory(file)}
    if "xl/workbook.xml" in names:
        return "xlsx"
    raise _office(names)


def _office(names: set[str]) -> Problem:
    if "xl/workbook.bin" in names:
        return Problem("file.excel", kind=_("Excel binary workbook (.xlsb)"))
    if "word/document.xml" in names:
        return Problem("file.binary", kind=_("Word document"))
    if "mimetype" in names and "content.xml" in names:
        return Problem("file.excel", kind=_("OpenDocument file"))
    return Problem("file.binary", kind=_("binary file"))


_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _is_encrypted(source: Source) -> bool:
    """A new workbook with a password lies inside an old container, under a name that its directory tells."""
    name = "EncryptedPackage".encode("utf-16-le")
    with source.seekable() as file:
        at = int.from_bytes(file.read(52)[48:52], "little")
        file.seek(min((at + 1) * 512, 1 << 40))
        return name in file.read(4096)
