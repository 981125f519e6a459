"""doccano: JSON Lines with "label" as a list of names or of [start, end, name], or "entities" with offsets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import entities, is_spans, joined, without
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_fits(value) for value in begin.values)


def _fits(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("text", value.get("data")), str):
        return False
    marks = value.get("entities")
    if isinstance(marks, list) and ("relations" in value or "Comments" in value or _offset(marks)):
        return True
    return "messages" not in value and isinstance(value.get("label", value.get("labels")), list)


def _offset(marks: list[Any]) -> bool:
    return bool(marks) and isinstance(marks[0], dict) and "start_offset" in marks[0]


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(value, dict) or not isinstance(value.get("text", value.get("data")), str):
        raise Misfit("text, label")
    row: dict[str, Any] = {"text": value.get("text", value.get("data"))}
    if isinstance(value.get("entities"), list):
        row["entities"] = entities(value["entities"], "start_offset", "end_offset")
    row |= _labelled(value.get("label", value.get("labels")))
    yield row | without(value, "text", "data", "entities", "label", "labels")


def _labelled(labels: Any) -> dict[str, Any]:
    if labels is None:
        return {}
    if is_spans(labels):
        return {"entities": entities(labels)}
    if not isinstance(labels, list):
        return {"label": labels}
    if any(isinstance(label, dict | list) for label in labels):
        raise Misfit("start, end, label")
    return {"label": joined(labels)} if labels else {}
