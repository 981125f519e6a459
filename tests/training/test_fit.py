"""A fine-tune from a CSV file to the model folder, with a tiny base."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from tests.training.conftest import rows_of, write_csv
from training import loop, vocabulary
from training.events import STAGES, Report, Scored, Started, Step, finite
from training.fit import fit
from training.fit import run as running
from training.problems import Problem
from training.spec import Spec

MakeSpec = Callable[..., Spec]


def events_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in (folder / "events.jsonl").read_text().splitlines()]


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def test_it_works(fitted: Path) -> None:
    left = {path.name for path in fitted.iterdir()}
    assert left == {
        "artifact",
        "artifact.zip",
        "checkpoint",
        "events.jsonl",
        "predictions.parquet",
        "report.json",
        "spec.json",
        "trained",
        "version.flags.parquet",
        "version.parquet",
    }


def test_stages_come_in_their_order(fitted: Path) -> None:
    names = [event["name"] for event in events_of(fitted) if event["event"] == "stage"]
    assert list(dict.fromkeys(names)) == [
        name for name in STAGES if name not in ("searching", "verifying")
    ]
    assert names == sorted(names, key=STAGES.index)


def test_progress_never_falls(fitted: Path) -> None:
    shown = [event["progress"] for event in events_of(fitted) if "progress" in event]
    assert shown == sorted(shown)
    assert 0 <= shown[0] <= shown[-1] <= 1


def test_everything_chosen_is_told_before_the_first_step(fitted: Path) -> None:
    events = events_of(fitted)
    names = [event["event"] for event in events]
    started = events[names.index("started")]
    assert names.index("started") < names.index("scored") < names.index("step")
    assert started["spec"]["settings"]["batch_size"] == 16
    assert started["steps"] == 3 * 6
    assert started["labels"] == ["billing", "login", "parcel"]
    assert sum(started["rows"].values()) == 120


def test_events_name_no_folder_of_this_machine(fitted: Path, tiny_base: Path) -> None:
    text = (fitted / "events.jsonl").read_text()
    assert str(tiny_base.parent) not in text
    assert str(fitted) not in text


def test_the_base_is_scored_before_the_first_step(fitted: Path) -> None:
    scored = [event for event in events_of(fitted) if event["event"] == "scored"]
    assert [event["epoch"] for event in scored] == [0, 1, 2, 3]
    assert (scored[0]["step"], scored[0]["train_loss"]) == (0, None)
    assert all({"accuracy", "macro_f1"} <= event["metrics"].keys() for event in scored)


def test_report_comes_last_and_has_its_shape(fitted: Path) -> None:
    report = events_of(fitted)[-1]
    assert report == {"event": "report"} | report_of(fitted)
    assert report["task"] == "text-classification"
    assert report["test_rows"] == 12
    for metrics in (report["metrics"], *report["baselines"].values()):
        assert {"accuracy", "macro", "micro", "weighted", "per_label"} <= metrics.keys()
        assert set(metrics["macro"]) == {"precision", "recall", "f1"}
    assert set(report["baselines"]) == {"majority", "tfidf", "base"}
    assert {"train", "total"} <= report["seconds"].keys()
    assert report["details"]["verdict"]["code"] in ("gain", "same", "worse")


def test_it_learns(fitted: Path) -> None:
    report = report_of(fitted)
    assert report["metrics"]["accuracy"] > report["baselines"]["majority"]["accuracy"]


def test_predictions_hold_every_test_row(fitted: Path) -> None:
    rows = pq.read_table(fitted / "predictions.parquet").to_pylist()
    report = report_of(fitted)
    labels = report["details"]["labels"]
    assert len(rows) == report["test_rows"]
    assert sum(row["correct"] for row in rows) / len(rows) == report["metrics"]["accuracy"]
    for row in rows:
        assert sum(row["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == labels[row["probabilities"].index(max(row["probabilities"]))]
        assert row["correct"] == (row["label"] == row["predicted"])


def test_the_artifact_is_whole_and_holds_no_pickle(fitted: Path) -> None:
    with zipfile.ZipFile(fitted / "artifact.zip") as packed:
        names = {Path(name).name for name in packed.namelist()}
    wanted = "README.md SHA256SUMS attune.json config.json head.safetensors metrics.json model.safetensors predict.py"
    assert {*wanted.split(), "requirements.txt", "tokenizer.json"} <= names
    assert not [name for name in names if Path(name).suffix in (".pkl", ".pt", ".bin", ".pth")]


def test_the_artifact_names_no_folder_of_this_machine(fitted: Path, tiny_base: Path) -> None:
    for path in (fitted / "artifact").iterdir():
        assert str(tiny_base.parent).encode() not in path.read_bytes(), path.name


def test_the_card_tells_of_every_label(fitted: Path) -> None:
    card = (fitted / "artifact" / "README.md").read_text(encoding="utf-8")
    assert all(f"| {label} |" in card for label in ("billing", "login", "parcel"))
    assert "$" not in card


def test_the_same_seed_gives_the_same_report(make_spec: MakeSpec, tmp_path: Path) -> None:
    reports = [list(fit(make_spec(seed=5), tmp_path / name))[-1] for name in ("a", "b")]
    first, second = (finite(replace(report, seconds={}, memory=0).as_dict()) for report in reports)  # type: ignore[type-var]
    assert first == second


def test_another_seed_gives_another_order(make_spec: MakeSpec, tmp_path: Path) -> None:
    losses = []
    for seed in (5, 6):
        with closing(fit(make_spec(seed=seed), tmp_path / str(seed))) as steps:
            losses.append([e.train_loss for e in steps if isinstance(e, Scored)])
    assert losses[0] != losses[1]


def test_the_frozen_spec_gives_the_same_again(make_spec: MakeSpec, tmp_path: Path) -> None:
    from training.spec import read

    first = list(fit(make_spec(), tmp_path / "a"))[-1]
    again = list(fit(read(str(tmp_path / "a" / "spec.json")), tmp_path / "b"))[-1]
    assert isinstance(first, Report)
    assert isinstance(again, Report)
    assert first.metrics == again.metrics


def test_closing_it_keeps_the_best_checkpoint(make_spec: MakeSpec, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with closing(fit(make_spec(epochs=50), folder)) as steps:
        for event in steps:
            if isinstance(event, Step):
                break
    left = {path.name for path in folder.iterdir()}
    data = {"version.flags.parquet", "version.parquet"}
    assert left == {"checkpoint", "resume", "spec.json", *data}
    assert (folder / "checkpoint" / "model.safetensors").is_file()


def test_a_version_is_read_as_it_is(fitted: Path, make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(train="", version=str(fitted / "version.parquet"), epochs=1)
    (started,) = [event for event in fit(spec, tmp_path) if isinstance(event, Started)]
    assert dict(started.rows) == report_of(fitted)["details"]["rows"]
    assert not (tmp_path / "version.parquet").exists()


def test_given_files_are_not_cut(make_spec: MakeSpec, tickets: Path, tmp_path: Path) -> None:
    test = write_csv(tmp_path / "test.csv", [*rows_of(7, seed=9), ("a bill", "unheard of")])
    spec = make_spec(test=str(test), epochs=1)
    report = list(fit(spec, tmp_path / "run"))[-1]
    assert isinstance(report, Report)
    assert report.test_rows == 8
    assert report.details["labels"] == ["billing", "login", "parcel"]


def test_blocked_data_is_a_problem(make_spec: MakeSpec, tmp_path: Path) -> None:
    one = write_csv(tmp_path / "one.csv", [(text, "same") for text, _ in rows_of(9)])
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(train=str(one)), tmp_path / "run"))
    assert caught.value.code == "label.classes"


def test_long_texts_are_cut_and_told(make_spec: MakeSpec, tmp_path: Path) -> None:
    events = list(fit(make_spec(max_length=8, epochs=1), tmp_path))
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.max_length == 8
    assert 0 < started.truncated_share < 1
    report = events[-1]
    assert isinstance(report, Report)
    assert "train.truncated" in [note["code"] for note in report.details["notes"]]


def test_it_stops_early_and_keeps_the_best(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "as_good", lambda event, history, rows: len(history) < 2)
    events = list(fit(make_spec(epochs=50, patience=1), tmp_path))
    report = events[-1]
    assert isinstance(report, Report)
    assert report.details["epochs_run"] == 2
    assert "train.stopped_early" in [note["code"] for note in report.details["notes"]]


def test_a_broken_base_is_a_problem(make_spec: MakeSpec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(base_folder=str(tmp_path)), tmp_path / "run"))
    assert caught.value.code == "base.broken"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_no_memory_is_a_problem(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(running, "trained", full)
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(), tmp_path))
    assert (caught.value.code, caught.value.values["batch_size"]) == ("train.memory", 16)


def test_the_saved_zip_is_named_with_its_hash(fitted: Path) -> None:
    from training.artifact import sha256

    (saved,) = [event for event in events_of(fitted) if event["event"] == "saved"]
    assert saved["sha256"] == sha256(fitted / saved["zip"])
    assert saved["size"] == (fitted / saved["zip"]).stat().st_size


def test_a_score_that_the_task_does_not_have_is_named(make_spec: MakeSpec, tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(fit(make_spec(stop_metric="pearson"), tmp_path))
    assert caught.value.code == "spec.choice"
    assert caught.value.values["choices"] == "auto, loss, accuracy, macro_f1"


def test_the_head_alone_leaves_the_base_as_it_came(
    make_spec: MakeSpec, tmp_path: Path, tiny_base: Path
) -> None:
    list(fit(make_spec(trained="head_only"), tmp_path))
    before = load_file(tiny_base / "model.safetensors")
    after = load_file(tmp_path / "artifact" / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(item, after[name]) for name, item in before.items())


@pytest.mark.parametrize(
    ("part", "cut"), [("all", True), ("gradual", True), ("layers", False), ("top", False)]
)
def test_the_embedding_is_cut_where_it_learns(
    make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, cut: bool
) -> None:
    seen: list[bool] = []
    train = loop.train

    def watched(network: Any, *rest: Any) -> Any:
        seen.append(isinstance(network.base.get_input_embeddings(), vocabulary.Used))
        return train(network, *rest)

    monkeypatch.setattr(loop, "train", watched)
    monkeypatch.setattr(vocabulary, "WORTH", 1.1)  # the tiny base has few other tokens
    list(fit(make_spec(trained=part, epochs=1), tmp_path))
    assert seen == [cut]
