"""Stands in for `python -m training`: says what a fine-tune says, without a model. Run as a script by the launcher.

The first argument is how it behaves, the rest is the command line of training.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

LABELS = ["no", "yes"]
SCORES = {"precision": 0.5, "recall": 0.5, "f1": 0.5}
METRICS = {
    "accuracy": 0.75,
    "macro": SCORES,
    "micro": SCORES,
    "weighted": SCORES,
    "per_label": {label: {**SCORES, "support": 2} for label in LABELS},
    "confusion": [[2, 0], [1, 1]],
}
REPORT = {
    "task": "text-classification",
    "test_rows": 4,
    "metrics": METRICS,
    "baselines": {name: {**METRICS, "accuracy": 0.5} for name in ("majority", "tfidf", "base")},
    "seconds": {"train": 1.5, "total": 2.5},
    "details": {"labels": LABELS, "verdict": {"code": "gain", "points": 25.0, "baseline": "tfidf"}},
}


def say(event: str, **values: object) -> None:
    sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
    sys.stdout.flush()


def begin() -> None:
    say("stage", name="reading", progress=0.0, seconds_left=None)
    say("started", spec={}, rows={}, labels=LABELS, steps=2, epochs=1, device="cpu", precision="fp32",
        max_length=64, truncated_share=0.0)  # fmt: skip
    say("stage", name="training", progress=0.2, seconds_left=4.0)


def step(number: int, loss: float) -> None:
    say("step", step=number, epoch=number / 2, loss=loss, learning_rate=1e-4, rows_per_second=1.0,
        tokens_per_second=1.0, progress=0.3, seconds_left=2.0)  # fmt: skip


def save(folder: Path) -> None:
    (folder / "artifact").mkdir()
    (folder / "artifact" / "config.json").write_text("{}")
    (folder / "checkpoint").mkdir()
    data = b"a zip"
    (folder / "artifact.zip").write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    say("saved", folder="artifact", zip="artifact.zip", size=len(data), sha256=sha256)
    say("report", **REPORT)


def good(command: str, folder: Path) -> None:
    if command == "verify":
        say("verified", rows=4, labels_equal=True, max_difference=1e-7)
        return
    begin()
    step(1, 0.7)
    step(2, float("nan"))
    metrics = {"accuracy": 0.75, "macro_f1": 0.5}
    say("scored", epoch=1, step=2, train_loss=0.6, valid_loss=0.5, metrics=metrics, best=True)
    save(folder)


def different(command: str, folder: Path) -> None:
    """The saved model answers otherwise than the trained one."""
    if command == "fit":
        return good(command, folder)
    say("verified", rows=4, labels_equal=False, max_difference=0.4)
    say(
        "problem",
        code="artifact.mismatch",
        values={"difference": 0.4},
        expected="",
        found="",
        remedy="",
    )
    sys.exit(2)


def endless(command: str, folder: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_given: sys.exit(75))
    begin()
    step(1, 0.5)
    while True:
        time.sleep(0.02)


def deaf(command: str, folder: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    begin()
    step(1, 0.5)
    while True:
        time.sleep(0.02)


def resumable(command: str, folder: Path) -> None:
    """Trains until it is told to stop, and goes on at the next start."""
    state = folder / "resume" / "seed-0" / "000001" / "state.json"
    if command == "verify":
        return good(command, folder)
    if state.is_file():
        say("resumed", step=7, epoch=0.7, origin=False)
        return good(command, folder)

    def leave(*_given: object) -> None:
        state.parent.mkdir(parents=True)
        state.write_text("{}")
        sys.exit(75)

    signal.signal(signal.SIGTERM, leave)
    begin()
    say("checkpoint", step=7, epoch=0.7, size=100, seconds=0.1)
    step(1, 0.5)
    while True:
        time.sleep(0.02)


def wrong(command: str, folder: Path) -> None:
    begin()
    say(
        "problem",
        code="base.broken",
        values={"base": "B", "missing": "x"},
        expected="",
        found="",
        remedy="",
    )
    sys.exit(2)


def crash(command: str, folder: Path) -> None:
    begin()
    raise RuntimeError("a secret detail")


def killed(command: str, folder: Path) -> None:
    begin()
    os.kill(os.getpid(), signal.SIGKILL)


def quiet(command: str, folder: Path) -> None:
    """Ends well and has nothing to show for it."""
    print("a library says hello")  # noqa: T201
    begin()


def stopped(command: str, folder: Path) -> None:
    """Told to stop by somebody else than us."""
    begin()
    sys.exit(75)


if __name__ == "__main__":
    behaviour, command, *rest = sys.argv[1:]
    out = Path(rest[rest.index("--out") + 1] if "--out" in rest else rest[0])
    globals()[behaviour](command, out)
