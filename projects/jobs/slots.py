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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from projects.jobs import hardware
from projects.jobs.health import GPU

# Seconds: longer than what is left of a lost run may take to end, shorter than a run may be silent.
PATIENCE = 12.0
TICK = 0.1


class Busy(TimeoutError):
    """All slots are taken, and none became free."""


@dataclass(frozen=True)
class Slot:
    """`descriptor` is of its lock. A run on several devices has the slots of `others` besides."""

    number: int
    descriptor: int
    env: dict[str, str]  # what a process in it is to be told
    others: tuple[int, ...] = ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        return (self.descriptor, *self.others)


@contextmanager
def taken(cluster: str, devices: int = 1) -> Iterator[Slot]:
    """The first slot of the cluster that is free on this machine, or slots of so many GPUs. Raises Busy when there are
    none in time."""
    found: dict[int, int] = {}
    until = time.monotonic() + PATIENCE
    with ExitStack() as stack:
        stack.callback(_let_go, found)
        if devices > 1:
            # One run at a time gathers slots: two that each have half of what both want would wait forever.
            gathering = _opened(f"{cluster}-several")
            stack.callback(os.close, gathering)
            while not _locks(gathering):
                _wait(cluster, until)
            _gather(cluster, devices, found, until)
            fcntl.flock(gathering, fcntl.LOCK_UN)
        else:
            _gather(cluster, devices, found, until)
        (number, descriptor), *more = found.items()
        others = tuple(one for _number, one in more)
        yield Slot(number, descriptor, environment(cluster, *found), others)


def _let_go(found: Mapping[int, int]) -> None:
    for descriptor in found.values():
        os.close(descriptor)


def environment(cluster: str, *numbers: int) -> dict[str, str]:
    """The GPUs of these slots or none, and a fair part of the cores; alone, torch knows best how many threads it
    wants."""
    named = [str(settings.GPUS[_gpu(number)]) for number in numbers] if _gpus(cluster) else []
    given = {"CUDA_VISIBLE_DEVICES": ",".join(named)}
    if hardware.together() > 1 and "OMP_NUM_THREADS" not in os.environ:
        given["OMP_NUM_THREADS"] = str(hardware.threads())
    return given


def _gpus(cluster: str) -> int:
    return len(settings.GPUS) if cluster == GPU else 0


def _gpu(number: int) -> int:
    """The place in settings.GPUS of the one that a slot has."""
    return number % len(settings.GPUS)


def _gather(cluster: str, devices: int, found: dict[int, int], until: float) -> None:
    """Puts number and lock of free slots into `found`, each with a GPU of its own, until there are enough."""
    while True:
        for number in range(hardware.slots(cluster)):
            same = _gpus(cluster) and any(_gpu(number) == _gpu(other) for other in found)
            if number in found or same:
                continue
            descriptor = _opened(f"{cluster}-{number}")
            if _locks(descriptor):
                found[number] = descriptor
            else:
                os.close(descriptor)
            if len(found) == devices:
                return
        _wait(cluster, until)


def _opened(name: str) -> int:
    folder = Path(settings.ATTUNE_HOME) / "queue"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}@{platform.node()}.slot"
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locks(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(cluster: str, until: float) -> None:
    if time.monotonic() > until:
        raise Busy(f"No slot of {cluster} became free in {PATIENCE:.0f} s")
    time.sleep(TICK)
