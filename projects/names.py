"""Names that people give to things, made fit for a page, a log and a header."""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of the text around them: they make `gpj.exe` look like `exe.jpg`.
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]")
_SLASHES = re.compile(r"[/\\]")


def one_line(text: str) -> str:
    """Single spaces, no control characters, no lone surrogates; any script and any emoji is welcome."""
    flat = " ".join(text.split())
    kept = (letter for letter in flat if unicodedata.category(letter) not in ("Cc", "Cs"))
    return _TURNING.sub("", "".join(kept)).strip()


def file_name(text: str, limit: int = 200) -> str:
    """What a file is called: the last part of its path, at most `limit` bytes, its ending kept."""
    name = one_line(_SLASHES.split(text)[-1]).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) <= limit:
        return name or "file"
    if not dot or len(ending.encode()) > 10:
        stem, ending = name, ""
    room = limit - len(ending.encode()) - 4
    return stem.encode()[:room].decode(errors="ignore") + "…" + (f".{ending}" if ending else "")
