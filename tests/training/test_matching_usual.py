"""How two texts are read where nobody chose it: by the number of rows and labels, and by the base."""

from __future__ import annotations

import pytest

from training import catalogue
from training.tasks import TASKS
from training.tasks.shape import Row
from training.tasks.text_matching import FEW

LABEL, SCORE = (TASKS["text-matching"].variant(name) for name in ("label", "score"))


def rows(count: int, labels: str = "ab") -> list[Row]:
    return [
        Row(number, "", 0, {"label": labels[number % len(labels)], "score": "1"})
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "labels", "compares", "expected"),
    [
        (FEW - 1, "ab", True, "bi"),
        (FEW, "ab", True, "cross"),
        (100, "abc", True, "cross"),
        (100, "ab", False, "cross"),
    ],
)
def test_few_pairs_of_two_labels_are_read_each_by_itself(
    count: int, labels: str, compares: bool, expected: str
) -> None:
    found = LABEL.settled({"epochs": 2, "matching": "auto"}, rows(count, labels), compares)
    assert found == {"epochs": 2, "matching": expected}


def test_scores_are_read_together() -> None:
    assert SCORE.settled({}, rows(10), True) == {"matching": "cross"}


@pytest.mark.parametrize("chosen", ["cross", "bi"])
def test_what_is_chosen_stays(chosen: str) -> None:
    assert LABEL.settled({"matching": chosen}, rows(10), True) == {"matching": chosen}


def test_other_tasks_have_nothing_to_choose() -> None:
    single = TASKS["text-classification"].variants[0]
    assert single.settled({"epochs": 2}, rows(10), True) == {"epochs": 2}


def test_the_usual_bases_were_made_to_compare_texts() -> None:
    assert catalogue.BASES[catalogue.default_for("text-matching", "label")].compares
    assert not catalogue.BASES["roberta-base"].compares
