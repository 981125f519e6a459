"""OpenAI chat: JSON Lines with "messages", each with a role and its content."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_fits(value) for value in begin.values)


def _fits(value: Any) -> bool:
    found = value.get("messages") if isinstance(value, dict) else None
    return isinstance(found, list) and all(isinstance(m, dict) and "role" in m for m in found)


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if not _fits(value):
        raise Misfit("messages, role, content")
    yield {**value, "messages": [_message(message) for message in value["messages"]]}


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """Content in parts is put together where all of them are text."""
    parts = message.get("content")
    if isinstance(parts, list) and all(isinstance(p, dict) and "text" in p for p in parts):
        return {**message, "content": "".join(str(part["text"]) for part in parts)}
    return message
