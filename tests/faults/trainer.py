"""Stands in for `python -m training`, as tests/projects/runs/fake_child.py does, and misbehaves in more ways."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "projects" / "runs"))
from fake_child import (  # noqa: F401
    begin,
    crash,
    deaf,
    different,
    endless,
    good,
    killed,
    quiet,
    save,
    say,
    step,
    stopped,
    wrong,
)

STEPS, PACE = 12, 0.25  # seconds


def slow(command: str, folder: Path) -> None:
    """A few seconds of training that lays down its work when it is told to."""
    if command == "fit":
        signal.signal(signal.SIGTERM, lambda *_given: os._exit(75))
        begin()
        for number in range(1, STEPS + 1):
            step(number, 1 / number)
            time.sleep(PACE)
        save(folder)
    else:
        good(command, folder)


def father(command: str, folder: Path) -> None:
    """Leaves a process behind that holds its pipe open and is deaf."""
    if command == "fit":
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
        subprocess.Popen([sys.executable, "-c", code], cwd=folder)
    good(command, folder)


def poison(command: str, folder: Path) -> None:
    """Whoever runs it dies of it."""
    begin()
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


def silent(command: str, folder: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begin()
    time.sleep(600)


def babbling(command: str, folder: Path) -> None:
    """Lines that are no events, half of one at the end, and bytes that are no text."""
    begin()
    sys.stdout.flush()
    os.write(1, b'\xff\xfe\x00\n[1, 2]\n{"event": 7}\n{"no": "event"}\n{"event": "step", "st')


def torn(command: str, folder: Path) -> None:
    """Says that it has saved what it has not."""
    if command == "fit":
        begin()
        save(folder)
        (folder / "artifact.zip").unlink()
        return
    sys.exit(1)


def staying(command: str, folder: Path, stage: str) -> None:
    """Comes to that stage and stays there."""
    if command == "verify" or stage != "verifying":
        say("stage", name=stage, progress=0.5, seconds_left=None)
        time.sleep(600)
    begin()
    save(folder)


if __name__ == "__main__":
    behaviour, command, *rest = sys.argv[1:]
    out = Path(rest[rest.index("--out") + 1] if "--out" in rest else rest[0])
    name, *more = behaviour.split(":")
    globals()[name](command, out, *more)
