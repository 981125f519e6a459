"""spaCy: [text, {"entities": [[start, end, label]]}] pairs, or objects with "spans", "entities" or "cats"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import entities, joined, without
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_fits(value) for value in begin.values)


def _fits(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 2 and isinstance(value[0], str) and _is_note(value[1])
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    return _is_note(value) or _is_judged(value)


def _is_note(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    lists = [value[key] for key in ("entities", "spans") if key in value]
    return all(isinstance(item, list) for item in lists) and (
        bool(lists) or isinstance(value.get("cats"), dict)
    )


def _is_judged(value: dict[str, Any]) -> bool:
    """As its annotation tool saves a decision."""
    return "answer" in value and "_input_hash" in value


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        value = {"text": value[0], **value[1]}
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise Misfit("text, entities")
    if value.get("answer", "accept") != "accept":
        return
    row: dict[str, Any] = {"text": value["text"]}
    if "entities" in value or "spans" in value:
        row["entities"] = entities(value.get("entities", value.get("spans")) or [])
    label = _label(value)
    if label is not None:
        row["label"] = label
    yield row | _rest(value)


def _label(value: dict[str, Any]) -> Any:
    if isinstance(value.get("cats"), dict):
        return joined(name for name, share in value["cats"].items() if share >= 0.5)
    if isinstance(value.get("accept"), list):
        return joined(value["accept"])
    return value.get("label")


_TAKEN = ("text", "entities", "spans", "cats", "accept", "label", "answer", "tokens", "options")


def _rest(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in without(value, *_TAKEN).items() if key[:1] != "_"}
