"""Marked passages of a text, in the one form that the tasks read: [{"start", "end", "label"}], in characters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from training.table.json_rows import Misfit


def entities(spans: Iterable[Any], start: str = "start", end: str = "end") -> list[dict[str, Any]]:
    """From [start, end, label] or objects; raises Misfit."""
    return [_span(span, start, end) for span in spans]


def _span(span: Any, start: str, end: str) -> dict[str, Any]:
    if isinstance(span, dict):
        found = span.get(start), span.get(end), span.get("label")
    elif isinstance(span, list | tuple) and len(span) >= 3:
        found = span[0], span[1], span[2]
    else:
        raise Misfit("start, end, label")
    if not all(isinstance(place, int) for place in found[:2]) or not isinstance(found[2], str):
        raise Misfit("start, end, label")
    return {"start": found[0], "end": found[1], "label": found[2]}


def is_spans(value: Any) -> bool:
    """Whether it is a list of [start, end, label]."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, list) and len(item) == 3 for item in value)
        and isinstance(value[0][0], int)
    )


def joined(labels: Iterable[Any]) -> str:
    """Several labels of one text as one cell."""
    return "|".join(str(label) for label in labels)


def without(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}
