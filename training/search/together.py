"""Trials of a search at the same time, each in a process of its own with its share of the cores.

This process alone asks the study, writes it down and says which trials are given up: a search that was cut off goes on
however many processes it had. Which settings are tried depends on which trials have ended by then, and so on their
speed: with several at a time, the same seed does not promise the same trials.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path

import torch

from training.events import Event
from training.fit.job import VERSION
from training.search.state import Running, Search
from training.search.trial import EVERY
from training.search.worker import heard, say

GRACE = 5.0  # seconds that a process has after the word to end


@dataclass
class Worker:
    """A process, its line, and what it does; `ready` once it has read the data."""

    process: subprocess.Popen[bytes]
    line: Connection
    ready: bool = False
    now: Running | None = None

    def end(self) -> None:
        self.line.close()
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def trials(found: Search, bases_dir: str | Path) -> Generator[Event, None, None]:
    """All trials within the budget. Raises Problem(`search.failed`)."""
    workers = [started(found, bases_dir, number) for number in range(found.parallel)]
    try:
        while (yield from _given(found, workers)):
            for line in wait([one.line for one in workers], timeout=EVERY):
                number = next(n for n, one in enumerate(workers) if one.line is line)
                try:
                    yield from _heard(found, workers[number])
                except (EOFError, ConnectionError):
                    yield from _lost(found, workers[number])
                    workers[number] = started(found, bases_dir, number)
            if found.due():
                yield found.stage(sum(one.now.share for one in workers if one.now))
    finally:
        for one in workers:
            one.end()


def started(found: Search, bases_dir: str | Path, number: int) -> Worker:
    """A process that reads the rows that this one has read; it dies with this one."""
    ours, theirs = Pipe()
    threads = max(1, torch.get_num_threads() // found.parallel)
    command = [sys.executable, "-P", "-m", "training.search.worker", str(theirs.fileno())]
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    if torch.cuda.is_available():  # in turn, where there are several
        given = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        known = [one for one in given if one] or list(map(str, range(torch.cuda.device_count())))
        env["CUDA_VISIBLE_DEVICES"] = known[number % len(known)]
    process = subprocess.Popen(
        command,
        env=env,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # where this one speaks, only it does
    )
    theirs.close()
    folder = found.folder / f".worker-{number}.part"
    folder.mkdir(exist_ok=True)
    spec = found.spec.as_dict() | {"search": {}}
    spec["version"] = spec["version"] or str(found.folder / VERSION)
    say(
        ours,
        {"spec": spec, "folder": str(folder), "bases": str(bases_dir), "threads": threads},
    )
    return Worker(process, ours)


def _given(found: Search, workers: list[Worker]) -> Generator[Event, None, bool]:
    """A trial for each that waits for one; whether there is anything to wait for."""
    running = sum(one.now is not None for one in workers)
    for one in sorted(workers, key=lambda worker: not worker.ready):  # no trial waits for a start
        if one.now or not found.begins(running):
            continue
        if one.ready:
            one.now = found.next()
            folder = str(one.now.part)
            say(one.line, {"settings": one.now.told.settings, "folder": folder})
            yield one.now.told
        running += 1
    return running > 0


def _heard(found: Search, worker: Worker) -> Generator[Event, None, None]:
    """One message of a process."""
    message, now = heard(worker.line), worker.now
    if now is None:
        worker.ready = True
    elif "state" in message:
        worker.now = None
        yield found.ended(now, message)
    elif "epoch" in message:
        reason = found.judged(now, message)
        say(worker.line, {"reason": reason})
        if not reason:
            yield now.told
    else:
        now.share = message["share"]


def _lost(found: Search, worker: Worker) -> Generator[Event, None, None]:
    """A process that was killed had too little memory, as far as anybody knows; else it is a fault of ours."""
    with suppress(subprocess.TimeoutExpired):
        worker.process.wait(GRACE)
    worker.end()
    code = worker.process.returncode
    if worker.now is None or code >= 0:
        raise RuntimeError(f"A process of the search ended with {code}.")
    yield found.ended(worker.now, {"state": "failed", "value": None, "reason": "train.memory"})
