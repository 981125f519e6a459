"""A real base on real questions, through the command line: a few rows are enough to be well above the words counted."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.warm import Warm
from training import catalogue
from training.problems import Problem

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("ATTUNE_REAL_DATA") or ROOT.parent / "shared")
DATA = (HOME / "data" if (HOME / "data").is_dir() else HOME) / "classification"
ROWS, CHOOSING = 600, 200  # of 4,951 to train on, of 500 to choose the best epoch on
TOO_LONG = 1800  # seconds
pytestmark = pytest.mark.real_data


def base_is_here() -> bool:
    try:
        return catalogue.locate(catalogue.DEFAULT).is_dir()
    except Problem:
        return False


def training(warm: Warm, *args: str | Path) -> list[dict[str, Any]]:
    done = warm.run(["-m", "training", *args], cwd=ROOT, limit=TOO_LONG)
    assert done.returncode == 0, done.stderr
    return [json.loads(text) for text in done.stdout.splitlines()]


@pytest.mark.skipif(not (DATA / "trec6_train.csv").is_file(), reason=f"no real data in {DATA}")
@pytest.mark.skipif(not base_is_here(), reason="the default base model is not installed")
def test_a_quick_fine_tune_beats_the_baselines(tmp_path: Path, warm: Warm) -> None:
    some = {"train": ROWS, "valid": CHOOSING}
    for split, rows in some.items():
        with (DATA / f"trec6_{split}.csv").open(encoding="utf-8") as file:
            text = "".join(islice(file, 1 + rows))
        (tmp_path / f"{split}.csv").write_text(text, encoding="utf-8")
    files = [f"--{split}={tmp_path / f'{split}.csv'}" for split in some]
    files += [f"--test={DATA / 'trec6_test.csv'}"]
    columns = ["--column", "text=text", "--column", "label=label"]
    events = training(warm, "fit", *files, *columns, "--effort", "quick", "--out", tmp_path / "run")
    report = events[-1]
    assert report["test_rows"] == 500
    assert report["metrics"]["accuracy"] >= 0.91
    assert report["details"]["verdict"] == {**report["details"]["verdict"], "code": "gain"}
    best = max(found["accuracy"] for found in report["baselines"].values())
    assert report["metrics"]["accuracy"] > best
    assert training(warm, "verify", tmp_path / "run")[-1]["labels_equal"] is True
