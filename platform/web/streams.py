"""Files and generated lines as bodies that an ASGI server sends piece by piece.

Given a plain iterator, Django under ASGI reads all of it into memory first: hundreds of megabytes for a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

CHUNK = 256 * 1024  # bytes


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()


async def parts(lines: Iterator[str]) -> AsyncIterator[str]:
    """What a generator yields; each step of it runs beside the event loop."""
    while (part := await asyncio.to_thread(next, lines, None)) is not None:
        yield part
