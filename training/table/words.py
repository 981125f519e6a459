"""Cells and names as a person is shown them, and the marks that undecodable bytes leave in a text."""

from __future__ import annotations

import codecs
import re
import unicodedata

MAX_COLUMNS = 1000
MAX_COLUMN_NAME = 200  # characters
MAX_CELL = 1_000_000  # characters
MAX_LINE = 4_000_000  # characters; no more of one line is ever held

MARK = "\udfff"  # stands before every undecodable byte; no decoder makes it
BAD = re.compile(MARK + "([\udc00-\udcff]*)")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_HALF = re.compile("[\ud800-\udfff]")


def _mark_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return MARK + "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error("attune.mark", _mark_bytes)


def column_name(cell: str) -> str:
    """A header cell as a name: NFC, without spaces, BOMs and invisible characters around or in it."""
    whole = without_halves(clean(cell))
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", whole).replace("\0", "")).strip()


def shown(text: str, limit: int = 120) -> str:
    """A value as a person is shown it: one line, cut, without what JSON or a database cannot hold."""
    flat = " ".join(without_halves(clean(text[: limit * 4])).replace("\0", "␀").split())
    return flat if len(flat) <= limit and len(text) <= limit * 4 else flat[:limit] + "…"


def shown_list(names: list[str], limit: int = 12) -> str:
    more = f" … (+{len(names) - limit})" if len(names) > limit else ""
    return ", ".join(f"“{shown(name, 40)}”" for name in names[:limit]) + more


def clean(text: str) -> str:
    """The text with U+FFFD for every undecodable byte."""
    if MARK in text:
        text = BAD.sub(lambda match: "\ufffd" * max(1, len(match[1])), text)
    return text


def has_half(text: str) -> bool:
    """Whether half of a surrogate pair stands in it, which no encoding and no database can hold."""
    return not text.isascii() and bool(_HALF.search(text))


def without_halves(text: str) -> str:
    return _HALF.sub("\ufffd", text)


def free_name(name: str, seen: set[str]) -> str:
    if name not in seen:
        return name
    return next(found for n in range(2, MAX_COLUMNS + 2) if (found := f"{name} ({n})") not in seen)
