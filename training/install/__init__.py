"""Puts base models onto this machine: fetches, checks, converts, lets them answer, and only then shows them.

A base is made in a hidden folder beside its place and renamed when it is whole; an install that was interrupted
leaves nothing that could be taken for a base, and the next one clears its rest away.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from training import catalogue
from training.catalogue import Archive, Base, Hub
from training.events import Event, Installed, Progress
from training.problems import Problem

FETCHED, MADE = 0.75, 0.95  # shares of an install after which it is fetched, and converted
_WAIT = 0.5  # seconds between two looks whether another install has ended
_ROOM = 1.3  # of what is downloaded and kept, free on the disk


def ensure(
    base_id: str, bases_dir: str | Path, *, child: bool = True
) -> Generator[Progress, None, Path]:
    """The base's folder; one that is not here is installed first, where that is allowed.

    Yields its progress, 0 to 1; yields nothing when the base is here. `child`: in a process of its own, which gives
    back all the memory that the conversion took. Raises Problem(`base.*`, `disk.full`).
    """
    base = catalogue.find(base_id, bases_dir)
    if not catalogue.is_here(base, bases_dir) and catalogue.installable(base):
        for event in _in_child(base, bases_dir) if child else install(base, bases_dir):
            if isinstance(event, Progress):
                yield event
    return catalogue.locate(base_id, bases_dir)


def install(base: Base, bases_dir: str | Path) -> Generator[Event, None, None]:
    """Ends with Installed. Raises Problem(`base.*`, `disk.full`)."""
    began, home = time.monotonic(), Path(bases_dir)
    if not isinstance(base.source, Archive | Hub):
        catalogue.locate(base.id, bases_dir)
        return
    home.mkdir(parents=True, exist_ok=True)
    with (home / f".{base.id}.lock").open("w") as lock:
        yield from _turn(lock)
        if not catalogue.is_here(base, home):
            with _scratch(home, base) as part:
                yield from _make(base, part)
                _publish(part / base.id, home / base.id)
    size = sum(path.stat().st_size for path in (home / base.id).rglob("*"))
    seconds = round(time.monotonic() - began, 1)
    yield Installed(base.id, str(home / base.id), size, seconds)


def _turn(lock: TextIO) -> Iterator[Progress]:
    """Waits until nobody else installs this base."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            yield Progress(0.0)
            time.sleep(_WAIT)


@contextmanager
def _scratch(home: Path, base: Base) -> Iterator[Path]:
    part = home / f".{base.id}.part"
    shutil.rmtree(part, ignore_errors=True)  # of an install that was killed
    _check_room(home, base)
    part.mkdir()
    try:
        yield part
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(home, base) from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_room(home: Path, base: Base) -> None:
    if shutil.disk_usage(home).free < _wanted(base):
        raise _full(home, base)


def _wanted(base: Base) -> int:
    return int(_ROOM * (base.download + base.size))


def _full(home: Path, base: Base) -> Problem:
    return Problem("disk.full", wanted=_wanted(base), free=shutil.disk_usage(home).free)


def _make(base: Base, part: Path) -> Generator[Event, None, None]:
    """The base's folder in `part`, whole and tried."""
    out = part / base.id
    if isinstance(base.source, Archive):
        found = yield from _fetch(base, base.source, part)
        yield Progress(FETCHED)
        from training.install.converters import convert  # loads torch, in seconds

        convert(found, out, base.source)
    elif isinstance(base.source, Hub):
        from training.install import hub

        out.mkdir()
        for size in hub.fetch(base, base.source, out):
            yield Progress(round(FETCHED * min(1.0, size / max(base.size, 1)), 4))
        shutil.rmtree(out / ".cache", ignore_errors=True)
    yield Progress(MADE)
    from training.install import models

    models.answer(base, out)
    models.note_sums(base, out)


def _fetch(base: Base, source: Archive, part: Path) -> Generator[Event, None, list[Path]]:
    from training.install.fetch import fetch

    found, done, total = [], 0, max(1, base.download)
    for number, archive in enumerate(source.parts):
        steps = fetch(base, archive, part / f"part-{number}")
        while True:
            try:
                size = next(steps)
            except StopIteration as stop:
                found.append(stop.value)
                break
            yield Progress(round(FETCHED * min(1.0, (done + size) / total), 4))
        done += archive.size or found[-1].stat().st_size
    return found


def _publish(made: Path, target: Path) -> None:
    """What lies there already is no whole base: that was looked at under the lock."""
    if target.exists():
        shutil.rmtree(target)
    made.rename(target)


def _in_child(base: Base, bases_dir: str | Path) -> Iterator[Event]:
    code = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-P", "-m", "training", "install", base.id, "--out", str(bases_dir)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": code}, text=True
    )
    try:
        yield from _heard(process)
    finally:
        process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _heard(process: subprocess.Popen[str]) -> Iterator[Event]:
    for line in process.stdout or ():
        told = json.loads(line) if line.startswith("{") else {}
        if told.get("event") == "progress":
            yield Progress(float(told["progress"]))
        elif told.get("event") == "problem":
            raise Problem(told["code"], **told["values"])
    if process.wait():
        raise RuntimeError(f"The install ended with {process.returncode}")


def verify(base_id: str, bases_dir: str | Path) -> tuple[int, str]:
    """(files that are as they were at the install, what it says to a short text). Raises Problem(`base.*`)."""
    from training.install import models

    base = catalogue.find(base_id, bases_dir)
    folder = catalogue.locate(base_id, bases_dir)
    return models.check_sums(base, folder), models.answer(base, folder)
