"""A finished model at work."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.training.conftest import rows_of, write_csv
from training import inference
from training.problems import Problem


def test_it_works(fitted: Path) -> None:
    (first,) = inference.load(fitted).predict([{"text": "my invoice and the card charge"}])
    assert first["label"] == max(first["probabilities"], key=first["probabilities"].get)
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert first["probability"] == max(first["probabilities"].values())


def test_run_and_model_folder_are_the_same(fitted: Path) -> None:
    inputs = [{"text": "where is my parcel"}]
    answers = [
        inference.load(folder).predict(inputs)
        for folder in (fitted, fitted / "artifact", fitted / "checkpoint")
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "inputs", [None, [], "text", [{"body": "x"}], [{"text": 3}], [{"text": "x"}] * 1001]
)
def test_it_refuses_other_inputs(fitted: Path, inputs: object) -> None:
    with pytest.raises(Problem) as caught:
        inference.load(fitted).predict(inputs)  # type: ignore[arg-type]
    assert caught.value.code == "serving.inputs"


def test_a_folder_without_a_model_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        inference.load(tmp_path)
    assert caught.value.code == "artifact.missing"


def test_damaged_weights_are_a_problem(fitted: Path, tmp_path: Path) -> None:
    shutil.copytree(fitted / "artifact", tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(Problem) as caught:
        inference.load(tmp_path / "model")
    assert caught.value.code == "artifact.broken"


def test_verify_finds_the_same_answers(fitted: Path) -> None:
    found = inference.verify(fitted)
    assert (found.rows, found.labels_equal) == (12, True)
    assert found.max_difference < 1e-5


def test_verify_sees_a_changed_file(fitted: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(fitted, run)
    (run / "artifact" / "README.md").write_text("other")
    with pytest.raises(Problem) as caught:
        inference.verify(run)
    assert caught.value.code == "artifact.broken"


def test_verify_sees_other_weights(fitted: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from training.artifact import write_checksums

    run = tmp_path / "run"
    shutil.copytree(fitted, run)
    head = load_file(run / "artifact" / "head.safetensors")
    save_file({name: -value for name, value in head.items()}, run / "artifact" / "head.safetensors")
    write_checksums(run / "artifact")
    found = inference.verify(run)
    assert not found.labels_equal
    assert found.max_difference > inference.TOLERANCE


def test_a_file_in_another_encoding_is_labelled(fitted: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id;text\n1;caf\u00e9 invoice\n2;parcel d\u00e9j\u00e0\n", encoding="cp1252")
    assert inference.label_file(fitted, source, tmp_path / "out.csv") == 2
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ["caf\u00e9 invoice", "parcel d\u00e9j\u00e0"]


def test_a_file_without_the_column_leaves_nothing(fitted: Path, tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", [("1", "x")], ("id", "body"))
    with pytest.raises(Problem) as caught:
        inference.label_file(fitted, source, tmp_path / "out.csv")
    assert caught.value.code == "predict.file"
    assert not list(tmp_path.glob("*out*"))


def test_evaluate_scores_new_rows(fitted: Path, tmp_path: Path) -> None:
    rows = [*rows_of(30, seed=4), ("a bill", "unheard of")]
    test = write_csv(tmp_path / "test.csv", rows, ("body", "class"))
    report = inference.evaluate(fitted, test, {"text": "body", "label": "class"})
    assert report.test_rows == 31
    assert 0.3 < report.metrics["accuracy"] < 1
    assert set(report.metrics["per_label"]) == {"billing", "login", "parcel"}


def test_evaluate_names_a_missing_column(fitted: Path, tmp_path: Path) -> None:
    test = write_csv(tmp_path / "test.csv", [("x", "y")], ("body", "class"))
    with pytest.raises(Problem) as caught:
        inference.evaluate(fitted, test)
    assert caught.value.code == "column.missing"
