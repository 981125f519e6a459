"""What is wrong with the labels of a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from training import validation
from training.tasks.text_classification import TASK
from training.validation import Finding, Outcome, Source

GOOD = [(f"Where is my order number {n}?", "order") for n in range(25)]
GOOD += [(f"I want my money back for case {n}", "refund") for n in range(25)]
Check = Callable[..., Outcome]


def csv_of(rows: list[tuple[str, str]]) -> str:
    return "text,label\n" + "".join(f'"{text}","{label}"\n' for text, label in rows)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(
        train: str | bytes | list,
        columns: dict[str, str] | None = None,
        **others: str | bytes | list,
    ) -> Outcome:
        sources = []
        for split, content in {"train": train, **others}.items():
            content = csv_of(content) if isinstance(content, list) else content
            path = tmp_path / f"{split}.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            sources.append(Source(split, str(path), path.name))
        return validation.check(TASK, sources, columns or {"text": "text", "label": "label"})

    return run


def find(outcome: Outcome, code: str) -> Finding:
    return next(finding for finding in outcome.findings if finding.code == code)


def codes(outcome: Outcome) -> set[str]:
    """Without what is mentioned of all data as small as a test's."""
    return {finding.code for finding in outcome.findings} - {"label.modest"}


def places(outcome: Outcome, code: str) -> list[tuple[str, int]]:
    return [(place.file, place.line) for place in find(outcome, code).places]


def test_labels_with_few_rows(check: Check) -> None:
    rows = [*GOOD, ("one", "single")]
    rows += [(f"few {n}", "few") for n in range(9)] + [(f"thin {n}", "thin") for n in range(19)]
    outcome = check(rows)
    assert outcome.gate == "red"
    assert places(outcome, "label.single") == [("train.csv", 52)]
    assert find(outcome, "label.few").values == {"labels": [["few", 9]]}
    assert find(outcome, "label.thin").values == {"labels": [["thin", 19]]}
    assert find(outcome, "label.few").places[0].value == "few"


@pytest.mark.parametrize(
    ("rows", "code"), [(200, None), (300, "label.uneven"), (2600, "label.skewed")]
)
def test_uneven_labels(check: Check, rows: int, code: str | None) -> None:
    outcome = check([*GOOD, *((f"much {n}", "much") for n in range(rows))])
    assert codes(outcome) == ({code} if code else set())


@pytest.mark.parametrize(
    "other",
    ["Order", "order ", " order", "ｏｒｄｅｒ", "оrder", "or\u200bder", "ORDER", "order\u00a0"],
)
def test_labels_that_look_alike_are_named_and_not_merged(check: Check, other: str) -> None:
    outcome = check([*GOOD, *((f"other {n}", other) for n in range(25))])
    assert codes(outcome) == {"label.alike"}
    assert find(outcome, "label.alike").count == 2
    assert {place.value for place in find(outcome, "label.alike").places} == {"order", other}
    assert other in outcome.scan.labels


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0"), ("1", "01"), ("cafe\u0301", "café"), ("TRUE", "true")]
)
def test_other_ways_to_write_a_label(check: Check, one: str, other: str) -> None:
    rows = [(f"a {n}", one) for n in range(25)] + [(f"b {n}", other) for n in range(25)]
    assert codes(check(rows)) == {"label.alike"}


@pytest.mark.parametrize(
    ("one", "other"), [("1", "2"), ("pos", "neg"), ("a-b", "a+b"), ("好", "坏"), ("c", "c++")]
)
def test_labels_that_are_different(check: Check, one: str, other: str) -> None:
    rows = [(f"a {n}", one) for n in range(25)] + [(f"b {n}", other) for n in range(25)]
    assert codes(check(rows)) == set()


def test_labels_that_read_like_texts(check: Check) -> None:
    rows = [(f"a {n}", "long " * 60) for n in range(25)] + [(f"b {n}", "short") for n in range(25)]
    assert "label.long" in codes(check(rows))


def test_labels_below_fifty_rows_are_mentioned(check: Check) -> None:
    outcome = check(GOOD)
    assert find(outcome, "label.modest").severity == "info"
    assert find(outcome, "label.modest").values == {"labels": [["order", 25], ["refund", 25]]}


def test_shares_that_differ_between_files(check: Check) -> None:
    test = [(f"a test {n}", "order") for n in range(12)] + [("another test", "refund")]
    found = find(check(GOOD, test=test), "split.shares")
    assert found.values == {
        "split": "test",
        "points": 5,
        "labels": [["order", 42.3], ["refund", -42.3]],
    }


def test_a_label_that_the_test_lacks(check: Check) -> None:
    found = find(check(GOOD, test=[("a test", "order")]), "label.untested")
    assert found.values == {"labels": [["refund", 25]]}
