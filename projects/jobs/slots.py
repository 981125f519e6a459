"""Slots: places in which runs train, each with the hardware that belongs to it.

A slot is a lock on a file, held open by the worker and by the process that trains. So it is free again when both have
gone, whatever ended them: no run gets the GPU of one that has not let go of it.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from projects.jobs import hardware
from projects.jobs.health import GPU

PATIENCE = 30.0  # seconds: longer than what is left of a lost run may take to end
TICK = 0.1


class Busy(TimeoutError):
    """Others have the slots, and keep them."""


@dataclass(frozen=True)
class Slot:
    """One, or as many as a run has devices."""

    numbers: tuple[int, ...]
    descriptors: tuple[int, ...]  # of the locks
    env: dict[str, str]  # what a process in it is to be told


@contextmanager
def taken(cluster: str, devices: int = 1) -> Iterator[Slot]:
    """The first slots of the cluster that are free on this machine, on GPUs of their own where there are several.

    Raises Busy when not so many become free.
    """
    found = _locked(cluster, devices)
    try:
        numbers = tuple(found)
        yield Slot(numbers, tuple(found.values()), environment(cluster, *numbers, devices=devices))
    finally:
        _let_go(found)


def environment(cluster: str, *numbers: int, devices: int = 1) -> dict[str, str]:
    """A GPU for each slot or none, and a fair part of the cores; alone, torch knows best how many threads it wants."""
    gpus = [str(gpu) for gpu in settings.GPUS] if cluster == GPU else []
    given = {
        "CUDA_VISIBLE_DEVICES": ",".join(gpus[number % len(gpus)] for number in numbers if gpus)
    }
    if hardware.together() * devices > 1 and "OMP_NUM_THREADS" not in os.environ:
        given["OMP_NUM_THREADS"] = str(max(1, hardware.threads() * len(numbers) // devices))
    return given


def _locked(cluster: str, devices: int) -> dict[int, int]:
    """Number -> descriptor of the lock. All or none: two runs that hold a part each would wait forever."""
    until = time.monotonic() + PATIENCE
    while True:
        found: dict[int, int] = {}
        for number in range(hardware.slots(cluster)):
            gpus = {other % max(1, len(settings.GPUS)) for other in found}
            if cluster == GPU and number % max(1, len(settings.GPUS)) in gpus:
                continue
            descriptor = _lock(cluster, number)
            if descriptor is not None:
                found[number] = descriptor
            # On a processor the devices of a run are processes in one slot.
            if len(found) == (devices if cluster == GPU else 1):
                return found
        _let_go(found)
        if time.monotonic() > until:
            raise Busy(f"No slots of {cluster} became free in {PATIENCE:.0f} s")
        time.sleep(TICK)


def _lock(cluster: str, number: int) -> int | None:
    folder = Path(settings.ATTUNE_HOME) / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{cluster}-{number}@{platform.node()}.slot"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _let_go(found: Mapping[int, int]) -> None:
    for descriptor in found.values():
        os.close(descriptor)
