"""A real base on real questions, through the command line: a few rows are enough to be well above the words counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from training import catalogue
from training.problems import Problem

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ATTUNE_REAL_DATA") or ROOT.parent / "shared")
DATA = (HOME / "data" if (HOME / "data").is_dir() else HOME) / "classification"
ROWS = 1200  # of 4,951, to train on
pytestmark = pytest.mark.real_data


def base_is_here() -> bool:
    try:
        return catalogue.locate(catalogue.DEFAULT).is_dir()
    except Problem:
        return False


def training(*args: str | Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "training", *map(str, args)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(text) for text in done.stdout.splitlines()]


@pytest.mark.skipif(not (DATA / "trec6_train.csv").is_file(), reason=f"no real data in {DATA}")
@pytest.mark.skipif(not base_is_here(), reason="the default base model is not installed")
def test_a_quick_fine_tune_beats_the_baselines(tmp_path: Path) -> None:
    some = tmp_path / "train.csv"
    with (DATA / "trec6_train.csv").open(encoding="utf-8") as file:
        some.write_text("".join(islice(file, 1 + ROWS)), encoding="utf-8")
    files = [f"--{split}={DATA / f'trec6_{split}.csv'}" for split in ("valid", "test")]
    files += [f"--train={some}"]
    columns = ["--column", "text=text", "--column", "label=label"]
    events = training("fit", *files, *columns, "--effort", "quick", "--out", tmp_path / "run")
    report = events[-1]
    assert report["test_rows"] == 500
    assert report["metrics"]["accuracy"] >= 0.91
    assert report["details"]["verdict"] == {**report["details"]["verdict"], "code": "gain"}
    best = max(found["accuracy"] for found in report["baselines"].values())
    assert report["metrics"]["accuracy"] > best
    assert training("verify", tmp_path / "run")[-1]["labels_equal"] is True
