"""Changes to a version: a new one is written, and the older one stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training import edits, events, revise, version
from training.problems import Problem
from training.tasks import TASKS
from training.version import About, Stored

TASK = TASKS["text-classification"]
ABOUT = About("single", {"text": "Message", "label": "Topic"})


def stored(number: int, split: str = "train") -> Stored:
    label = "money" if number % 2 else "post"
    values = {"text": f"text number {number}", "label": label}
    return Stored(number, "a.csv", number + 2, split, values, {"note": str(number)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "old.parquet"
    splits = ["train"] * 8 + ["valid"] * 2 + ["test"] * 2
    with version.Writer(target, ["text", "label"], ["note"], ABOUT) as writer:
        for number, split in enumerate(splits):
            writer.add(stored(number, split))
    version.write_flags(target, {"row.duplicate": [3, 5], "leak.exact:test-train": [10]})
    return target


def revised(path: Path, *changes: dict[str, Any]) -> tuple[list[Stored], events.Checked]:
    out = path.parent / "new"
    last = [*revise.revise(TASK, path, changes, out=out)][-1]
    assert isinstance(last, events.Checked)
    return list(version.read(out / "version.parquet")), last


def test_no_change_gives_the_same_rows(path: Path) -> None:
    rows, checked = revised(path)
    assert rows == list(version.read(path))
    assert checked.splits == {"train": 8, "valid": 2, "test": 2}
    assert version.about(path.parent / "new" / "version.parquet") == ABOUT


def test_the_older_version_stays_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    revised(path, {"op": "drop", "rows": [0]}, {"op": "rename", "labels": ["post"], "to": "mail"})
    assert path.read_bytes() == before


def test_a_row_gets_other_values(path: Path) -> None:
    rows, _ = revised(path, {"op": "set", "row": 2, "values": {"label": "money"}})
    assert [row.values["label"] for row in rows[:4]] == ["post", "money", "money", "money"]
    assert (rows[2].file, rows[2].line) == ("a.csv", 4)


def test_rows_are_left_out_by_number_or_by_finding(path: Path) -> None:
    rows, _ = revised(path, {"op": "drop", "rows": [0]}, {"op": "drop", "finding": "row.duplicate"})
    assert [row.extra["note"] for row in rows] == ["1", "2", "4", "6", "7", "8", "9", "10", "11"]
    assert [row.row for row in rows] == list(range(9))


def test_rows_move_to_another_split(path: Path) -> None:
    rows, checked = revised(
        path, {"op": "move", "finding": "leak.exact:test-train", "split": "train"}
    )
    assert rows[10].split == "train"
    assert checked.splits == {"train": 9, "valid": 2, "test": 1}


def test_labels_are_merged(path: Path) -> None:
    rows, _ = revised(
        path,
        {"op": "add", "values": {"text": "new one", "label": "Post"}},
        {"op": "rename", "labels": ["post", "Post"], "to": "mail"},
    )
    assert {row.values["label"] for row in rows[:12]} == {"mail", "money"}


def test_a_row_is_added(path: Path) -> None:
    rows, _ = revised(
        path, {"op": "add", "values": {"text": "by hand", "label": "post"}, "split": "valid"}
    )
    last = rows[-1]
    assert (last.values["text"], last.split, last.file, last.line) == ("by hand", "valid", "", 0)
    assert last.extra == {"note": ""}


def test_personal_data_is_masked(path: Path) -> None:
    rows, _ = revised(
        path,
        {"op": "set", "row": 0, "values": {"text": "write to anna@example.org"}},
        {"op": "mask", "kinds": ["email"]},
    )
    assert rows[0].values["text"] == "write to [email]"


def test_all_rows_are_divided_anew(path: Path) -> None:
    rows, checked = revised(path, {"op": "resplit"})
    assert [row.split for row in rows] != [row.split for row in version.read(path)]
    assert sum(checked.splits.values()) == 12


def test_the_name_of_the_test_rows_changes_with_them(path: Path) -> None:
    _, same = revised(path, {"op": "set", "row": 0, "values": {"label": "money"}})
    _, other = revised(path, {"op": "set", "row": 10, "values": {"label": "money"}})
    _, plain = revised(path)
    assert same.stats["test_hash"] == plain.stats["test_hash"] != other.stats["test_hash"]


def test_changes_that_leave_nothing_to_learn_are_blocked(path: Path) -> None:
    [*_, last] = revise.revise(
        TASK, path, [{"op": "rename", "labels": ["post"], "to": "money"}], out=path.parent / "new"
    )
    assert isinstance(last, events.Checked)
    assert (last.gate, last.version) == ("blocked", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"op": "explode"}, "edit.unknown"),
        ({}, "edit.unknown"),
        ({"op": "set", "values": {}}, "edit.broken"),
        ({"op": "drop"}, "edit.broken"),
        ({"op": "move", "rows": [1], "split": "nowhere"}, "edit.broken"),
    ],
)
def test_a_change_that_makes_no_sense_is_named(path: Path, change: dict, code: str) -> None:
    with pytest.raises(Problem) as error:
        edits.planned(path, [change])
    assert error.value.code == code


def test_marks_and_lists_are_renamed_too() -> None:
    names = {"old": "new"}
    assert edits._cell("old", names) == "new"
    assert edits._cell('["old", "b"]', names) == '["new", "b"]'
    assert edits._cell('[{"start": 0, "end": 1, "label": "old"}]', names).endswith(
        '"label": "new"}]'
    )
