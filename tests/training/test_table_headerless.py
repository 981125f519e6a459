"""Tables without a header line: as Comprehend and Vertex AI take them, and whatever a person says has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from training import table

TEXTS = ["I was charged twice, help", "Where is my parcel now?", "Refund me the money, please"] * 3
LABELS = ["billing", "shipping", "billing"] * 3


def put(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "a.csv"
    lines = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_comprehend(tmp_path: Path) -> None:
    path = put(tmp_path, [[label, text] for label, text in zip(LABELS, TEXTS, strict=True)])
    read = table.read(path)
    assert (read.detected.format, read.columns) == ("comprehend", ["label", "text"])
    assert read.detected.headerless
    assert read.header_line == 0
    records = list(read)
    assert records[0] == table.Record(1, ["billing", "I was charged twice, help"])
    assert len(records) == 9


def test_vertex_csv(tmp_path: Path) -> None:
    path = put(tmp_path, [[text, label] for label, text in zip(LABELS, TEXTS, strict=True)])
    read = table.read(path)
    assert (read.detected.format, read.columns) == ("vertex-csv", ["text", "label"])
    assert len(list(read)) == 9


def test_vertex_csv_with_splits_and_several_labels(tmp_path: Path) -> None:
    rows = [
        ["TRAIN", "a text", "A"],
        ["VALIDATION", "b", "A", "B"],
        ["TEST", "c", "B"],
        ["", "d", "A"],
    ]
    read = table.read(put(tmp_path, rows))
    assert (read.detected.format, read.columns) == (
        "vertex-csv",
        ["split", "text", "label", "label 2"],
    )
    assert [record.cells for record in read] == [
        ["train", "a text", "A", ""],
        ["valid", "b", "A", "B"],
        ["test", "c", "B", ""],
        ["", "d", "A", ""],
    ]
    assert not [fault for record in read for fault in record.faults]


@pytest.mark.parametrize(
    "rows",
    [
        [["text", "label"], ["some long text here", "a"], ["other long text", "b"]],
        [["label", "text"], ["a", "some long text here"], ["a", "another one there"]],
        [["label", "text"], ["label", "some long text here"], ["label", "another one there"]],
        [["1", "2"], ["3", "4"], ["5", "6"], ["5", "7"]],
    ],
)
def test_plain_tables_stay_plain(tmp_path: Path, rows: list[list[str]]) -> None:
    found = table.detect(put(tmp_path, rows))
    assert (found.format, found.headerless) == ("csv", False)


def test_a_person_may_say_that_there_is_no_header(tmp_path: Path) -> None:
    read = table.read(put(tmp_path, [["x", "a"], ["y", "b"]]), header=False)
    assert read.columns == ["column 1", "column 2"]
    assert [(r.line, r.cells) for r in read] == [(1, ["x", "a"]), (2, ["y", "b"])]
    assert read.detected.header


def test_a_person_may_say_that_there_is_one(tmp_path: Path) -> None:
    path = put(tmp_path, [["1", "2"], ["3", "4"]])
    assert not table.detect(path).header
    read = table.read(path, header=True)
    assert read.detected.header
    assert read.columns == ["1", "2"]


def test_a_chosen_format_names_the_columns(tmp_path: Path) -> None:
    read = table.read(put(tmp_path, [["a", "x"], ["b", "y"]]), format="comprehend")
    assert read.columns == ["label", "text"]
    assert len(list(read)) == 2


def test_preview_tells(tmp_path: Path) -> None:
    path = put(tmp_path, [[label, text] for label, text in zip(LABELS, TEXTS, strict=True)])
    shown = table.preview(path)
    assert (shown.format, shown.headerless, shown.lines[0]) == ("comprehend", True, 1)
    again = table.preview(path, format="csv", header=False)
    assert (again.format, again.columns) == ("csv", ["column 1", "column 2"])
