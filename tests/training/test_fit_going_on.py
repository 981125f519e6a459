"""A whole fine-tune that was cut off anywhere ends with the same files and the same report."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import rows_of, write_csv
from training import artifact, checkpoints, export, loop, stopping
from training.events import Event, Note, Report, Resumed, Stage, Started, Step, finite
from training.fit import fit, keeping, simple
from training.problems import Problem
from training.spec import Spec, from_dict
from training.stopping import Stopped

MakeSpec = Callable[..., Spec]
MOMENTS = {"reading": 0, "baselines": 0, "training": 0, "testing": 0, "saving": 0}


@pytest.fixture(autouse=True)
def _nothing_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("training.checkpoints._to_disk", lambda path: None)  # takes its time
    stopping.forget()
    yield
    stopping.forget()


def cut_at_step(monkeypatch: pytest.MonkeyPatch, number: int, spec: Spec, folder: Path) -> None:
    """The word to stop comes during that step of the process."""
    update, steps = loop.Trainer.update, []

    def told(trainer: loop.Trainer, rows: list[int]) -> float:
        steps.append(rows)
        if len(steps) == number:
            stopping.ask()
        return update(trainer, rows)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "update", told)
        with pytest.raises(Stopped):
            list(fit(spec, folder))
    stopping.forget()


def cut_in_stage(name: str, spec: Spec, folder: Path) -> None:
    with closing(fit(spec, folder)) as steps:
        next(event for event in steps if isinstance(event, Stage) and event.name == name)


def result_of(folder: Path, events: list[Event]) -> tuple[dict[str, str], Any]:
    """Digests of the model's files, and the report without its seconds."""
    files = artifact.listed(folder / export.ARTIFACT)
    report = events[-1]
    assert isinstance(report, Report)
    return files, finite(replace(report, seconds={}, memory=0).as_dict())


def carried_out(spec: Spec, folder: Path) -> tuple[tuple[dict[str, str], Any], list[Event]]:
    events = list(fit(spec, folder))
    return result_of(folder, events), events


