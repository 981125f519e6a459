"""The parts of a workbook: which sheets there are, how numbers are meant, and its texts.

Read with expat as a stream. openpyxl holds all texts of the workbook in memory before the first row, and cannot tell a
formula without a result from an empty cell; what it knows of number formats and dates is taken from it.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import PurePosixPath
from typing import IO, Any
from xml.parsers import expat

from training.table.words import MAX_CELL

_PIECE = 1 << 16
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class Refused(ValueError):
    """XML that declares entities or document types, which no workbook does."""


def parser(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Any:
    """An expat parser. Names come without a prefix, which some programs give to all of them."""
    made = expat.ParserCreate()
    made.buffer_text = True

    def first(name: str, values: dict[str, str]) -> None:
        if ":" in name:
            made.StartElementHandler = lambda name, values: start(name.rpartition(":")[2], values)
            made.EndElementHandler = end and (lambda name: end(name.rpartition(":")[2]))
        else:  # as it nearly always is; a call less for each element
            made.StartElementHandler, made.EndElementHandler = start, end
        made.StartElementHandler(name, values)

    def refuse(*_: Any) -> None:
        raise Refused("a document type is declared")

    made.StartElementHandler = first
    made.CharacterDataHandler = text
    made.StartDoctypeDeclHandler = made.EntityDeclHandler = refuse
    return made


def feed(stream: IO[bytes], made: Any) -> Iterator[int]:
    """Parses piece by piece; yields the bytes of each."""
    while piece := stream.read(_PIECE):
        made.Parse(piece, False)
        yield len(piece)
    made.Parse(b"", True)
    yield 0


def parse(
    archive: zipfile.ZipFile, name: str, start: Callable[[str, dict[str, str]], None]
) -> None:
    with archive.open(name) as stream:
        for _ in feed(stream, parser(start)):
            pass


@dataclass(frozen=True)
class Book:
    sheets: list[str]  # names of parts in the archive, in order
    strings: str  # the part with the texts, if there is one
    dates_1904: bool
    formats: list[str]  # the number format of each style


def book(archive: zipfile.ZipFile) -> Book:
    order: list[str] = []
    flags: list[bool] = [False]

    def start(name: str, values: dict[str, str]) -> None:
        if name == "sheet":
            order.append(next((item for key, item in values.items() if key.endswith(":id")), ""))
        elif name == "workbookPr":
            flags[0] = values.get("date1904") in {"1", "true"}

    parse(archive, "xl/workbook.xml", start)
    relations = _relations(archive)
    kinds = {key: kind for key, (kind, _target) in relations.items()}
    sheets = [relations[key][1] for key in order if kinds.get(key) == "worksheet"]
    strings = next((part for kind, part in relations.values() if kind == "sharedStrings"), "")
    names = set(archive.namelist())
    return Book(
        [part for part in sheets if part in names],
        strings if strings in names else "",
        flags[0],
        _formats(archive, names),
    )


def _relations(archive: zipfile.ZipFile) -> dict[str, tuple[str, str]]:
    """Id -> (kind, part). External ones lead out of the file and are never followed."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, values: dict[str, str]) -> None:
        if name == "Relationship" and values.get("TargetMode") != "External":
            target = values.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            kind = values.get("Type", "").rpartition("/")[2]
            found[values.get("Id", "")] = kind, str(PurePosixPath(part))

    parse(archive, "xl/_rels/workbook.xml.rels", start)
    return found


def _formats(archive: zipfile.ZipFile, names: set[str]) -> list[str]:
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    own: dict[int, str] = {}
    found: list[str] = []
    inside = [False]

    def start(name: str, values: dict[str, str]) -> None:
        if name == "numFmt":
            own[int(values.get("numFmtId", 0))] = values.get("formatCode", "")
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            inside[0] = name == "cellXfs"
        elif name == "xf" and inside[0]:
            number = int(values.get("numFmtId", 0))
            found.append(own.get(number) or BUILTIN_FORMATS.get(number, "General"))

    if "xl/styles.xml" in names:
        parse(archive, "xl/styles.xml", start)
    return found


class Texts:
    """The workbook's texts, kept in a file without a name and read only as far as rows ask for them."""

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        self._stream = archive.open(part) if part else None
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("Q", [0])
        self._ready: list[str] = []
        self._parts: list[str] = []
        self._in_text = self._in_phonetic = False
        self._feed = (
            feed(self._stream, parser(self._start, self._end, self._text))
            if self._stream
            else iter(())
        )
        self._recent: dict[int, str] = {}

    def close(self) -> None:
        self._file.close()
        if self._stream:
            self._stream.close()

    def __getitem__(self, number: int) -> str:
        """Raises IndexError."""
        if number in self._recent:
            return self._recent[number]
        while number >= len(self._ends) - 1:
            if next(self._feed, None) is None:
                raise IndexError(number)
            self._keep()
        if number < 0:
            raise IndexError(number)
        self._file.seek(self._ends[number])
        text = self._file.read(self._ends[number + 1] - self._ends[number]).decode(
            "utf-8", "replace"
        )
        if len(text) < 100:  # labels, which come again and again
            if len(self._recent) > 10_000:
                self._recent.clear()
            self._recent[number] = text
        return text

    def _keep(self) -> None:
        self._file.seek(self._ends[-1])
        for text in self._ready:
            data = text.encode("utf-8", "replace")
            self._file.write(data)
            self._ends.append(self._ends[-1] + len(data))
        self._ready.clear()

    def _start(self, name: str, _values: dict[str, str]) -> None:
        if name == "si":
            self._parts = []
        self._in_text = name == "t" and not self._in_phonetic
        self._in_phonetic = self._in_phonetic or name == "rPh"

    def _end(self, name: str) -> None:
        self._in_text = False
        if name == "rPh":
            self._in_phonetic = False
        elif name == "si":
            self._ready.append(unescaped("".join(self._parts)))

    def _text(self, text: str) -> None:
        if self._in_text and sum(map(len, self._parts[-1:])) <= 4 * MAX_CELL:
            self._parts.append(text)


def unescaped(text: str) -> str:
    """_x000D_ and the like, in which a workbook writes what XML cannot hold."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def number_as_shown(value: str, code: str, dates_1904: bool) -> str:
    """A number as a person sees it: 1 rather than 1.0, dates, zeros in front where the format asks for them."""
    try:
        number = float(value)
    except ValueError:
        return value
    if code != "General" and _is_date(code):
        return _date(value, number, dates_1904)
    if number.is_integer() and abs(number) < 1e300:
        whole = str(int(number))
        return whole.zfill(len(code)) if code.strip("0") == "" and number >= 0 else whole
    return repr(number)


@cache
def _is_date(code: str) -> bool:
    from openpyxl.styles.numbers import is_date_format

    return bool(is_date_format(code))


def _date(value: str, number: float, dates_1904: bool) -> str:
    from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

    try:
        date = from_excel(number, MAC_EPOCH if dates_1904 else WINDOWS_EPOCH)
    except (ValueError, OverflowError, TypeError):
        return value
    if isinstance(date, datetime):
        midnight = not (date.hour or date.minute or date.second or date.microsecond)
        return date.date().isoformat() if midnight else date.isoformat(" ", "seconds")
    return str(date)
