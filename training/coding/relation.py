"""Two marked things in a text, and how they are related. Offsets count Unicode code points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.coding.shares import UNKNOWN, cells, columns, softmax, told
from training.coding.words import clean

MARKS = (
    "@",
    "#",
)  # around the head, around the tail: single tokens in the vocabulary of every base
PLACES = ("head_start", "head_end", "tail_start", "tail_end")
TAGGED = re.compile(r"<(/?)e([12])>")

__all__ = ["UNKNOWN", "answers", "cells", "columns", "marked", "pieces", "results", "untagged"]

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]


def untagged(record: Record) -> tuple[str, list[int]]:
    """The text and its four offsets, which may be given by <e1>…</e1> and <e2>…</e2> in the text instead.

    Raises ValueError for offsets that are none.
    """
    if str(record.get(PLACES[0], "")).strip():
        offsets = [int(record[name]) for name in PLACES]
        if any(not 0 <= a < b <= len(record["text"]) for a, b in (offsets[:2], offsets[2:])):
            raise ValueError(f"The text has no places {offsets}.")
        return record["text"], offsets
    places, plain, last = {}, "", 0
    for match in TAGGED.finditer(record["text"]):
        plain, last = plain + record["text"][last : match.start()], match.end()
        places[match[2] + match[1]] = len(plain)
    if len(places) != 4:
        raise ValueError("The text has neither offsets nor <e1> and <e2> marks.")
    return plain + record["text"][last:], [places[name] for name in ("1", "1/", "2", "2/")]


def marked(record: Record) -> tuple[str, tuple[int, int]]:
    """The text with marks around head and tail, and where the two opening marks stand in it."""
    text, (a, b, c, d) = untagged(record)
    cuts = [(a, 1, 0, MARKS[0]), (b, 0, 0, MARKS[0]), (c, 1, 1, MARKS[1]), (d, 0, 1, MARKS[1])]
    parts, last, length, opened = [], 0, 0, {}
    for place, opens, which, mark in sorted(cuts):
        parts.append(text[last:place])
        length, last = length + place - last, place
        if opens:
            opened[which] = length + 1
        parts.append(f" {mark} ")
        length += len(mark) + 2
    return clean("".join([*parts, text[last:]])), (opened[0], opened[1])


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """{"row", "ids", "marks": the tokens of the two opening marks}; of a long text, what is around them."""
    if not records:
        return []
    texts, opened = zip(*map(marked, records), strict=True)
    encoded = tokenizer(list(texts), return_offsets_mapping=True, padding=False, verbose=False)
    found = []
    for row, (ids, offsets) in enumerate(
        zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ):
        marks = [_token_at(offsets, place) for place in opened[row]]
        found.append(_fitted({"row": row, "ids": ids, "marks": marks}, offsets, limit))
    return found


def _token_at(offsets: Sequence[tuple[int, int]], place: int) -> int:
    return next((n for n, (a, b) in enumerate(offsets) if a <= place < b), 0)


def _fitted(piece: Piece, offsets: Sequence[tuple[int, int]], limit: int) -> Piece:
    """Cut to `limit` tokens around the marks; special tokens at both ends stay."""
    ids, marks = piece["ids"], piece["marks"]
    if len(ids) <= limit:
        return piece
    first = next((n for n, (a, b) in enumerate(offsets) if b > a), 0)
    last = next((n for n, (a, b) in enumerate(reversed(offsets)) if b > a), 0)
    room = max(1, limit - first - last)
    middle = (min(marks) + max(marks)) // 2
    begin = min(max(first, middle - room // 2), len(ids) - last - room)
    begin = min(begin, max(first, min(marks))) if max(marks) - min(marks) < room else begin
    kept = ids[:first] + ids[begin : begin + room] + ids[len(ids) - last :]
    moved = [min(max(mark - begin, 0), room - 1) + first for mark in marks]
    return {**piece, "ids": kept, "marks": moved, "cut": True}


def results(
    outputs: Sequence[ArrayLike], pieces: Sequence[Piece], records: Sequence[Record], about: About
) -> NDArray[np.float64]:
    """Probabilities (rows, labels)."""
    return softmax(np.asarray(outputs, np.float64).reshape(len(records), len(about["labels"])))


answers = told
