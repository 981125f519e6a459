"""ShareGPT's conversations."""

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


def turns(*parts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": who, "value": text} for who, text in parts]


@pytest.mark.parametrize("style", ["lines", "document"])
def test_it_works(put: Put, rows: Rows, style: str) -> None:
    path = put([{"id": "a", "conversations": turns(("human", "hi"), ("gpt", "yes"))}], style)
    assert table.detect(path).format == "sharegpt"
    assert json.loads(rows(path)[0]["messages"]) == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "yes"},
    ]


def test_a_system_text_comes_first(put: Put, rows: Rows) -> None:
    value: dict[str, Any] = {"system": "Be kind.", "conversations": turns(("human", "hi"))}
    found = json.loads(rows(put([value]))[0]["messages"])
    assert [message["role"] for message in found] == ["system", "user"]


def test_unknown_speakers_are_reported(put: Put, faults: Faults) -> None:
    values = [{"conversations": turns(("human", "a"))}, {"conversations": turns(("alien", "b"))}]
    assert faults(put(values)) == [("row.shape", 2)]
