"""Calls of a process into the system that fail: through strace, and on a disk of a few kilobytes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest


def failing(
    command: Sequence[str | Path], *, calls: str, error: str, nth: int, path: Path | None = None
) -> list[str]:
    """The command, of whose system calls (`write`, `rename,renameat2`) the `nth` and all after it fail.

    With `path`, only those on this file or folder. What it has forked is broken in the same way.
    """
    if not shutil.which("strace"):
        pytest.skip("there is no strace; on Debian: apt-get install strace")
    only = ["-P", str(path)] if path else []
    inject = f"inject={calls}:error={error}:when={nth}+"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", *only, "-e", f"trace={calls}", "-e", inject]
    return [*strace, *map(str, command)]


def on_small_disk(command: Sequence[str | Path], folder: Path, size: str) -> list[str]:
    """The command, for which `folder` is a disk of that size, such as 200k."""
    if not may_mount():
        pytest.skip("this system lets nobody mount a disk of his own (unshare -Urm)")
    mount = f'mount -t tmpfs -o size={size} none "$0" && exec "$@"'
    return ["unshare", "-Urm", "sh", "-c", mount, str(folder), *map(str, command)]


@cache
def may_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    asked = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return asked.returncode == 0
