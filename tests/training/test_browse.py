"""Rows of a version, page by page: filters, and the row groups that are read for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from training import browse, version
from training.browse import LIST, MARKS, Query
from training.version import Stored

SPLITS = ("train", "train", "valid", "test")


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "ROW_GROUP", 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rows = [
        Stored(n, "a.csv", n + 2, SPLITS[n % 4], {"text": f"Text {n}", "label": "ab"[n % 2]}, {"shop": str(n % 3)})
        for n in range(40)
    ]  # fmt: skip
    version.write(tmp_path / "v.parquet", rows, ["text", "label"], ["shop"])
    return tmp_path / "v.parquet"


def numbers(page: version.Page) -> list[int]:
    return [row.row for row in page.rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), range(40)),
        (Query(split="valid"), range(2, 40, 4)),
        (Query(label="b"), range(1, 40, 2)),
        (Query(label="none"), []),
        (Query(search="TEXT 3"), [3, *range(30, 40)]),
        (Query(search="train"), []),
        (Query(facet="shop", value="1"), range(1, 40, 3)),
        (Query(facet="no such column", value="1"), []),
        (Query(finding="row.near"), [9, 33]),
        (Query(finding="row.near", label="b", split="train"), [9, 33]),
        (Query(rows=(33, 4, 999)), [33, 4]),
        (Query(rows=(33, 4), label="a"), [4]),
    ],
)
def test_filters(path: Path, query: Query, expected: Any) -> None:
    version.write_flags(path, {"row.near": np.array([33, 9, 33])})
    page = browse.page(path, query, limit=100)
    assert numbers(page) == list(expected)
    assert page.total >= len(numbers(page))


def test_pages_follow_one_another(path: Path) -> None:
    for query in (Query(), Query(label="a")):
        whole = numbers(browse.page(path, query, limit=100))
        parts = [numbers(browse.page(path, query, offset, 6)) for offset in range(0, 48, 6)]
        assert [row for part in parts for row in part] == whole


def test_only_the_groups_of_the_page_are_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    whole = parquet.ParquetFile.read_row_group

    def note(self: Any, number: int, *given: Any, **more: Any) -> Any:
        read.append(number)
        return whole(self, number, *given, **more)

    monkeypatch.setattr(parquet.ParquetFile, "read_row_group", note)
    assert numbers(browse.page(path, Query(), offset=20, limit=3)) == [20, 21, 22]
    assert read == [2, 3]


def test_labels_in_lists_and_in_marks(tmp_path: Path) -> None:
    lists = [["a"], ["ab"], ["b", 'q"a"']]
    cells = pa.chunked_array([[json.dumps(labels) for labels in lists]])
    assert browse.label_hit(cells, "a", LIST).to_pylist() == [True, False, False]
    spans = [[{"start": 0, "end": 1, "label": label}] for label in ("地名", "地")]
    marks = pa.chunked_array([[json.dumps(span, ensure_ascii=False) for span in spans]])
    assert browse.label_hit(marks, "地", MARKS).to_pylist() == [False, True]


def test_facets_are_columns_with_few_values(path: Path) -> None:
    assert browse.facets(path) == {"shop": ["0", "1", "2"]}


def test_suspects_come_as_they_were_written(path: Path) -> None:
    assert browse.suspects(path) == []
    rows = [{"row": 3, "label": "b", "suggested": "a", "confidence": 0.1, "probability": 0.9}]
    parquet.write_table(pa.Table.from_pylist(rows), version.suspects_path(path))
    assert browse.suspects(path) == rows


DRAFT = {5: {"label": "a"}, 4: {"text": "Other words"}, 6: {"label": "c", "text": "Text 33 again"}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(label="a"), [*range(0, 6, 2), 5, *range(8, 40, 2)]),
        (Query(label="b"), [n for n in range(1, 40, 2) if n != 5]),
        (Query(label="c"), [6]),
        (Query(search="text 33"), [6, 33]),
        (Query(search="other"), [4]),
        (Query(search="text 6"), []),
        (Query(search="text 5"), [5]),
        (Query(search="text 5", label="b"), []),
        (Query(split="test", label="a"), []),
        (Query(facet="shop", value="2", label="a"), [2, 5, *range(8, 40, 6)]),
        (Query(finding="row.near", label="a"), [5]),
    ],
)
def test_the_draft_is_laid_over_the_version(path: Path, query: Query, expected: Any) -> None:
    version.write_flags(path, {"row.near": np.array([5, 9])})
    assert browse.matching(path, query, DRAFT).tolist() == sorted(expected)
    assert browse.matching(path, query).tolist() == numbers(browse.page(path, query, limit=100))


def test_rows_without_a_version_are_filtered_alike() -> None:
    rows = [{"text": "One", "label": "a", "split": "train"}, {"text": "Two", "label": "b"}]
    assert browse.added(Query(search="TW"), rows) == [False, True]
    assert browse.added(Query(label="a", split="train"), rows) == [True, False]
    assert browse.added(Query(search="train"), rows) == [False, False]
    assert browse.added(Query(finding="row.near"), rows) == [False, False]
    assert browse.added(Query(label="a"), []) == []
