"""Large bodies go out piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from web import streams


def collected(parts: AsyncIterator[bytes] | AsyncIterator[str]) -> list[bytes | str]:
    async def collect() -> list[bytes | str]:
        return [part async for part in parts]

    return asyncio.run(collect())


def test_a_file_comes_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHUNK", 4)
    (tmp_path / "f").write_bytes(b"0123456789")
    assert collected(streams.file_chunks(tmp_path / "f")) == [b"0123", b"4567", b"89"]


def test_lines_come_as_they_are_made() -> None:
    assert collected(streams.parts(iter(["a", "", "b"]))) == ["a", "", "b"]
