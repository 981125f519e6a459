"""Finding the texts that belong to a text: which are asked for, and how well words and models find them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.warm import Warm
from training import inference
from training.fit import fit
from training.problems import Problem
from training.spec import from_dict
from training.tasks import searching
from training.tasks.shape import Row

LABELS = {"objective": "single", "labels": ["different", "same"], "together": "same"}
SCORES = {"objective": "score", "labels": [], "range": [0.0, 4.0]}
WORDS = {"parcel": "parcel courier door", "login": "password account email"}


def row(first: str, second: str, label: str = "same") -> Row:
    return Row(0, "", 0, {"text_a": first, "text_b": second, "label": label, "score": label})


PAIRS = [row("a", "A"), row("a", "B", "different"), row("b", "B"), row("c", "A", "different")]


def test_only_texts_to_which_something_belongs_are_looked_up() -> None:
    found = searching.asked(PAIRS, LABELS)
    assert found == searching.Asked([0, 2], [{0}, {1}], [0, 1])


def test_a_text_of_several_rows_is_looked_up_once() -> None:
    found = searching.asked([row("a", "A"), row("a", "B"), row("b", "A")], LABELS)
    assert found.wanted == [{0, 1}, {0}]


def test_no_more_texts_than_so_many() -> None:
    many = [row(f"a{number}", f"b{number}") for number in range(20)]
    assert len(searching.asked(many, LABELS, 7).candidates) == 7


def test_high_scores_belong_together() -> None:
    scored = [row("a", "A", "3"), row("a", "B", "2.9"), row("b", "C", "4"), row("c", "D", "0")]
    assert searching.asked(scored, SCORES).wanted == [{0}, {2}]


@pytest.mark.parametrize(
    ("labels", "together"),
    [
        (("0", "1"), "1"),
        (("no", "Yes"), "Yes"),
        (("不同", "相同"), "相同"),
        (("x", "apart"), "x"),  # no name that is known: the texts tell
    ],
)
def test_which_label_is_together(labels: tuple[str, str], together: str) -> None:
    other = next(label for label in labels if label != together)
    rows = [row("where is my parcel", "my parcel is where", together), row("door", "email", other)]
    assert searching.which(rows) == {"together": together}


@pytest.mark.parametrize("labels", [("a",), ("a", "b", "c")])
def test_only_one_of_two_labels_is_together(labels: Sequence[str]) -> None:
    assert searching.which([row("a", "b", label) for label in labels]) == {}


def reader(right: Mapping[str, str]) -> Callable[[Sequence[Mapping[str, str]]], Any]:
    """A model that is sure of these pairs."""

    def read(records: Sequence[Mapping[str, str]]) -> Any:
        yes = [right.get(one["text_a"]) == one["text_b"] for one in records]
        return np.array([[0.1, 0.9] if one else [0.9, 0.1] for one in yes])

    return read


def test_a_model_that_reads_both_is_asked_every_pair() -> None:
    found = searching.by_reading(PAIRS, reader({"a": "A", "b": "B"}), LABELS)
    assert found["ranking"]["recall_at_1"] == 1.0
    assert (found["ranking"]["queries"], found["ranking"]["candidates"]) == (2, 2)


def test_not_more_pairs_are_read_than_so_many() -> None:
    asked: list[int] = []
    many = [row(f"a{number}", f"b{number}") for number in range(3000)]
    read = reader({})
    searching.by_reading(
        many, lambda records: (asked.append(len(records)), read(records))[1], LABELS
    )
    assert asked == [searching.PAIRS]


def test_fewer_pairs_are_read_of_long_texts() -> None:
    asked: list[int] = []
    many = [row(f"{number} {'a' * 3000}", f"{number} {'b' * 3000}") for number in range(60)]
    read = reader({})
    searching.by_reading(
        many, lambda records: (asked.append(len(records)), read(records))[1], LABELS
    )
    assert asked == [searching.CANDIDATES]  # one query, with each candidate


def test_words_alone_find_what_has_words_in_common() -> None:
    rows = [row("my parcel", "a parcel"), row("the password", "password lost")]
    found = searching.by_reading(rows, reader({}), LABELS)
    assert found["ranking"]["recall_at_1"] == 0.0
    assert found["ranking_by_words"]["recall_at_1"] == 1.0


def test_without_a_label_for_together_nothing_is_searched() -> None:
    about = {"objective": "single", "labels": ["a", "b", "c"]}
    assert searching.by_reading(PAIRS, reader({}), about) == {}


@pytest.mark.parametrize("about", [LABELS, SCORES])
def test_where_nothing_belongs_together_nothing_is_found(about: dict[str, Any]) -> None:
    rows = [row("a", "b", "different" if about is LABELS else "0")]
    assert searching.by_reading(rows, reader({}), about)["ranking"]["queries"] == 0


# --- a fine-tune that reads both texts ---


@pytest.fixture(scope="module", params=["label", "score"])
def made(
    request: pytest.FixtureRequest, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any]:
    """(folder of a run, its report)"""
    folder, kind = tmp_path_factory.mktemp("run"), request.param
    lines = [["text_a", "text_b", kind]]
    for number in range(90):
        one, other = list(WORDS)[number % 2], list(WORDS)[number // 2 % 2]
        value = {"label": ("different", "same"), "score": ("0.5", "3.5")}[kind][one == other]
        lines.append([f"{WORDS[one]} {number}", f"{number} {WORDS[other]}", value])
    write(folder / "train.csv", lines)
    given = {"task": "text-matching", "train": str(folder / "train.csv")}
    given |= {"columns": {role: role for role in lines[0]}, "base_folder": str(tiny_base)}
    settings = {"epochs": 1, "precision": "fp32", "matching": "cross"}
    return folder, list(fit(from_dict({**given, "settings": settings}), folder))[-1]


def write(path: Path, lines: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def test_searching_is_scored(made: tuple[Path, Any]) -> None:
    _folder, report = made
    assert report.metrics["ranking"].keys() == report.metrics["ranking_by_words"].keys()
    assert 0 < report.metrics["ranking"]["queries"] <= report.metrics["ranking"]["candidates"]


def test_a_list_is_ranked_as_its_pairs_are_answered(made: tuple[Path, Any]) -> None:
    predictor, texts = inference.load(made[0]), ["my parcel", "the password", "包裹在哪里"]
    (found,) = predictor.predict([{"text_a": "courier", "candidates": texts, "most": 2}])
    pairs = predictor.predict([{"text_a": "courier", "text_b": text} for text in texts])
    name = "score" if "score" in pairs[0] else "probability"
    values = [pair["score"] if name == "score" else pair["probabilities"]["same"] for pair in pairs]
    assert [one[name] for one in found["nearest"]] == pytest.approx(
        sorted(values, reverse=True)[:2], abs=1e-5
    )
    assert all(one["text"] == texts[one["place"]] for one in found["nearest"])


def test_new_rows_are_searched_as_well(made: tuple[Path, Any]) -> None:
    folder, _report = made
    assert inference.evaluate(folder, folder / "train.csv", {}).metrics["ranking"]["queries"] > 0


@pytest.mark.parametrize("alone", [False, True])
def test_a_file_gets_the_nearest_of_a_list(made: tuple[Path, Any], alone: bool, warm: Warm) -> None:
    """From the command line, and by the program of the artifact, which stands alone."""
    folder, _report = made
    write(folder / "in.csv", [["text_a"], ["my parcel"], ["email"]])
    write(folder / "list.csv", [["any"], ["the door"], ["password"], [""], ["the door"]])
    program = [str(folder / "artifact" / "predict.py")]
    command = program if alone else ["-m", "training", "predict", str(folder)]
    paths = [str(folder / "in.csv"), str(folder / "out.csv"), "--list", str(folder / "list.csv")]
    ended = warm.run([*command, *paths, "--most", "5"], cwd=folder)
    assert ended.returncode == 0, ended.stderr
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    name = "score" if "score" in head[2] else "probability"
    assert head == ["text_a", "nearest_1", f"{name}_1", "nearest_2", f"{name}_2"]
    assert {rows[0][1], rows[0][3]} == {"the door", "password"}


def test_a_list_without_a_text_is_refused(made: tuple[Path, Any]) -> None:
    folder, _report = made
    write(folder / "in.csv", [["text_a"], ["my parcel"]])
    write(folder / "empty.csv", [["any"], [" "]])
    with pytest.raises(Problem) as caught:
        inference.label_file(
            folder, folder / "in.csv", folder / "out.csv", among=folder / "empty.csv"
        )
    assert caught.value.code == "predict.file"
