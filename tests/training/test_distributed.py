"""One training on two processes: it is the training that one process makes, and it ends truthfully."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training import two_ranks
from tests.training.conftest import quick
from tests.warm import Warm
from training import confine, ranks
from training.spec import Spec

ROOT = Path(ranks.__file__).resolve().parents[1]
ENV = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
STILL = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
STEPS = {
    "epochs": 3,
    "patience": 50,
    "batch_size": 8,
    "precision": "fp32",
    "dropout": 0.0,
    "few_shot": "off",
}
WAIT = 180


@pytest.fixture(scope="module")
def still_base(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without dropout, whose random numbers each process draws for itself."""
    folder = tmp_path_factory.mktemp("base") / "still"
    shutil.copytree(tiny_base, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | STILL))
    return folder


def command_of(folder: Path, spec: Spec, base: Path, devices: int, **settings: Any) -> list[str]:
    folder.mkdir(exist_ok=True)  # or it goes on there
    made = {**spec.as_dict(), "base_folder": str(base)}
    made["settings"] = {**STEPS, "devices": devices, **settings}
    (folder / "spec.json").write_text(json.dumps(made))
    return ["-m", "training", "fit", "--spec", str(folder / "spec.json"), "--out", str(folder)]


def start(command: list[str]) -> subprocess.Popen[str]:
    """As the site starts it: without a network but its own."""
    alone = [sys.executable, "-I", "-S", str(confine.__file__), str(os.getpid()), "0", "0"]
    return subprocess.Popen(
        [*alone, sys.executable, "-P", *command],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def losses(events: list[dict[str, Any]]) -> dict[int, tuple[float | None, float]]:
    scored = [event for event in events if event["event"] == "scored"]
    return {event["epoch"]: (event["train_loss"], event["valid_loss"]) for event in scored}


@pytest.fixture(scope="module")
def whole(
    tickets: Path, still_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """Trained by two processes from the beginning to the end: its folder, what they said."""
    folder = tmp_path_factory.mktemp("two") / "run"
    child = start(command_of(folder, quick(still_base, tickets), still_base, 2))
    out, err = child.communicate(timeout=WAIT)
    assert child.returncode == 0, err
    return folder, events_of(out)


def test_two_processes_give_the_losses_of_one(
    whole: tuple[Path, list[dict[str, Any]]],
    tickets: Path,
    still_base: Path,
    tmp_path: Path,
    warm: Warm,
) -> None:
    alone = command_of(tmp_path / "one", quick(still_base, tickets), still_base, 1)
    one = warm.run(alone, cwd=tmp_path, env=ENV)
    assert one.returncode == 0, one.stderr
    for devices, folder, events in ((1, tmp_path / "one", events_of(one.stdout)), (2, *whole)):
        kept = (folder / "events.jsonl").read_text()
        assert events_of(kept) == events  # one speaks, and keeps what it says
        assert not list(folder.glob(".rank-*"))
        assert events[-1]["event"] == "report"
        assert events[-1]["details"]["settings"]["devices"] == devices
    expected, found = losses(events_of(one.stdout)), losses(whole[1])
    assert sorted(found) == sorted(expected) == list(range(4))
    for epoch, pair in expected.items():
        assert found[epoch] == pytest.approx(pair, abs=1e-4)


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
def test_a_process_that_dies_ends_the_run(tickets: Path, still_base: Path, tmp_path: Path) -> None:
    spec = quick(still_base, tickets)
    child = start(command_of(tmp_path / "run", spec, still_base, 2, epochs=50))
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


def test_the_word_to_stop_reaches_all(tickets: Path, still_base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    child = start(command_of(folder, quick(still_base, tickets), still_base, 2, epochs=50))
    started(child)
    begun = time.monotonic()
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=WAIT)
    assert child.returncode == ranks.STOPPED
    assert time.monotonic() - begun < 60
    assert (folder / "checkpoint" / "attune.json").is_file()
    assert list((folder / "resume" / "seed-0").glob("*/manifest.json"))  # from there it can go on


@pytest.mark.parametrize("hears", [0, 1])
def test_a_stopped_run_goes_on_with_all_of_them(
    whole: tuple[Path, list[dict[str, Any]]],
    tickets: Path,
    still_base: Path,
    tmp_path: Path,
    hears: int,
) -> None:
    """Whoever of them heard the word."""
    settings = {**STEPS, "devices": 2}
    spec = replace(quick(still_base, tickets), settings=settings)
    begun = two_ranks.fitted(tmp_path / "run", spec, stop=(hears, 4))
    assert begun[-1] == two_ranks.STOPPED
    rest = two_ranks.fitted(tmp_path / "run", spec)
    assert [event for event in rest if event["event"] == "resumed"]
    found, expected = losses(begun) | losses(rest), losses(whole[1])
    assert {epoch: pair[1] for epoch, pair in found.items()} == pytest.approx(
        {epoch: pair[1] for epoch, pair in expected.items()}, abs=1e-6
    )
