"""The settings of a training with each kind of head: they go together, and the model answers afterwards."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.training.test_fit_tasks import EVERY, MADE, write
from training import inference
from training.events import Report
from training.fit import fit
from training.options import OPTIONS
from training.spec import from_dict

SETS: dict[str, dict[str, Any]] = {
    "adapter": {"method": "dora", "rank": 4, "seeds": 2, "accumulation": 2, "batch_size": 8},
    "frozen": {
        "trained": "head_only",
        "label_smoothing": 0.1,
        "oversampling": True,
        "focal": 1.0,
        "optimizer": "lion",
    },
    "read apart": {"matching": "bi", "method": "ia3", "stop_metric": "loss", "layer_decay": 0.8},
}


@EVERY
@pytest.mark.parametrize("settings_of", SETS)
def test_settings_go_together(
    task: str, variant: str, settings_of: str, tmp_path: Path, tiny_base: Path
) -> None:
    rows = list(islice(MADE[task, variant](random.Random(3)), 60))
    train = write(tmp_path / "rows.csv", rows)
    spec = {
        "task": task,
        "train": str(train),
        "columns": {role: role for role in rows[0]},
        "base_folder": str(tiny_base),
        "effort": "quick",
        "settings": {"epochs": 1, "precision": "fp32", **SETS[settings_of]},
    }
    report = list(fit(from_dict(spec), tmp_path / "run"))[-1]
    assert isinstance(report, Report)
    head = report.details["head"]
    kept = {n: v for n, v in SETS[settings_of].items() if OPTIONS[n].fits(head)}
    assert {n: report.details["settings"][n] for n in kept} == kept
    model = inference.load(tmp_path / "run" / "artifact")
    assert len(model.predict([rows[0]])) == 1
