"""What changed between two versions, told by places and by what stands in the rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from training import differ, version
from training.problems import Problem
from training.version import Stored

Row = tuple[str, int, str, str, str]  # file, line, split, text, label
ROWS: list[Row] = [("a.csv", n + 2, "train", f"text {n}", "ab"[n % 2]) for n in range(10)]
BY_HAND = ("", 0, "train", "typed in", "a")


def kept(path: Path, rows: Sequence[Row], roles: Sequence[str] = ("text", "label")) -> Path:
    stored = [
        Stored(n, file, line, split, dict(zip(roles, values, strict=True)))
        for n, (file, line, split, *values) in enumerate(rows)
    ]
    version.write(path, stored, roles)
    return path


@pytest.fixture
def compare(tmp_path: Path) -> Any:
    def compare(old: Sequence[Row], new: Sequence[Row], **options: Any) -> differ.Difference:
        a, b = kept(tmp_path / "a.parquet", old), kept(tmp_path / "b.parquet", new)
        return differ.compare(a, b, **options)

    return compare


def changed(row: Row, **values: Any) -> Row:
    names = ("file", "line", "split", "text", "label")
    return tuple({**dict(zip(names, row, strict=True)), **values}.values())  # type: ignore[return-value]


def texts(found: differ.Difference, kind: str) -> list[tuple[str | None, str | None]]:
    return [
        (pair.old and pair.old.values["text"], pair.new and pair.new.values["text"])
        for pair in found.rows[kind]
    ]


def test_the_same_rows_differ_in_nothing(compare: Any) -> None:
    found = compare(ROWS, ROWS)
    assert found.nothing
    assert found.counts == {"changed": 0, "added": 0, "dropped": 0, "moved": 0, "same": 10}


def test_it_tells_added_dropped_changed_and_moved(compare: Any) -> None:
    new = [*ROWS[1:], BY_HAND]
    new[0] = changed(new[0], label="c")
    new[1] = changed(new[1], split="test")
    new[2] = changed(new[2], text="another text")
    found = compare(ROWS, new)
    assert found.counts == {"changed": 2, "added": 1, "dropped": 1, "moved": 1, "same": 6}
    assert texts(found, "added") == [(None, "typed in")]
    assert texts(found, "dropped") == [("text 0", None)]
    assert texts(found, "changed") == [("text 1", "text 1"), ("text 3", "another text")]
    assert found.roles == {"text": 1, "label": 1}
    assert found.labels == {("b", "c"): 1}
    assert found.splits == {("train", "test"): 1}


def test_the_order_of_the_rows_does_not_matter(compare: Any) -> None:
    new = ROWS.copy()
    random.Random(1).shuffle(new)
    assert compare(ROWS, new).nothing


def test_lines_that_shifted_are_the_same_rows(compare: Any) -> None:
    """A line more at the top of the file, and one label corrected."""
    new = [changed(row, line=row[1] + 1) for row in ROWS]
    new[4] = changed(new[4], label="z")
    found = compare(ROWS, [("a.csv", 2, "train", "new on top", "a"), *new])
    assert found.counts == {"changed": 1, "added": 1, "dropped": 0, "moved": 0, "same": 9}
    assert found.labels == {("a", "z"): 1}


def test_another_file_with_the_same_rows_is_the_same(compare: Any) -> None:
    assert compare(ROWS, [changed(row, file="b.csv", line=row[1] * 7) for row in ROWS]).nothing


def test_rows_typed_in_are_told_by_their_text(compare: Any) -> None:
    other = changed(BY_HAND, text="typed in as well")
    found = compare([*ROWS, BY_HAND, other], [*ROWS, other, changed(BY_HAND, label="b")])
    assert found.counts["changed"] == 1
    assert texts(found, "changed") == [("typed in", "typed in")]
    assert found.counts["added"] == found.counts["dropped"] == 0


def test_copies_are_counted_one_by_one(compare: Any) -> None:
    copies = [changed(ROWS[0], line=line) for line in (50, 51, 52)]
    found = compare([*ROWS, *copies], [*ROWS, copies[1]])
    assert found.counts == {"changed": 0, "added": 0, "dropped": 2, "moved": 0, "same": 11}


def test_a_place_that_is_not_unique_is_not_believed(compare: Any) -> None:
    """Two files of one name: their lines stand there twice."""
    twice = [ROWS[0], changed(ROWS[0], text="of the other file", label="b")]
    found = compare(twice, [twice[1], changed(twice[0], text="quite another", label="c")])
    assert found.counts["same"] == 1
    assert found.counts["changed"] + found.counts["added"] == 1


def test_a_relabelled_label_is_counted_by_what_it_became(compare: Any) -> None:
    new = [changed(row, label="beta") if row[4] == "b" else row for row in ROWS]
    found = compare(ROWS, new, limit=2)
    assert found.labels == {("b", "beta"): 5}
    assert found.counts["changed"] == 5
    assert len(found.rows["changed"]) == 2


def test_of_another_task_all_rows_are_others(tmp_path: Path) -> None:
    a = kept(tmp_path / "a.parquet", ROWS)
    b = kept(tmp_path / "b.parquet", ROWS, ("source", "target"))
    found = differ.compare(a, b)
    assert (found.counts["dropped"], found.counts["added"], found.counts["same"]) == (10, 10, 0)


def test_an_empty_version_has_only_dropped_rows(compare: Any) -> None:
    found = compare(ROWS, [])
    assert found.counts["dropped"] == 10
    assert compare([], []).nothing


def test_a_damaged_file_is_said_so(tmp_path: Path) -> None:
    a = kept(tmp_path / "a.parquet", ROWS)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(Problem) as found:
        differ.compare(a, tmp_path / "b.parquet")
    assert found.value.code == "version.broken"


@pytest.mark.parametrize("seed", range(20))
def test_numbers_add_up(compare: Any, seed: int) -> None:
    """Whatever was changed: every old row is the same, changed, moved or dropped, and every new one likewise."""
    rng = random.Random(seed)
    old = [
        changed(rng.choice(ROWS), line=rng.randrange(12), split=rng.choice(["train", "test"]))
        for _ in range(30)
    ]
    new = [changed(row, label=rng.choice("abc"), text=rng.choice([row[3], "x"])) for row in old]
    new = rng.sample(new, 25) + [BY_HAND] * rng.randrange(3)
    found, back = compare(old, new), compare(new, old)
    both = len(old) - found.counts["dropped"]
    assert both == len(new) - found.counts["added"]
    assert (
        found.counts["same"] <= both <= sum(found.counts[k] for k in ("same", "changed", "moved"))
    )
    for kind, other in (("added", "dropped"), ("changed", "changed"), ("moved", "moved")):
        assert found.counts[kind] == back.counts[other]