KINDS: dict[str, dict[str, Any]] = {
    "all weights": {},
    "few weights": {"method": "lora"},
    "from the top": {"trained": "gradual", "optimizer": "lion"},
    "the head": {"trained": "head_only"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_in_the_training_it_ends_the_same(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    spec = make_spec(**KINDS[kind])
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_at_step(monkeypatch, 8, spec, tmp_path / "cut")
    monkeypatch.setattr(simple.probes, "PROBES", None)  # what they found is remembered
    found, events = carried_out(spec, tmp_path / "cut")
    assert next(e for e in events if isinstance(e, Resumed)).step == 8
    assert found == wanted
    assert not (tmp_path / "cut" / checkpoints.RESUME).exists()


def test_two_texts_by_themselves(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, rows = random.Random(1), rows_of(150)
    pairs = [(*draw.sample(rows, 2),) for _ in range(90)]
    lines = [(a, b, "same" if x == y else "other") for (a, x), (b, y) in pairs]
    file = write_csv(tmp_path / "pairs.csv", lines, ("text_a", "text_b", "label"))
    given: dict[str, Any] = {"task": "text-matching", "train": str(file), "effort": "quick"}
    given |= {"columns": {name: name for name in ("text_a", "text_b", "label")}}
    given |= {"settings": {"epochs": 2, "matching": "bi", "precision": "fp32"}}
    spec = from_dict({**given, "base_folder": str(tiny_base)})
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_at_step(monkeypatch, 6, spec, tmp_path / "cut")
    assert carried_out(spec, tmp_path / "cut")[0] == wanted


@pytest.mark.parametrize("at", [4, 16])
def test_the_second_of_several_seeds(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    spec = make_spec(seeds=2)
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_at_step(monkeypatch, at, spec, tmp_path / "cut")
    found, events = carried_out(spec, tmp_path / "cut")
    assert found == wanted
    (started,) = [event for event in events if isinstance(event, Started)]
    assert sum(1 for e in events if isinstance(e, Step)) <= started.steps - at + 2
    assert not (tmp_path / "cut" / checkpoints.TRAINED).exists()


@pytest.mark.parametrize("stage", MOMENTS)
def test_cut_off_in_another_stage_it_ends_the_same(
    make_spec: MakeSpec, tmp_path: Path, stage: str
) -> None:
    spec = make_spec(epochs=1)
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_in_stage(stage, spec, tmp_path / "cut")
    found, events = carried_out(spec, tmp_path / "cut")
    assert found == wanted
    # What was trained is not trained again.
    assert any(isinstance(e, Step) for e in events) is (stage not in ("testing", "saving"))


def test_another_training_in_the_same_folder_begins_anew(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_at_step(monkeypatch, 8, make_spec(), tmp_path / "cut")
    for changed in (make_spec(seed=14), make_spec(epochs=1), make_spec(clip=0.5)):
        _found, events = carried_out(changed, tmp_path / "cut")
        assert not any(isinstance(event, Resumed) for event in events)
        cut_at_step(monkeypatch, 3, make_spec(), tmp_path / "cut")


def test_what_was_chosen_at_the_start_stays(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(precision="auto")
    monkeypatch.setattr("training.backbone.native_bf16", lambda: False)
    cut_at_step(monkeypatch, 3, spec, tmp_path)
    monkeypatch.setattr("training.backbone.native_bf16", lambda: True)
    monkeypatch.setattr("training.fit.job.defaults.PASSES", {"quick": 1})
    started = next(event for event in fit(spec, tmp_path) if isinstance(event, Started))
    assert started.precision == "fp32"


def test_damaged_baselines_are_made_again(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec()
    wanted, _events = carried_out(spec, tmp_path / "whole")
    cut_at_step(monkeypatch, 8, spec, tmp_path / "cut")
    state = tmp_path / "cut" / checkpoints.RESUME / "baselines" / checkpoints.STATE
    state.unlink()
    state.write_text("{}")
    assert carried_out(spec, tmp_path / "cut")[0] == wanted


# --- epochs that are added -------------------------------------------------------------------------------------------


def test_epochs_are_added_to_a_finished_run(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec()
    _found, first = carried_out(spec, tmp_path / "first")
    more = replace(spec.with_settings(epochs=4), continues=str(tmp_path / "first"))
    _found, events = carried_out(more, tmp_path / "more")
    report = events[-1]
    assert isinstance(report, Report)
    history = report.details["history"]
    assert [one["epoch"] for one in history] == [0, 1, 2, 3, 4]
    assert history[:3] == first[-1].details["history"]  # type: ignore[attr-defined]
    resumed = next(event for event in events if isinstance(event, Resumed))
    assert (resumed.origin, resumed.epoch) == (True, 2.0)
    assert report.baselines == first[-1].baselines  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", [{"seed": 14}, {"clip": 0.5}])
def test_epochs_are_added_to_the_same_training_only(
    make_spec: MakeSpec, tmp_path: Path, change: dict[str, Any]
) -> None:
    list(fit(make_spec(epochs=1), tmp_path / "first"))
    other = replace(make_spec(epochs=2, **change), continues=str(tmp_path / "first"))
    with pytest.raises(Problem) as caught:
        list(fit(other, tmp_path / "more"))
    assert caught.value.code == "train.continues"


def test_a_lost_last_state_is_told(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = replace(make_spec(epochs=2), continues=str(tmp_path / "nowhere"))
    with pytest.raises(Problem) as caught:
        list(fit(spec, tmp_path / "more"))
    assert caught.value.code == "train.continues"


# --- cost ------------------------------------------------------------------------------------------------------------


def test_states_of_a_training_are_few_where_they_cost_much(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SPEED", 1.0)
    events = list(fit(make_spec(), tmp_path))
    assert sum(1 for event in events if event.event == "checkpoint") == 1  # the last one
    assert not [event for event in events if isinstance(event, Note)]
    state = json.loads(next((tmp_path / "trained").glob("seed-0/*/state.json")).read_text())
    assert state["course"]["over"]
