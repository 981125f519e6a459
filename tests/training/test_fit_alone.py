"""A fine-tune that reads two texts each by itself: from a file to a model that also searches lists."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.warm import Warm
from training import inference
from training.events import Scored
from training.fit import fit
from training.problems import Problem
from training.spec import from_dict

WORDS = {"parcel": ["parcel", "courier", "door"], "login": ["password", "account", "email"]}
COMMON = ["the", "my", "a", "is", "was", "it", "please", "help", "with", "to"]
KINDS = pytest.mark.parametrize("kind", ["label", "score"])


def sentence(draw: random.Random, topic: str) -> str:
    words = draw.choices(COMMON, k=3) + draw.choices(WORDS[topic], k=2)
    draw.shuffle(words)
    return " ".join(words)


def pairs(kind: str, labels: tuple[str, ...] = ("same", "different")) -> list[dict[str, str]]:
    draw, rows = random.Random(1), {}
    for _number in range(160):
        one, other = draw.choice(list(WORDS)), draw.choice(list(WORDS))
        first, second = sentence(draw, one), sentence(draw, other)
        label = labels[one != other] if len(labels) == 2 else draw.choice(labels)
        value = label if kind == "label" else f"{draw.uniform(0, 2) + 3 * (one == other):.2f}"
        rows[first, second] = {"text_a": first, "text_b": second, kind: value}
    return list(rows.values())


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def spec(base: Path, folder: Path, rows: list[dict[str, str]], **settings: Any) -> Any:
    given = {"epochs": 8, "learning_rate": 2e-3, "precision": "fp32", "matching": "bi", **settings}
    return from_dict(
        {
            "task": "text-matching",
            "train": str(write(folder / "train.csv", rows)),
            "columns": {role: role for role in rows[0]},
            "base_folder": str(base),
            "settings": given,
        }
    )


@pytest.fixture(scope="module")
def made(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """kind -> (folder of its run, its events); each is fitted once."""
    known: dict[str, tuple[Path, list[Any]]] = {}

    def get(kind: str) -> tuple[Path, list[Any]]:
        if kind not in known:
            folder = tmp_path_factory.mktemp("run")
            known[kind] = folder, list(fit(spec(tiny_base, folder, pairs(kind)), folder))
        return known[kind]

    return get


@KINDS
def test_it_is_said_how_the_texts_are_read(made: Any, kind: str) -> None:
    _folder, events = made(kind)
    details = events[-1].details
    assert details["head"] == "pair"
    assert details["settings"]["matching"] == "bi"
    assert "dropout" not in details["settings"]


@KINDS
def test_every_epoch_has_a_loss_and_figures(made: Any, kind: str) -> None:
    _folder, events = made(kind)
    scored = [event for event in events if isinstance(event, Scored)]
    assert len(scored) > 2
    assert all(event.valid_loss is not None and event.metrics for event in scored)
    assert scored[-1].train_loss < scored[1].train_loss


def test_texts_of_one_topic_come_to_lie_together(made: Any) -> None:
    _folder, events = made("label")
    report = events[-1]
    assert report.metrics["binary"]["roc_auc"] > 0.9
    assert set(report.baselines) == {"majority", "tfidf", "base"}


def test_searching_is_scored_before_and_after(made: Any) -> None:
    _folder, events = made("label")
    after, before = (
        found["ranking"] for found in (events[-1].metrics, events[-1].baselines["base"])
    )
    assert after.keys() == before.keys() >= {"recall_at_5", "mrr", "ndcg_at_10"}
    assert 0 < after["queries"] <= after["candidates"]


@KINDS
def test_the_saved_model_answers_as_the_run_did(made: Any, kind: str) -> None:
    folder, _events = made(kind)
    found = inference.verify(folder)
    assert found.labels_equal
    assert found.max_difference < 1e-5


@KINDS
def test_new_rows_are_scored(made: Any, kind: str) -> None:
    folder, _events = made(kind)
    assert inference.evaluate(folder, folder / "train.csv", {}).test_rows > 60


@KINDS
def test_the_nearest_of_a_list_come_first(made: Any, kind: str) -> None:
    folder, _events = made(kind)
    texts = ["my parcel", "the password", "courier door parcel", "email account"]
    asked = {"text_a": "parcel courier", "candidates": texts, "most": 3}
    (answer,) = inference.load(folder).predict([asked])
    found = answer["nearest"]
    assert [item["text"] for item in found] == [texts[item["place"]] for item in found]
    alike = [item["similarity"] for item in found]
    assert alike == sorted(alike, reverse=True)
    assert len(found) == 3
    assert ("probability" if kind == "label" else "score") in found[0]


def test_a_pair_and_a_search_agree(made: Any) -> None:
    folder, _events = made("label")
    predictor = inference.load(folder)
    (whole,) = predictor.predict([{"text_a": "my parcel", "text_b": "the door"}])
    (search,) = predictor.predict([{"text_a": "my parcel", "candidates": ["the door"]}])
    share = whole["probabilities"]["same"]
    assert search["nearest"][0]["probability"] == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize(
    "asked",
    [
        {"candidates": ["a"]},
        {"text_a": "a", "candidates": "b"},
        {"text_a": "a", "candidates": [1]},
        {"text_a": "a", "candidates": ["b"], "most": 0},
        {"text_a": "a", "candidates": ["b"] * inference.MOST},
    ],
)
def test_a_search_that_is_none_is_refused(made: Any, asked: dict[str, Any]) -> None:
    folder, _events = made("label")
    with pytest.raises(Problem) as caught:
        inference.load(folder).predict([asked])
    assert caught.value.code == "serving.inputs"


@pytest.mark.parametrize("extra", [[], ["--list", "list.csv", "--most", "2"]])
def test_the_program_of_the_artifact_stands_alone(made: Any, extra: list[str], warm: Warm) -> None:
    folder, _events = made("label")
    write(folder / "in.csv", [{"text_a": "my parcel", "text_b": "the door"}])
    write(folder / "list.csv", [{"any": text} for text in ("the door", "email", "a door", "email")])
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    program = folder / "artifact" / "predict.py"
    ended = warm.run([program, "in.csv", "out.csv", *extra], cwd=folder, env=clean)
    assert ended.returncode == 0, ended.stderr
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    if extra:
        assert list(row)[2:] == ["nearest_1", "similarity_1", "nearest_2", "similarity_2"]
        assert float(row["similarity_1"]) >= float(row["similarity_2"])
    else:
        assert row["predicted"] in ("same", "different")


def test_more_than_two_labels_are_refused(tiny_base: Path, tmp_path: Path) -> None:
    rows = pairs("label", ("yes", "no", "perhaps"))
    with pytest.raises(Problem) as caught:
        list(fit(spec(tiny_base, tmp_path, rows), tmp_path))
    assert caught.value.code == "matching.labels"


def test_which_label_is_together_is_told_by_the_texts(tiny_base: Path, tmp_path: Path) -> None:
    rows = pairs("label", ("b", "a"))
    list(fit(spec(tiny_base, tmp_path, rows, epochs=1), tmp_path))
    assert inference.load(tmp_path).model.about["together"] == "b"


def test_few_rows_with_a_base_that_compares_are_read_each_by_itself(
    tiny_base: Path, tmp_path: Path
) -> None:
    """The site names the base and gives its folder as well."""
    wanted = spec(tiny_base, tmp_path, pairs("label"), epochs=1, matching="auto")
    events = list(fit(replace(wanted, base="minilm-l6"), tmp_path))
    assert events[-1].details["head"] == "pair"
    assert events[-1].details["settings"]["matching"] == "bi"


def test_without_the_setting_the_texts_are_read_together(tiny_base: Path, tmp_path: Path) -> None:
    rows = pairs("label")
    events = list(fit(spec(tiny_base, tmp_path, rows, epochs=1, matching="auto"), tmp_path))
    assert events[-1].details["head"] == "sequence"
    # One vector says too little of two texts for a model over it to be a good start.
    assert events[-1].details["settings"]["probe_head"] is False


def test_a_head_for_two_texts_starts_from_the_base_where_that_is_wanted(
    tiny_base: Path, tmp_path: Path
) -> None:
    wanted = spec(tiny_base, tmp_path, pairs("label"), epochs=1, matching="cross", probe_head=True)
    events = list(fit(wanted, tmp_path))
    assert events[-1].details["settings"]["probe_head"] is True
