"""Stands in for `python -m training`, as tests/projects/runs/fake_child.py does, and misbehaves in more ways."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from training.checkpoints import RESUME, STATE, Store, read_json, write_json

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

PACE = 0.25  # seconds
EVERY = 3  # steps from one checkpoint to the next


def slow(command: str, folder: Path, steps: str = "12") -> None:
    """A few seconds of training that lays down its work now and then and when it is told to, and goes on with it."""
    if command != "fit":
        return good(command, folder)
    train(folder, int(steps))
    save(folder)


def train(folder: Path, steps: int) -> None:
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    begin()
    store = Store(folder / RESUME / "seed-0")
    done = resumed(store)
    for number in range(done + 1, steps + 1):
        step(number, 1 / number)
        time.sleep(PACE)
        if told or number % EVERY == 0:
            lay_down(store, number)
        if told:
            sys.exit(75)


def dying(command: str, folder: Path, steps: str) -> None:
    """Is killed after so many steps."""
    train(folder, int(steps))
    os.kill(os.getpid(), signal.SIGKILL)


def mounted(command: str, folder: Path, options: str) -> None:
    """Its folder is a disk of another kind, see on_small_disk; on it, it writes what a small model takes."""
    mount = 'mount -t tmpfs -o "$1" none "$0" && shift && exec "$@"'
    again = [sys.executable, __file__, "heavy", command, "--out", str(folder)]
    os.execvp("unshare", ["unshare", "-Urm", "sh", "-c", mount, str(folder), options, *again])


def heavy(command: str, folder: Path) -> None:
    begin()
    (folder / "weights").write_bytes(bytes(100_000))
    good(command, folder)


def diverging(command: str, folder: Path) -> None:
    """Its loss is no number, and it gives up."""
    begin()
    for number in range(1, 4):
        step(number, float("nan"))
    values = {"step": 3, "learning_rate": 1.0, "steps": 9}
    say("problem", code="train.diverged", values=values, expected="", found="", remedy="")
    sys.exit(2)


def lay_down(store: Store, number: int) -> None:
    with store.next() as part:
        write_json(part / STATE, {"step": number})
        (part / "weights").write_bytes(bytes(2_000))
    say("checkpoint", step=number, epoch=number / 2, size=2_000, seconds=0.1)


def resumed(store: Store) -> int:
    """The step of the newest state that is whole, which is told of; 0 without one."""
    found, faults = store.newest()
    number = int(read_json(found.folder / STATE)["step"]) if found else 0
    if faults:
        code = "train.checkpoint_broken" if found else "train.checkpoints_lost"
        say("note", code=code, values={"reason": faults[0], "step": number})
    if found is None:
        return 0
    say("resumed", step=number, epoch=number / 2, origin=False)
    return number


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
