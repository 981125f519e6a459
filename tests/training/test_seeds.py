"""Several seeds in one run: each is told, the best on validation is kept."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace
from typing import Any

import pytest

from training import export, loop
from training.events import Event, Report, Scored, Started, Step
from training.fit import fit, seeds
from training.fit.job import Job
from training.spec import Spec

MakeSpec = Callable[..., Spec]


def test_a_run_of_three_seeds(make_spec: MakeSpec, tmp_path: Path) -> None:
    events = list(fit(make_spec(seeds=3, seed=5, epochs=2), tmp_path))
    report = events[-1]
    assert isinstance(report, Report)
    found = report.details["seeds"]
    assert [run["seed"] for run in found["runs"]] == [5, 6, 7]
    (kept,) = [run for run in found["runs"] if run["kept"]]
    assert kept["value"] == max(run["value"] for run in found["runs"])
    assert kept["test"]["accuracy"] == pytest.approx(report.metrics["accuracy"])
    values = [run["test"]["accuracy"] for run in found["runs"]]
    assert found["mean"]["accuracy"] == pytest.approx(mean(values))
    assert found["deviation"]["accuracy"] == pytest.approx(stdev(values))
    assert [n["values"] for n in report.details["notes"] if n["code"] == "train.seeds"] == [
        {"count": 3, "seed": kept["seed"]}
    ]
    assert not list(tmp_path.glob(".*"))


def test_the_curves_and_the_progress_go_on(make_spec: MakeSpec, tmp_path: Path) -> None:
    events = list(fit(make_spec(seeds=2, epochs=2, patience=9), tmp_path))
    (started,) = [event for event in events if isinstance(event, Started)]
    steps = [event for event in events if isinstance(event, Step)]
    progress = [step.progress for step in steps]
    assert progress == sorted(progress)
    assert (started.epochs, started.steps) == (4, steps[-1].step)
    assert [event.epoch for event in events if isinstance(event, Scored)] == [0, 1, 2, 2, 3, 4]


def test_the_first_of_several_is_what_one_alone_gives(make_spec: MakeSpec, tmp_path: Path) -> None:
    alone, several = (
        list(fit(make_spec(seeds=count, epochs=1), tmp_path / str(count))) for count in (1, 2)
    )
    first = [[e for e in found if isinstance(e, Scored)][:2] for found in (alone, several)]
    assert first[0] == first[1]
    assert "seeds" not in alone[-1].details  # type: ignore[attr-defined]


@pytest.mark.parametrize(("values", "kept"), [([0.5, 0.9, 0.7], 1), ([0.5, 0.5, 0.4], 0)])
def test_validation_alone_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[float], kept: int
) -> None:
    # The test scores say the opposite.
    monkeypatch.setattr(seeds, "scores", lambda job: {"accuracy": 1 - values[job.spec.seed]})
    monkeypatch.setattr(seeds, "plan_of", lambda job: SimpleNamespace(epochs=1, steps=lambda n: 1))

    def train(own: Job, anew: bool) -> Generator[Event, None, loop.Outcome]:
        (own.folder / export.CHECKPOINT).mkdir()
        (own.folder / export.CHECKPOINT / "seed").write_text(str(own.spec.seed))
        yield Scored(0, 0, None, None, {}, best=True)
        return loop.Outcome(0, 0, (), stopped_early=False, value=values[own.spec.seed])

    folder = tmp_path / "run"
    folder.mkdir()
    spec: Any = Spec("text-classification", seed=0, settings={"seeds": 3, "epochs": 1})
    job = replace(Job(spec, folder, SimpleNamespace()), pieces={"train": []})  # type: ignore[arg-type]
    list(seeds.repeated(job, train))
    assert (folder / export.CHECKPOINT / "seed").read_text() == str(kept)
    assert [run["kept"] for run in job.seeds["runs"]] == [n == kept for n in range(3)]
    assert [path.name for path in folder.iterdir()] == [export.CHECKPOINT]
