"""Texts with marked passages: CoNLL, spaCy, doccano, and relations between marks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from training.exports.plain import lines
from training.exports.shape import Head, cells

# Scripts without spaces between words: a character is a token. Korean has spaces.
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_TOKEN = re.compile(f"[{_ALONE}]|[^\\s\\0\ufeff{_ALONE}]+")
# What a reader would take for the end of a document or for a comment.
_NOT_FIRST = ("#", "-DOCSTART-")
PLACES = ("head_start", "head_end", "tail_start", "tail_end")


class Span(NamedTuple):
    start: int
    end: int
    label: str


def spans_of(entities: str) -> list[Span]:
    """In order of their places."""
    found = [Span(s["start"], s["end"], s["label"]) for s in json.loads(entities or "[]")]
    return sorted(found)


def apart(spans: Iterable[Span]) -> list[Span]:
    """Those that can stand in one row of tags: of spans that overlap the first, of equal starts the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.label)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def tagged(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """(token, BIO tag); a token that a span begins or ends in is cut there."""
    at = 0
    for span in apart(spans):
        yield from ((token, "O") for token in tokens(text[at : span.start]))
        prefix, label = "B", "_".join(span.label.split())
        for token in tokens(text[span.start : span.end]):
            yield token, f"{prefix}-{label}"
            prefix = "I"
        at = span.end
    yield from ((token, "O") for token in tokens(text[at:]))


def tokens(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if token.startswith(_NOT_FIRST) and len(token) > 1:
            yield from (token[:1], token[1:])
        else:
            yield token


def write_conll(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    for table in tables:
        yield "".join(_sentence(*row) for row in cells(table, ("text", "entities")))


def _sentence(text: str, entities: str) -> str:
    found = "".join(f"{token}\t{tag}\n" for token, tag in tagged(text, spans_of(entities)))
    return found + "\n" if found else ""


def write_spacy(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    for table in tables:
        yield lines(
            {"text": text, "spans": [span._asdict() for span in spans_of(entities)]}
            for text, entities in cells(table, ("text", "entities"))
        )


def write_doccano(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    for table in tables:
        yield lines(
            {"text": text, "label": [list(span) for span in spans_of(entities)]}
            for text, entities in cells(table, ("text", "entities"))
        )


def write_markers(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    for table in tables:
        yield lines(
            {"text": with_marks(text, list(map(int, places))), "label": label}
            for text, *places, label in cells(table, ("text", *PLACES, "label"))
        )


def with_marks(text: str, places: Sequence[int]) -> str:
    """`text` with <e1>…</e1> and <e2>…</e2> around the head and the tail."""
    a, b, c, d = places
    # From the end, so that places stay true; where two meet, what closes stands before what opens.
    marks = [(a, 1, "<e1>"), (b, 0, "</e1>"), (c, 1, "<e2>"), (d, 0, "</e2>")]
    for place, _opens, mark in sorted(marks, reverse=True):
        text = text[:place] + mark + text[place:]
    return text
