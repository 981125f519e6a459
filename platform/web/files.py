"""Files and long answers, sent piece by piece.

Under ASGI Django reads an ordinary iterator to its end before it sends the first byte: a model of 90 MB would lie in
memory for every download. These iterators are asynchronous, and read in a thread.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

CHUNK = 256 * 1024  # bytes
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


async def stream(pieces: Iterator[str] | Iterator[bytes]) -> AsyncIterator[str | bytes]:
    """The same pieces; each is made in a thread, when the one before it has been sent."""
    following = sync_to_async(lambda: next(pieces, None))
    while (piece := await following()) is not None:
        yield piece


def download(
    request: HttpRequest, path: Path, *, name: str, etag: str, content_type: str
) -> HttpResponseBase:
    """The file as an attachment; a download that broke off can be taken up again (one `Range`, `If-Range`)."""
    size = path.stat().st_size
    tag = f'"{etag}"'
    first, last = _wanted(request, size, tag)
    headers = {"Accept-Ranges": "bytes", "ETag": tag, "X-Content-Type-Options": "nosniff"}
    if first > last:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(last - first + 1)
    headers["Content-Disposition"] = str(content_disposition_header(True, name))
    partial = (first, last) != (0, size - 1)
    if partial:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingHttpResponse(
        _part(path, first, last),
        status=206 if partial else 200,
        content_type=content_type,
        headers=headers,
    )


def _wanted(request: HttpRequest, size: int, tag: str) -> tuple[int, int]:
    """First and last byte; the whole file for a range that is not understood or of another version of the file."""
    whole = (0, size - 1)
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not match or request.headers.get("If-Range", tag) != tag or match[0] == "bytes=-":
        return whole
    if not match[1]:  # the last n bytes
        return max(0, size - int(match[2])), size - 1
    return int(match[1]), min(int(match[2] or size - 1), size - 1)


async def _part(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    file = await sync_to_async(lambda: path.open("rb"))()
    try:
        await sync_to_async(file.seek)(first)
        left = last - first + 1
        while left > 0:
            piece = await sync_to_async(file.read)(min(CHUNK, left))
            if not piece:
                return  # shorter than it was: the client sees that bytes are missing
            left -= len(piece)
            yield piece
    finally:
        await sync_to_async(file.close)()
