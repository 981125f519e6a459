"""Calls of a process into the system that fail: through strace, and on a disk that is small or for reading only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest


def failing(command: Sequence[str | Path], *, calls: str, how: str, nth: int) -> list[str]:
    """The command, of whose system calls (`write`, `rename,renameat2`) the nth fails.

    `how`: `error=EIO`, or `signal=SIGKILL`, with which nothing comes after it. What it has forked is broken in the same
    way.
    """
    if not shutil.which("strace"):
        pytest.skip("there is no strace; on Debian: apt-get install strace")
    inject = f"inject={calls}:{how}:when={nth}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    return [*strace, *map(str, command)]


def on_small_disk(command: Sequence[str | Path], folder: Path, options: str) -> list[str]:
    """The command, for which `folder` is an empty disk: with `size=200k` a small one, with `ro` for reading only."""
    if not may_mount():
        pytest.skip("this system lets nobody mount a disk of his own (unshare -Urm)")
    mount = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
    return ["unshare", "-Urm", "sh", "-c", mount, str(folder), *map(str, command)]


@cache
def may_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    asked = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return asked.returncode == 0
