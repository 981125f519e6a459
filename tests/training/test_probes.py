"""The linear model that a head starts from: of very many rows it is learnt from some, the same ones each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import baselines, defaults, estimate
from training.fit import fit, probes
from training.fit.job import Job
from training.spec import Spec
from training.tasks import TASKS

MakeSpec = Callable[..., Spec]


def job_of(make_spec: MakeSpec, tmp_path: Path, targets: list[Any]) -> Job:
    pieces = [{"ids": [2, 60, 3], "row": row, "target": one} for row, one in enumerate(targets)]
    return Job(make_spec(), tmp_path, TASKS["text-classification"], pieces={"train": pieces})


def chosen(job: Job) -> list[int]:
    return [piece["row"] for piece in probes.sample(job).pieces["train"]]


def test_few_rows_are_all_learnt_from(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "START_ROWS", 30)
    job = job_of(make_spec, tmp_path, [0, 1] * 15)
    assert probes.sample(job) is job


def test_of_many_rows_one_in_so_many_and_the_first_of_each_label(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "START_ROWS", 250)
    targets = (
        [0] * 700 + [1] * 270 + [2] * 30
    )  # as a file that is sorted by label: rows 970 to 999 are the rare one
    job = job_of(make_spec, tmp_path, targets)
    rows = chosen(job)
    found = Counter(targets[row] for row in rows)
    rest = (1 - probes.START_LEAST / 700, 1 - probes.START_LEAST / 270)
    assert found[0] == pytest.approx(50 + 700 * rest[0] / 4, abs=1)
    assert found[1] == pytest.approx(50 + 270 * rest[1] / 4, abs=1)
    assert found[2] == 30
    assert max(row for row in rows if targets[row] == 0) > 690  # from all over
    assert chosen(job) == rows
    assert len(job.pieces["train"]) == 1000  # the training itself has them all


def test_numbers_and_several_labels(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "START_ROWS", 100)
    assert len(chosen(job_of(make_spec, tmp_path, [0.5] * 400))) == pytest.approx(138, abs=1)
    marks = [[1.0, 0.0]] * 380 + [[1.0, 1.0]] * 10 + [[0.0, 0.0]] * 10
    rows = chosen(job_of(make_spec, tmp_path, marks))
    assert set(range(380, 400)) <= set(rows)  # rows with the rare label, and rows with none
    assert len(rows) < 170


@pytest.mark.parametrize("trained", ["all", "head_only"])
def test_the_linear_model_is_fitted_on_some_rows_a_frozen_base_on_all(
    trained: str, make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the head alone, the vectors are what it is trained on."""
    monkeypatch.setattr(defaults, "START_ROWS", 10)
    monkeypatch.setattr(probes, "START_LEAST", 1)
    fitted: list[int] = []
    usual = baselines.probes

    def seen(vectors: Any, targets: Any, *more: Any) -> Any:
        assert len(vectors) == len(targets)
        fitted.append(len(targets))
        return usual(vectors, targets, *more)

    monkeypatch.setattr(baselines, "probes", seen)
    report = list(fit(make_spec(epochs=1, trained=trained), tmp_path))[-1].as_dict()
    rows = report["details"]["rows"]["train"]
    assert rows > 10
    (learnt,) = fitted
    assert learnt == rows if trained == "head_only" else learnt < rows
    assert np.isfinite(report["baselines"]["base"]["accuracy"])


def test_the_estimate_knows_it() -> None:
    stats = {"train": {"rows": 100_000, "mean_tokens": 16}, "test": {"rows": 10, "mean_tokens": 16}}
    fine = estimate.seconds({**stats, "labels": 2}).parts
    head = estimate.seconds({**stats, "labels": 2}, settings={"trained": "head_only"}).parts
    reading = 100_000 * 16 * estimate.PADDING / 12_000
    assert head["baselines"] - fine["baselines"] == pytest.approx(reading * 4 / 5, rel=0.01)
