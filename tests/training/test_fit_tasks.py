"""A fine-tune of each way in which data can be given, from a file to a model folder that answers by itself."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.warm import Warm
from training import inference
from training.events import Report, Scored, Started
from training.fit import fit
from training.spec import from_dict
from training.tasks import TASKS

WORDS = {
    "billing": ["invoice", "refund", "card", "payment"],
    "parcel": ["parcel", "courier", "door", "box"],
    "login": ["password", "account", "email", "code"],
}
COMMON = ["the", "my", "a", "is", "was", "it", "please", "help", "with", "to", "not", "and"]
Rows = Iterator[dict[str, str]]


def sentence(draw: random.Random, *labels: str) -> list[str]:
    words = draw.choices(COMMON, k=6) + [draw.choice(WORDS[label]) for label in labels]
    draw.shuffle(words)
    return words


def several(draw: random.Random) -> Rows:
    while True:
        labels = draw.sample(sorted(WORDS), draw.randint(0, 2))
        yield {"text": " ".join(sentence(draw, *labels)), "label": json.dumps(labels)}


def pairs(draw: random.Random) -> Rows:
    while True:
        first, second = draw.choice(list(WORDS)), draw.choice(list(WORDS))
        yield {
            "text_a": " ".join(sentence(draw, first)),
            "text_b": " ".join(sentence(draw, second)),
            "label": "same" if first == second else "different",
        }


def scores(draw: random.Random) -> Rows:
    for row in pairs(draw):
        score = draw.uniform(3, 5) if row.pop("label") == "same" else draw.uniform(1, 3)
        yield {**row, "score": f"{score:.2f}"}


def entities(draw: random.Random) -> Rows:
    while True:
        words = sentence(draw, "parcel", "billing")
        spans, at = [], 0
        for word in words:
            label = next((name for name, known in WORDS.items() if word in known), "")
            if label:
                spans.append([at, at + len(word), label])
            at += len(word) + 1
        yield {"text": " ".join(words), "entities": json.dumps(spans)}


def relations(draw: random.Random) -> Rows:
    while True:
        words = sentence(draw)
        head, tail = draw.choice(WORDS["parcel"]), draw.choice(WORDS["billing"])
        turned = draw.random() < 0.5
        marked = [f"<e1>{head}</e1>", f"<e2>{tail}</e2>"]
        words[3:3] = reversed(marked) if turned else marked
        yield {"text": " ".join(words), "label": f"Before({'e2,e1' if turned else 'e1,e2'})"}


def questions(draw: random.Random) -> Rows:
    while True:
        words = sentence(draw, "parcel", "login")
        place = next(n for n, word in enumerate(words) if word in WORDS["login"])
        row = {"context": " ".join(words), "question": "what is my account"}
        yield {**row, "answer_text": words[place] if draw.random() < 0.8 else ""}


MADE: dict[tuple[str, str], Callable[[random.Random], Rows]] = {
    ("text-classification", "multi"): several,
    ("text-matching", "label"): pairs,
    ("text-matching", "score"): scores,
    ("ner", "spans"): entities,
    ("relation-extraction", "markers"): relations,
    ("question-answering", "extractive"): questions,
}
EVERY = pytest.mark.parametrize(("task", "variant"), MADE, ids=lambda item: str(item))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def made(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """(task, variant) -> (folder of its run, its events); each is fitted once."""
    known: dict[tuple[str, str], tuple[Path, list[Any]]] = {}

    def get(task: str, variant: str) -> tuple[Path, list[Any]]:
        if (task, variant) not in known:
            folder = tmp_path_factory.mktemp("run")
            rows = islice(MADE[task, variant](random.Random(1)), 90)
            found = {tuple(row.values()): row for row in rows}
            train = write(folder / "train.csv", list(found.values()))
            given = {
                "task": task,
                "train": str(train),
                "columns": {role: role for role in next(iter(found.values()))},
                "base_folder": str(tiny_base),
                "settings": {"epochs": 2, "learning_rate": 1e-3, "precision": "fp32"},
                "effort": "quick",
            }
            known[task, variant] = folder, list(fit(from_dict(given), folder))
        return known[task, variant]

    return get


@EVERY
def test_it_ends_with_a_report(made: Any, task: str, variant: str) -> None:
    _folder, events = made(task, variant)
    report = events[-1]
    assert isinstance(report, Report)
    stored = TASKS[task].variant(variant).stored or variant
    learner = TASKS[task].variant(stored).learner
    assert report.details["variant"] == stored
    assert learner.figures(report.metrics).keys() == learner.summary.keys()
    assert report.baselines
    assert report.details["verdict"]["code"] in ("gain", "same", "worse")
    bounds = report.details["intervals"]
    assert bounds.keys() == {"model", *report.baselines}
    assert all(item["low"] <= item["mean"] <= item["high"] for item in bounds.values())


@EVERY
def test_every_epoch_has_the_figures_that_were_named(made: Any, task: str, variant: str) -> None:
    _folder, events = made(task, variant)
    started = next(event for event in events if isinstance(event, Started))
    scored = [event for event in events if isinstance(event, Scored)]
    assert len(scored) == 3
    assert all(tuple(event.metrics) == started.figures for event in scored)
    assert all(event.valid_loss is not None for event in scored)


@EVERY
def test_the_saved_model_answers_as_the_run_did(made: Any, task: str, variant: str) -> None:
    folder, _events = made(task, variant)
    found = inference.verify(folder)
    assert found.labels_equal
    assert found.max_difference < 1e-5


@EVERY
def test_every_test_row_is_kept_with_its_answer(made: Any, task: str, variant: str) -> None:
    folder, events = made(task, variant)
    kept = pq.read_table(folder / "predictions.parquet").to_pylist()
    assert len(kept) == events[-1].test_rows
    assert all(0 <= row["score"] <= 1 and row["text"] for row in kept)


@EVERY
def test_new_rows_are_scored(made: Any, task: str, variant: str) -> None:
    folder, _events = made(task, variant)
    found = inference.evaluate(folder, folder / "train.csv", {})
    assert found.test_rows > 60


@EVERY
def test_the_program_of_the_artifact_stands_alone(
    made: Any, task: str, variant: str, warm: Warm
) -> None:
    folder, _events = made(task, variant)
    kept = pq.read_table(folder / "predictions.parquet").slice(0, 5)
    rows = [json.loads(text) for text in kept["inputs"].to_pylist()]
    write(folder / "in.csv", rows)
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [folder / "artifact" / "predict.py", "in.csv", "out.csv"]
    ended = warm.run(command, cwd=folder, env=clean)
    assert ended.returncode == 0, ended.stderr
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        answered = list(csv.DictReader(file))
    assert len(answered) == 5
    assert len(answered[0]) > len(rows[0])


def test_the_same_seed_gives_the_same_report(made: Any, tiny_base: Path, tmp_path: Path) -> None:
    folder, events = made("ner", "spans")
    again = list(fit(from_dict({**_spec(folder), "base_folder": str(tiny_base)}), tmp_path))
    assert again[-1].metrics == events[-1].metrics


def _spec(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    return {name: value for name, value in found.items() if name != "base"}
