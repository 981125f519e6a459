"""ShareGPT: objects with "conversations", each turn with "from" and "value"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import without
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed

ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "tool": "tool",
    "observation": "tool",
    "function_response": "tool",
    "function_call": "assistant",
}


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_fits(value) for value in begin.values)


def _fits(value: Any) -> bool:
    turns = value.get("conversations") if isinstance(value, dict) else None
    return isinstance(turns, list) and all(
        isinstance(turn, dict) and "from" in turn for turn in turns
    )


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if not _fits(value):
        raise Misfit("conversations, from, value")
    messages = [_message(turn) for turn in value["conversations"]]
    if isinstance(value.get("system"), str) and value["system"]:
        messages.insert(0, {"role": "system", "content": value["system"]})
    yield {"messages": messages, **without(value, "conversations", "system")}


def _message(turn: dict[str, Any]) -> dict[str, Any]:
    role = ROLES.get(str(turn["from"]).lower())
    if role is None or not isinstance(turn.get("value"), str):
        raise Misfit("from, value")
    return {"role": role, "content": turn["value"]}
