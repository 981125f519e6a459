"""The difference between two versions, made ready for the page and for the API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

from django.utils.translation import gettext, gettext_lazy

from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import roles_of, version_file
from training import differ
from training.differ import Difference, Pair
from training.version import Stored

SHOWN = 50  # rows of each kind
LABELS = 100  # pairs of labels
_WORDS = 400  # that are compared one by one; of longer texts all between the first and last change is marked
_ROOM = 60  # characters beside a change
_LONGEST = 600  # of a piece that has changed, and of a text that has not
# Words, spaces, and every other character by itself, Chinese and Japanese ones among them.
_WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+|\s+|.", re.DOTALL)
TITLES = {
    "changed": gettext_lazy("Changed"),
    "added": gettext_lazy("Added"),
    "dropped": gettext_lazy("Dropped"),
    "moved": gettext_lazy("Moved"),
}


class Piece(NamedTuple):
    text: str
    changed: bool


@dataclass(frozen=True)
class Cell:
    """One role of a row. A side is None where there is no such row."""

    title: str
    old: list[Piece] | None
    new: list[Piece] | None
    changed: bool


@dataclass(frozen=True)
class Item:
    """One row of the page: where it stands, and its roles, those that changed first."""

    row: Stored
    cells: list[Cell]
    old_split: str  # empty: as `row` has it


@dataclass(frozen=True)
class Kind:
    name: str
    title: Any
    count: int
    items: list[Item]

    @property
    def more(self) -> int:
        return self.count - len(self.items)


def between(old: DatasetVersion, new: DatasetVersion, limit: int = SHOWN) -> Difference:
    """Raises Problem(`version.broken`)."""
    return differ.compare(version_file(old), version_file(new), limit)


def kinds(found: Difference, titles: Mapping[str, str]) -> list[Kind]:
    """Those that there are."""
    return [
        Kind(name, TITLES[name], found.counts[name], [_item(pair, titles) for pair in pairs])
        for name, pairs in found.rows.items()
        if found.counts[name]
    ]


def role_titles(version: DatasetVersion) -> dict[str, str]:
    return {column.role: gettext(column.title) for column in roles_of(version.project)}


def _item(pair: Pair, titles: Mapping[str, str]) -> Item:
    row = pair.new or pair.old
    if row is None:
        raise ValueError("a pair of nothing")
    cells = [_cell(titles.get(role, role), role, pair) for role in row.values]
    split = pair.old.split if pair.old and pair.old.split != row.split else ""
    return Item(row, sorted(cells, key=lambda cell: not cell.changed), split)


def _cell(title: str, role: str, pair: Pair) -> Cell:
    old, new = (side.values.get(role, "") if side else None for side in (pair.old, pair.new))
    if old is None or new is None:
        (text,) = (side for side in (old, new) if side is not None)
        pieces = [Piece(cut(text), False)]
        return Cell(title, None if old is None else pieces, None if new is None else pieces, False)
    if old == new:
        pieces = [Piece(cut(new), False)]
        return Cell(title, pieces, pieces, False)
    return Cell(title, *marked(old, new), True)


def marked(old: str, new: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts in pieces, with the words that are in one alone marked."""
    a, b = _WORD.findall(old), _WORD.findall(new)
    befores: list[Piece] = []
    afters: list[Piece] = []
    for same, left, right in _parts(a, b):
        if left:
            befores.append(Piece("".join(left), not same))
        if right:
            afters.append(Piece("".join(right), not same))
    return shortened(befores), shortened(afters)


def _parts(a: Sequence[str], b: Sequence[str]) -> list[tuple[bool, Sequence[str], Sequence[str]]]:
    """(whether it is the same, of the one, of the other), in order."""
    if len(a) + len(b) > _WORDS:
        return _ends(a, b)
    found = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return [(kind == "equal", a[i:j], b[k:m]) for kind, i, j, k, m in found]


def _ends(a: Sequence[str], b: Sequence[str]) -> list[tuple[bool, Sequence[str], Sequence[str]]]:
    """What both begin and end with is the same."""
    room = min(len(a), len(b))
    start = next((n for n, (x, y) in enumerate(zip_longest(a, b)) if x != y), room)
    backwards = zip(reversed(a[start:]), reversed(b[start:]), strict=False)
    end = next((n for n, (x, y) in enumerate(backwards) if x != y), room - start)
    left, right = len(a) - end, len(b) - end
    parts = [(True, a[:start], b[:start]), (False, a[start:left], b[start:right])]
    return [*parts, (True, a[left:], b[right:])]


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """What has not changed is cut to the words beside a change."""
    last = len(pieces) - 1
    return [
        Piece(cut(text), True) if changed else Piece(_beside(text, at == 0, at == last), False)
        for at, (text, changed) in enumerate(pieces)
    ]


def _beside(text: str, first: bool, last: bool) -> str:
    if len(text) <= 2 * _ROOM + 20:
        return text
    begin, end = ("" if first else text[:_ROOM]), ("" if last else text[-_ROOM:])
    return f"{begin} … {end}"


def cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def as_data(found: Difference) -> dict[str, Any]:
    """For the API."""
    return {
        "counts": dict(found.counts),
        "roles": dict(found.roles),
        "labels": counted(found.labels),
        "splits": counted(found.splits),
        "rows": {
            kind: [{"old": pair.old, "new": pair.new} for pair in pairs]
            for kind, pairs in found.rows.items()
        },
    }


def counted(found: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"old": old, "new": new, "rows": rows} for (old, new), rows in found.items()]
