"""One training on two processes: it is the training that one process makes, and it ends truthfully."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import confine, ranks
from training.spec import Spec

ROOT = Path(ranks.__file__).resolve().parents[1]
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
STEPS = {"epochs": 2, "batch_size": 8, "precision": "fp32", "dropout": 0.0, "few_shot": "off"}
WAIT = 180


@pytest.fixture
def still_base(tiny_base: Path, tmp_path: Path) -> Path:
    """Without dropout, whose random numbers each process draws for itself."""
    folder = tmp_path / "still"
    shutil.copytree(tiny_base, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | STILL))
    return folder


def start(
    folder: Path, spec: Spec, base: Path, devices: int, **settings: Any
) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)  # or goes on there
    made = {**spec.as_dict(), "base_folder": str(base)}
    made["settings"] = {**STEPS, "devices": devices, **settings}
    (folder / "spec.json").write_text(json.dumps(made))
    command = ["fit", "--spec", str(folder / "spec.json"), "--out", str(folder)]
    # As the site starts it: without a network but its own.
    alone = [sys.executable, "-I", "-S", str(confine.__file__), str(os.getpid()), "0", "0"]
    return subprocess.Popen(
        [*alone, sys.executable, "-P", "-m", "training", *command],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_two_processes_give_the_losses_of_one(
    make_spec: Callable[..., Spec], still_base: Path, tmp_path: Path
) -> None:
    found = {}
    for devices in (1, 2):
        folder = tmp_path / str(devices)
        child = start(folder, make_spec(), still_base, devices, class_weights=True)
        out, err = child.communicate(timeout=WAIT)
        assert child.returncode == 0, err
        events = events_of(out)
        kept = (folder / "events.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in kept] == events  # one speaks, and keeps what it says
        assert not list(folder.glob(".rank-*"))
        scored = [event for event in events if event["event"] == "scored"]
        found[devices] = [(event["train_loss"], event["valid_loss"]) for event in scored]
        assert events[-1]["event"] == "report"
        assert events[-1]["details"]["settings"]["devices"] == devices
    flat = {
        devices: [x for pair in pairs for x in pair if x is not None]
        for devices, pairs in found.items()
    }
    assert flat[2] == pytest.approx(flat[1], abs=1e-4)
    assert len(flat[1]) > 4


def processes_below(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


def started(child: subprocess.Popen[str]) -> None:
    """Reads on until the training has begun."""
    assert child.stdout is not None
    for line in child.stdout:
        if '"step"' in line and json.loads(line)["event"] == "step":
            return
    pytest.fail("It ended before its first step")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_dies_ends_the_run(
    make_spec: Callable[..., Spec], still_base: Path, tmp_path: Path
) -> None:
    child = start(tmp_path / "run", make_spec(), still_base, 2, epochs=50, patience=50)
    started(child)
    below = processes_below(child.pid)
    assert len(below) == 2
    os.kill(below[1], signal.SIGKILL)
    out, _ = child.communicate(timeout=WAIT)
    assert child.returncode == -signal.SIGKILL  # as if it had been one process
    assert "report" not in out
    assert not any(alive(pid) for pid in below)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_the_word_to_stop_reaches_all(
    make_spec: Callable[..., Spec], still_base: Path, tmp_path: Path
) -> None:
    child = start(tmp_path / "run", make_spec(), still_base, 2, epochs=50, patience=50)
    started(child)
    begun = time.monotonic()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=WAIT)
    assert child.returncode == ranks.STOPPED
    assert time.monotonic() - begun < 60
    assert (tmp_path / "run" / "checkpoint" / "attune.json").is_file()


def test_a_stopped_run_goes_on_with_all_of_them(
    make_spec: Callable[..., Spec], still_base: Path, tmp_path: Path
) -> None:
    found = {}
    for name in ("whole", "cut"):
        folder, given = tmp_path / name, {"epochs": 12, "patience": 50}
        child = start(folder, make_spec(), still_base, 2, **given)
        if name == "cut":
            started(child)
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=WAIT)
            assert child.returncode == ranks.STOPPED
            child = start(folder, make_spec(), still_base, 2, **given)
        _out, err = child.communicate(timeout=WAIT)
        assert child.returncode == 0, err
        events = events_of((folder / "events.jsonl").read_text())
        resumed = [event for event in events if event["event"] == "resumed"]
        assert bool(resumed) == (name == "cut")
        found[name] = {e["epoch"]: e["valid_loss"] for e in events if e["event"] == "scored"}
    assert found["cut"] == pytest.approx(found["whole"], abs=1e-6)
