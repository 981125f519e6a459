"""Chats as OpenAI's fine-tuning takes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import table

Put = Callable[..., Path]
Rows = Callable[[Path], list[dict[str, str]]]
Faults = Callable[[Path], list[tuple[str, int]]]

TURNS = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "你好"}]


@pytest.mark.parametrize("style", ["lines", "document"])
def test_it_works(put: Put, rows: Rows, style: str) -> None:
    path = put([{"messages": TURNS, "id": 1}] * 3, style)
    assert table.detect(path).format == "openai-chat"
    assert rows(path)[0]["id"] == "1"
    assert json.loads(rows(path)[0]["messages"]) == TURNS


def test_content_in_parts_is_put_together(put: Put, rows: Rows) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    path = put([{"messages": [{"role": "user", "content": parts}]}])
    assert json.loads(rows(path)[0]["messages"]) == [{"role": "user", "content": "ab"}]


def test_entries_of_another_form_are_reported(put: Put, faults: Faults) -> None:
    values: list[Any] = [{"messages": TURNS}] * 60 + [{"messages": "x"}, {"prompt": "x"}]
    assert faults(put(values)) == [("row.shape", 61), ("row.shape", 62)]
