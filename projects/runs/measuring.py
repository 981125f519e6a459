"""What a run takes of the machine: processor, memory and, where there is one, the GPU of all its processes."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psutil

from projects.runs.guarding import resident

log = logging.getLogger(__name__)
EVERY = 5.0  # seconds between two looks, at first
# Of the time so far: a run of a day is looked at some four hundred times, not seventeen thousand.
SHARE = 0.02


class Meter:
    """Tells `note` an event `usage` now and then: call `look` often.

    {"seconds" since the start, "cores" in use on average since the last look, "memory" in bytes, "gpu" (0 to 1) and
    "gpu_memory" in bytes, both None without a GPU}
    """

    def __init__(self, note: Callable[[Mapping[str, Any]], None], pid: int) -> None:
        self._note, self._pid = note, pid
        self._begun = self._looked = time.monotonic()
        self._spent: dict[int, float] = {}  # pid -> seconds of processor, at the last look

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < max(EVERY, SHARE * (now - self._begun)):
            return
        with contextlib.suppress(psutil.Error, OSError):
            self._note({"event": "usage", **self._measured(now)})
        self._looked = now

    def _measured(self, now: float) -> dict[str, Any]:
        found = {process.pid: process for process in family(self._pid)}
        spent: dict[int, float] = {}
        for pid, process in found.items():
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                spent[pid] = times.user + times.system
        # What a process that has appeared since has used, it has used since.
        more = sum(max(0.0, value - self._spent.get(pid, 0.0)) for pid, value in spent.items())
        self._spent = spent
        cores = more / max(now - self._looked, 1e-6)
        gpu, gpu_memory = on_gpus(set(found))
        return {
            "seconds": round(now - self._begun, 1),
            "cores": round(min(cores, os.cpu_count() or 1), 2),
            "memory": resident(self._pid),
            "gpu": gpu,
            "gpu_memory": gpu_memory,
        }


def family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def on_gpus(pids: set[int]) -> tuple[float | None, int | None]:
    """(share of time in which GPUs that these processes use were busy, bytes held there); None where there is none.

    Read through NVIDIA's own library, where its Python package is installed (the extra `gpu`).
    """
    shares, held = [], 0
    for busy, holders in _gpus():
        mine = [size for pid, size in holders if pid in pids]
        if mine:
            shares.append(busy)
            held += sum(mine)
    return (sum(shares) / len(shares), held) if shares else (None, None)


def _gpus() -> Iterator[tuple[float, list[tuple[int, int]]]]:
    """(busy from 0 to 1, [(pid, bytes)]) of each GPU."""
    try:
        import pynvml
    except ImportError:
        return
    with contextlib.suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        for number in range(pynvml.nvmlDeviceGetCount()):
            card = pynvml.nvmlDeviceGetHandleByIndex(number)
            holders = pynvml.nvmlDeviceGetComputeRunningProcesses(card)
            busy = pynvml.nvmlDeviceGetUtilizationRates(card).gpu / 100
            yield busy, [(one.pid, one.usedGpuMemory or 0) for one in holders]
