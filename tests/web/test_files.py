"""Files and long answers, sent piece by piece."""

import asyncio
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from web.files import CHUNK, download, stream

BODY = bytes(range(256)) * (CHUNK // 128)  # two pieces


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "model.zip"
    file.write_bytes(BODY)
    return file


def get(path: Path, **headers: str) -> Any:
    request = RequestFactory().get("/", headers=headers)
    return download(request, path, name="m.zip", etag="abc", content_type="application/zip")


def body(response: StreamingHttpResponse) -> bytes:
    async def collect(pieces: AsyncIterable[bytes]) -> bytes:
        return b"".join([piece async for piece in pieces])

    return asyncio.run(collect(response.streaming_content))  # type: ignore[arg-type]


def test_it_works(path: Path) -> None:
    response = get(path)
    assert response.status_code == 200
    assert response["Content-Disposition"] == 'attachment; filename="m.zip"'
    assert body(response) == BODY


def test_it_sends_nothing_but_pieces(path: Path) -> None:
    assert get(path).is_async


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=10-19", 10, 19),
        ("bytes=100-", 100, len(BODY) - 1),
        ("bytes=-7", len(BODY) - 7, len(BODY) - 1),
    ],
)
def test_a_broken_download_goes_on(path: Path, wanted: str, first: int, last: int) -> None:
    response = get(path, range=wanted)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert body(response) == BODY[first : last + 1]


def test_a_changed_file_is_sent_whole(path: Path) -> None:
    response = get(path, range="bytes=10-19", if_range='"older"')
    assert response.status_code == 200
    assert body(response) == BODY


def test_it_rejects_a_range_beyond_the_end(path: Path) -> None:
    assert get(path, range=f"bytes={len(BODY)}-").status_code == 416


@pytest.mark.parametrize("wanted", ["bytes=-", "lines=1-2", "bytes=1-2,4-5", "bytes=x-"])
def test_a_range_that_is_not_understood_is_ignored(path: Path, wanted: str) -> None:
    assert get(path, range=wanted).status_code == 200


def test_stream_keeps_pieces_and_order() -> None:
    async def collect() -> list[Any]:
        return [piece async for piece in stream(iter(["a", "b", "c"]))]

    assert asyncio.run(collect()) == ["a", "b", "c"]
