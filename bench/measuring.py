"""Child processes, timed from outside: when each of their lines came, and the most memory that they ever held.

And how what was found is written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
_EVERY = 0.02  # seconds between two looks at the memory
_MB = 1024 * 1024


@dataclass
class Measured:
    """`lines`: (seconds since the start, the JSON object) of each line; `peak` in MB."""

    seconds: float = 0.0
    peak: float = 0.0
    lines: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def at(self, name: str) -> float:
        """When the line with `"at": name` came."""
        return next(when for when, line in self.lines if line.get("at") == name)


def run(args: Sequence[str]) -> Measured:
    """`python` with these arguments, in a process that nothing has warmed up. Raises RuntimeError when it fails."""
    found = Measured()
    start = perf_counter()
    child = subprocess.Popen([sys.executable, *args], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(child.pid, found, over))
    watch.start()
    for line in child.stdout or ():
        found.lines.append((perf_counter() - start, json.loads(line)))
        found.peak = max(found.peak, peak(child.pid))
    over.set()
    watch.join()
    if child.wait():
        raise RuntimeError(f"{' '.join(args)} ended with {child.returncode}")
    found.seconds = found.lines[-1][0]
    return found


def _watch(pid: int, found: Measured, over: threading.Event) -> None:
    while not over.wait(_EVERY):
        found.peak = max(found.peak, peak(pid))


def peak(pid: int) -> float:
    """MB: the most ever held where the system keeps count (Linux), else what is held now; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return held(pid)
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def held(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / _MB
    except psutil.Error:
        return 0.0


def told(
    wanted: argparse.Namespace,
    measured: Callable[[argparse.Namespace, Path], dict[str, Any]],
    table: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """What `measured` finds with a folder of its own; it is written as a table, and for programs as the last line."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = measured(wanted, Path(folder))
    if not wanted.json:
        sys.stdout.write(table(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return found
