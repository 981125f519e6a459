"""Relations: the official scorer of SemEval-2010 task 8, where it is there, and the same counted by hand."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import scoring
from training.scoring.relation import undirected

HOME = Path(os.environ.get("ATTUNE_REAL_DATA") or Path(__file__).parents[2].parent / "shared")
DATA = (HOME / "data" if (HOME / "data").is_dir() else HOME) / "relation"
SCORER = DATA / "original" / "semeval2010_task8_scorer-v1.2.pl"
NAMES = (
    "Cause-Effect", "Component-Whole", "Content-Container", "Entity-Destination", "Entity-Origin",
    "Instrument-Agency", "Member-Collection", "Message-Topic", "Product-Producer",
)  # fmt: skip
LABELS = [f"{name}({ends})" for name in NAMES for ends in ("e1,e2", "e2,e1")] + ["Other"]
ROWS = st.lists(st.tuples(st.integers(-1, 18), st.integers(0, 18)), max_size=40)


def official(true: list[int], predicted: list[int], folder: Path) -> dict[str, float]:
    for name, rows in (("true", true), ("predicted", predicted)):
        lines = [f"{place}\t{LABELS[row]}\n" for place, row in enumerate(rows)]
        (folder / name).write_text("".join(lines), encoding="utf-8")
    command = ["perl", str(SCORER), str(folder / "predicted"), str(folder / "true")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    micro = re.findall(r"Micro-averaged.*\n.*F1 =\s+([\d.]+)%", said)
    last = re.search(r"macro-averaged F1 = ([\d.]+)%", said)
    assert last
    return {"official_f1": float(last[1]), "micro": float(micro[0])}


@pytest.mark.real_data
@pytest.mark.skipif(not SCORER.is_file(), reason=f"no official scorer in {DATA}")
@pytest.mark.skipif(not shutil.which("perl"), reason="perl is not installed")
@pytest.mark.parametrize("errors", [0.0, 0.1, 0.5, 1.0])
def test_it_is_the_official_score_to_the_last_digit(tmp_path: Path, errors: float) -> None:
    with (DATA / "semeval2010_task8_test.csv").open(encoding="utf-8", newline="") as file:
        true = [LABELS.index(row["label"]) for row in csv.DictReader(file)]
    generator = np.random.default_rng(int(errors * 10))
    for size in (len(true), 300, 12):
        right = true[:size]
        wrong = generator.random(size) < errors
        # Half of the errors only turn the relation around.
        turned = [row if row == 18 else row ^ 1 for row in right]
        chosen = np.where(generator.random(size) < 0.5, turned, generator.integers(0, 19, size))
        got = np.where(wrong, chosen, right).tolist()
        found, expected = scoring.relations(right, got, LABELS), official(right, got, tmp_path)
        assert f"{100 * found['official_f1']:.2f}" == f"{expected['official_f1']:.2f}"
        if set(right) == set(range(19)):  # theirs counts only predictions of what is in the key
            micro = found["without_other"]["micro"]["f1"]
            assert f"{100 * micro:.2f}" == f"{expected['micro']:.2f}"


def by_hand(true: list[int], predicted: list[int]) -> float:
    scores = []
    for name in NAMES:
        own = {place for place, label in enumerate(LABELS) if undirected(label) == name}
        wanted = sum(row in own for row in true)
        if not wanted:
            continue
        hits = sum(a == b and a in own for a, b in zip(true, predicted, strict=True))
        given = sum(row in own for row in predicted)
        scores.append(2 * hits / (given + wanted))
    return sum(scores) / len(scores) if scores else 0.0


@given(ROWS)
def test_it_is_what_is_counted_by_hand(rows: list[tuple[int, int]]) -> None:
    true, predicted = [a for a, _ in rows], [b for _, b in rows]
    found = scoring.relations(true, predicted, LABELS)
    json.dumps(found, allow_nan=False)
    assert found["official_f1"] == pytest.approx(by_hand(true, predicted))
    plain = scoring.classification(true, predicted, None, LABELS)
    assert {name: found[name] for name in plain} == plain
    expected = scoring.classification(*without_other(true, predicted), None, LABELS[:-1])
    if rows:
        assert found["without_other"]["macro"] == pytest.approx(expected["macro"])


def without_other(true: list[int], predicted: list[int]) -> tuple[list[int], list[int]]:
    """With -1 for 'Other', so that no label is 'Other'; -2, or two of them would be alike."""
    return [-1 if row == 18 else row for row in true], [
        -2 if row == 18 else row for row in predicted
    ]


def test_a_wrong_direction_is_counted_and_wrong() -> None:
    found = scoring.relations([0, 0, 18], [0, 1, 18], LABELS)
    assert found["direction_errors"] == 1
    assert found["official_f1"] == pytest.approx(0.5)
    assert found["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("none", ["Other", "no_relation", "NONE", "无关系"])
def test_without_directions_it_is_the_macro_f1_of_the_relations(none: str) -> None:
    found = scoring.relations([0, 0, 1, 2, 2], [0, 2, 1, 2, 0], ["出生地", "works_for", none])
    assert found["official_f1"] == found["without_other"]["macro"]["f1"] == pytest.approx(0.75)
    assert found["direction_errors"] == 0


@pytest.mark.parametrize("rows", [[], [(-1, 0)], [(18, 18)]])
def test_without_relations_it_is_zero(rows: list[tuple[int, int]]) -> None:
    found: Any = scoring.relations([a for a, _ in rows], [b for _, b in rows], LABELS)
    assert found["official_f1"] == found["without_other"]["micro"]["f1"] == 0.0
