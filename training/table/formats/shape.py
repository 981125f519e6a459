"""What an importer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.table.beginning import Beginning
from training.table.packed import Source
from training.table.shape import Detected, Table


@dataclass(frozen=True)
class Format:
    """`sniff` says whether a file is one of these; `open` reads it. A `binary` one has no encoding to choose."""

    name: str
    title: str  # marked for translation
    extensions: tuple[str, ...]
    sniff: Callable[[Beginning], bool]
    open: Callable[[Source, Detected], Table]
    binary: str = ""
    delimited: bool = False  # cells between separators: a delimiter can be chosen
    headerless: bool = False  # its first row is data


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text
