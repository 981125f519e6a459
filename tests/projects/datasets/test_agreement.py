"""Agreement of annotators: the published examples, and what is shown of our rows."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from projects.datasets import agreement, annotating
from projects.datasets.models import DatasetVersion

from .test_version import url

# Fleiss (1971) as retold in textbooks: ten subjects, 14 raters, five categories.
COUNTS = (
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
)
# Krippendorff's example of three coders who left units out.
CODERS = ("*****3412113 3*3", "1*2133 43*******", "**2134 4*2113 3*4")


def test_cohen() -> None:
    """Of 50 proposals, 20 times both say yes and 15 times both say no (the usual example)."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert agreement.cohen(pairs) == pytest.approx(0.4)


def test_fleiss() -> None:
    rows = [[str(n) for n, count in enumerate(row) for _ in range(count)] for row in COUNTS]
    assert agreement.fleiss(rows) == pytest.approx(0.210, abs=0.0005)


def test_krippendorff() -> None:
    said = [coder.replace(" ", "") for coder in CODERS]
    units = [
        {name: coder[n] for name, coder in enumerate(said) if coder[n] != "*"} for n in range(15)
    ]
    assert agreement.krippendorff([unit for unit in units if len(unit) > 1]) == pytest.approx(
        0.691, abs=0.0005
    )


def test_one_answer_everywhere_measures_nothing() -> None:
    assert agreement.cohen([("a", "a")]) is None
    assert agreement.fleiss([["a", "a"]]) is None
    assert agreement.krippendorff([]) is None


def test_rows_of_one_person_are_left_out(
    version: DatasetVersion, alice: User, bob: User, alice_client: Client
) -> None:
    said = {0: ("refund", "refund"), 1: ("billing", "delivery"), 2: ("delivery", "delivery")}
    for row, labels in said.items():
        for user, label in zip((alice, bob), labels, strict=True):
            annotating.save(
                version=version, user=user, row=row, kind="set", values={"label": label}
            )
    annotating.save(version=version, user=alice, row=3, kind="drop")
    found = agreement.measured(version)
    assert (found.rows, found.people, found.fleiss_raters) == (3, 2, 2)
    assert found.pairs[0].rows == 3
    assert found.pairs[0].same == pytest.approx(2 / 3)
    page = alice_client.get(url(version) + "agreement/").content.decode()
    assert "alice@example.org · bob@example.org" in page
    assert "message number 1 " in page
    assert "message number 0 " not in page


def test_nothing_twice(version: DatasetVersion, alice_client: Client) -> None:
    page = alice_client.get(url(version) + "agreement/").content.decode()
    assert "No row was answered twice yet" in page
