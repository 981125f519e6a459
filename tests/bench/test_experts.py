"""The grid of the stock Trainer beside ours, with a base of a few thousand weights."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.experts import command, encoders, sets
from tests.training.conftest import rows_of, tiny_base
from training import catalogue

__all__ = ["tiny_base"]
POINT = {"learning_rate": 1e-3, "epochs": 1, "batch_size": 16}
WORDS = ["parcel", "invoice", "the", "my", "was", "late", "please"]


def made(name: str, seed: int) -> list[list[str]]:
    """Rows of a set, its columns in order."""
    draw = random.Random(seed)
    if name in ("text-classification", "text-matching"):
        return [list(row) for row in rows_of(30, seed)]
    if name == "several-labels":
        return [[text, f"{label}|other"] for text, label in rows_of(24, seed)] + [
            [text, "other"] for text, _ in rows_of(6, seed + 50)
        ]
    texts = [" ".join(draw.choices(WORDS, k=5)) + " invoice" for _ in range(30)]
    start = [len(text) - len("invoice") for text in texts]
    if name == "ner":
        spans = [[[at, at + len("invoice"), "thing"]] for at in start]
        return [[text, json.dumps(own)] for text, own in zip(texts, spans, strict=True)]
    if name == "question-answering":
        return [[t, "what is it", "invoice", str(at)] for t, at in zip(texts, start, strict=True)]
    return [
        [text, "0", "2", str(at), str(at + 7), draw.choice(["A(e1,e2)", "A(e2,e1)"])]
        for text, at in zip(texts, start, strict=True)
    ]


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def asked(tmp_path: Path, tiny_base: Path) -> Any:
    def ask(name: str) -> dict[str, Any]:
        chosen = sets.SETS[name]
        header = ("text", "label") if name == "text-matching" else chosen.columns
        for number, split in enumerate(sets.SPLITS):
            rows = made(name, number + 1)
            write(tmp_path / f"{chosen.file}_{split}.csv", header, rows)
        version = sets.version(chosen, tmp_path, tmp_path)
        columns = {column: column for column in chosen.columns}
        given = {"task": chosen.task, "version": str(version), "base": str(tiny_base)}
        return {**given, "columns": columns, "point": POINT}

    return ask


ENCODERS = [name for name, chosen in sets.SETS.items() if chosen.base == catalogue.DEFAULT]


@pytest.mark.parametrize(
    "name", [one for one in ENCODERS if one == sets.SETS[one].task or sets.SETS[one].variant]
)
def test_an_expert_trains_and_is_scored_as_ours_is(asked: Any, name: str) -> None:
    from bench.experts import one

    given = asked(name)
    expert = one.main({**given, "by": "expert"})
    ours = one.main({**given, "by": "ours", "settings": {"epochs": 1}})
    assert expert["test"].keys() == ours["test"].keys() >= {expert["main"]}
    assert expert["main"] == ours["main"]
    assert all(0 <= value <= 1 for value in (*expert["test"].values(), *ours["test"].values()))


def test_test_rows_are_scored_only_of_a_better_point(asked: Any) -> None:
    from bench.experts import one

    found = one.main({**asked("text-classification"), "by": "expert", "least": 1.0})
    assert "test" not in found


def test_tags_are_read_as_seqeval_reads_them() -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    draw = random.Random(1)
    for _ in range(200):
        tags = draw.choices(["O", "B-a", "I-a", "B-b", "I-b"], k=8)
        found = encoders.chunks(tags, [(place, place + 1) for place in range(8)])
        wanted = [(start, end + 1, name) for name, start, end in seqeval.get_entities(tags)]
        assert sorted(found) == sorted(wanted)


def test_a_pair_is_of_one_label_or_of_two() -> None:
    labels = {"a": "1", "b": "1", "c": "2", "d": "2"}
    rows = sets.pairs(list(labels.items()), random.Random(1), 4)
    assert [label for _, _, label in rows] == ["same", "different"] * 2
    assert all((labels[a] == labels[b]) == (label == "same") for a, b, label in rows)
    assert all(a != b for a, b, _ in rows)


def test_a_difference_is_in_points() -> None:
    sides = [{"main": "f1", "setting": {}, "seconds": 1, "test": {"f1": f1}} for f1 in (0.5, 0.52)]
    found = command.summed("ner", sets.SETS["ner"], *sides)
    assert found["difference_points"] == 2.0
    assert found["figure"] == "f1"
    sides = [{"main": "bleu", "setting": {}, "seconds": 1, "test": {"bleu": b}} for b in (30, 29.5)]
    assert (
        command.summed("translation", sets.SETS["translation"], *sides)["difference_points"] == -0.5
    )


def test_a_result_that_is_there_is_not_trained_again(tmp_path: Path) -> None:
    (tmp_path / "ours.json").write_text('{"test": {}}')
    assert command.Trainings(tmp_path, None).result("ours", {}) == {"test": {}}


def test_the_mean_over_seeds_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []

    def result(_: Any, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        trained.append((name, asked.get("seed"), asked["point"].get("seed")))
        return {"test": {"f1": 0.1 * asked["seed"]}}

    monkeypatch.setattr(command.Trainings, "result", result)
    asked = {"by": "expert", "point": dict(POINT)}
    first = {"test": {"f1": 1.3}, "setting": POINT}
    found = command.Trainings(tmp_path, None).repeated("winner", asked, 3, first)
    assert trained == [("winner-14", 14, 14), ("winner-15", 15, 15)]
    assert found["test"] == {"f1": pytest.approx(1.4)}
    assert [one["f1"] for one in found["seeds"]] == pytest.approx([1.3, 1.4, 1.5])


@pytest.mark.parametrize(
    ("points", "rows", "sizes"), [(6, 770, {16}), (6, 1000, {32}), (12, 770, {16, 32})]
)
def test_the_best_point_on_validation_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: int, rows: int, sizes: set[int]
) -> None:
    tried: dict[str, dict[str, Any]] = {}

    def result(_: Any, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        point = tried[name] = asked["point"]
        score = point["epochs"] * point["learning_rate"] * (2 if point["batch_size"] == 32 else 1)
        return {"main": "f1", "valid": {"f1": score}, "setting": point, "seconds": 2.0}

    monkeypatch.setattr(command.Trainings, "result", result)
    chosen = replace(sets.SETS["sst2"], rows=(rows, 1, 1))
    best = command.winner(chosen, command.Trainings(tmp_path, None), {}, points)
    assert len(tried) == points  # each under a name of its own
    assert {point["batch_size"] for point in tried.values()} == sizes
    assert best["setting"] == {"learning_rate": 1e-4, "epochs": 6, "batch_size": max(sizes)}
    assert best["grid_seconds"] == 2.0 * points


def files_of(folder: Path, *names: str) -> None:
    """18 rows each, whose texts begin with the name of their file."""
    for name in names:
        lines = [f"{name} text {label} {n},{label}" for n in range(9) for label in ("no", "yes")]
        (folder / f"{name}.csv").write_text("\n".join(["text,label", *lines]))


def test_a_set_may_have_its_training_rows_elsewhere(tmp_path: Path) -> None:
    files_of(tmp_path, "a_train", "b_train", "a_valid", "a_test")
    chosen = sets.Set("text-classification", "a", ("text", "label"), (18, 18, 18), train="b")
    folder = tmp_path / "version"
    folder.mkdir()
    sets.version(chosen, tmp_path, folder)
    assert (folder / "train.csv").read_text().count("b_train") == 18
    assert (folder / "test.csv").read_text().count("a_test") == 18


def test_training_rows_that_are_not_taken_may_be_test_rows(tmp_path: Path) -> None:
    files_of(tmp_path, "a_train", "a_valid", "a_test")
    chosen = sets.Set("text-classification", "a", ("text", "label"), (10, 18, 18), rest=True)
    folder = tmp_path / "version"
    folder.mkdir()
    sets.version(chosen, tmp_path, folder)
    trained, tested = ((folder / f"{name}.csv").read_text() for name in ("train", "test"))
    assert (tested.count("a_test"), tested.count("a_train")) == (18, 8)
    assert not {*trained.splitlines()[1:]} & {*tested.splitlines()}
