"""Slots: places in which runs train, each with the hardware that belongs to it.

A slot is a lock on a file, held open by the worker and by the process that trains. So it is free again when both have
gone, whatever ended them: no run gets the GPU of one that has not let go of it.
"""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from projects.jobs import hardware
from projects.jobs.health import GPU

# Seconds: longer than what is left of a lost run may take to end, shorter than a run may be silent.
PATIENCE = 12.0
TICK = 0.1


class NoSlot(Exception):
    """Something else holds every slot of this machine, although the queue has let this run in."""


@dataclass(frozen=True)
class Slot:
    number: int
    descriptor: int  # of the lock
    env: dict[str, str]  # what a process in it is to be told


@contextmanager
def taken(cluster: str) -> Iterator[Slot]:
    """The first slot of the cluster that is free on this machine. Raises NoSlot when none becomes so."""
    number, descriptor = _lock(cluster)
    try:
        yield Slot(number, descriptor, environment(cluster, number))
    finally:
        os.close(descriptor)


def environment(cluster: str, number: int) -> dict[str, str]:
    """One GPU or none, and a fair part of the cores; alone, torch knows best how many threads it wants."""
    gpus = settings.GPUS if cluster == GPU else []
    given = {"CUDA_VISIBLE_DEVICES": str(gpus[number % len(gpus)]) if gpus else ""}
    if hardware.together() > 1 and "OMP_NUM_THREADS" not in os.environ:
        given["OMP_NUM_THREADS"] = str(hardware.threads())
    return given


def _lock(cluster: str) -> tuple[int, int]:
    folder = Path(settings.ATTUNE_HOME) / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + PATIENCE
    while True:
        for number in range(hardware.slots(cluster)):
            file = folder / f"{cluster}-{number}@{platform.node()}.slot"
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return number, descriptor
            except BlockingIOError:
                os.close(descriptor)
        if time.monotonic() > until:
            raise NoSlot(f"No slot of {cluster} became free in {PATIENCE:.0f} s")
        time.sleep(TICK)
