"""Parquet: texts, numbers, dates and lists of these, never more of it in memory than a few rows need."""

from __future__ import annotations

import datetime
import gzip
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from training import table
from training.problems import Problem
from training.table.formats import parquet_pages

ROOT = Path(__file__).parents[2]
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(columns: dict[str, Any], **options: Any) -> Path:
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table(columns), path, **options)
        return path

    return write


def cells(path: Path) -> list[list[str]]:
    return [record.cells for record in table.read(path)]


def refusal(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        table.read(path)
    return caught.value


TEXTS = {"text": ["hello", "bye", None], "label": ["a", "b", "a"]}


def test_it_works(make: Make) -> None:
    read = table.read(make(TEXTS))
    assert (read.detected.format, read.columns) == ("parquet", ["text", "label"])
    assert [(r.line, r.cells) for r in read] == [
        (2, ["hello", "a"]),
        (3, ["bye", "b"]),
        (4, ["", "a"]),
    ]
    assert list(read) == list(read)
    assert read.progress() == 1


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_all_ways_to_pack(make: Make, compression: str, version: str) -> None:
    columns = {"text": [f"text {n}" for n in range(3000)], "label": ["a", "b", "c"] * 1000}
    path = make(columns, compression=compression, data_page_version=version, row_group_size=700)
    assert cells(path)[2999] == ["text 2999", "c"]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (1, "1"),
        (1.5, "1.5"),
        (True, "true"),
        (b"caf\xc3\xa9", "café"),
        (Decimal("1.50"), "1.50"),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 12, 30), "2024-03-01 12:30:00"),
        (["a", "b"], '["a", "b"]'),
        ([1, None], "[1, null]"),
        ({"a": 1, "b": "x"}, '{"a": 1, "b": "x"}'),
        ([{"role": "user", "content": "hi"}], '[{"role": "user", "content": "hi"}]'),
    ],
)
def test_values_become_texts(make: Make, value: Any, cell: str) -> None:
    assert cells(make({"a": ["x"], "b": [value]})) == [["x", cell]]


def test_kinds_of_texts(make: Make) -> None:
    columns = {
        "large": pa.array(["x"], pa.large_string()),
        "coded": pa.array(["y"]).dictionary_encode(),
        "fine": pa.array([1], pa.timestamp("ns")),
        "nothing": pa.nulls(1),
    }
    assert cells(make(columns))[0][:2] == ["x", "y"]


def test_bytes_that_are_no_text_are_reported(make: Make) -> None:
    records = list(table.read(make({"a": [b"x\xff"], "b": ["y"]})))
    assert [fault.code for fault in records[0].faults] == ["row.undecodable"]


@pytest.mark.parametrize("value", [[[[[[["deep"]]]]]], {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}])
def test_deeply_nested_values_are_refused(make: Make, value: Any) -> None:
    problem = refusal(make({"text": ["x"], "odd": [value]}))
    assert (problem.code, problem.values["column"]) == ("column.nested", "odd")


def test_a_map_is_refused(make: Make) -> None:
    odd = pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))
    assert refusal(make({"text": ["x"], "odd": odd})).code == "column.nested"


def test_too_many_columns(make: Make) -> None:
    assert refusal(make({f"c{n}": [1] for n in range(1001)})).code == "column.too_many"


def test_a_footer_that_is_none(make: Make, tmp_path: Path) -> None:
    content = make(TEXTS).read_bytes()
    size = len(content)
    for bad in (
        content[: size // 2],
        content[:-8] + b"\xff\xff\xff\x7fPAR1",
        content[:-8] + b"\0\0\0\0PAR1",
        b"PAR1",
        b"PAR1PAR1PAR1",
    ):
        path = tmp_path / "b.parquet"
        path.write_bytes(bad)
        assert refusal(path).code == "file.damaged"


def test_pages_that_are_none(make: Make) -> None:
    path = make(TEXTS)
    content = bytearray(path.read_bytes())
    content[4:30] = b"\xff" * 26
    path.write_bytes(bytes(content))
    assert refusal(path).code == "file.damaged"


def test_a_page_that_unpacks_to_too_much(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "MAX_PAGE", 1 << 20)
    path = make({"text": ["x" * (2 << 20)]}, compression="zstd")
    assert path.stat().st_size < 10_000
    assert refusal(path).code == "file.unpacked"


def test_a_page_with_too_many_values(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "MAX_VALUES", 1000)
    assert refusal(make({"text": [[None] * 5000]})).code == "file.unpacked"


def test_too_many_pages(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "MAX_PAGES", 3)
    assert refusal(make(TEXTS)).code == "file.unpacked"


def test_a_text_that_repeats_is_not_multiplied(make: Make) -> None:
    """A dictionary of one text of 3 MB and a thousand rows: 3 GB, of which the footer says nothing."""
    places = pa.array([0] * 1000, pa.int32())
    texts = pa.DictionaryArray.from_arrays(places, ["x" * 3_000_000])
    path = make({"text": texts, "label": ["a"] * 1000}, dictionary_pagesize_limit=8 << 20)
    assert path.stat().st_size < 1_000_000
    script = f"""
from training import table
import pyarrow.parquet
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
shown = table.preview({str(path)!r})
assert {{fault["code"] for fault in shown.faults}} == {{"row.long_cell"}}
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 250_000  # KiB


def test_a_text_that_repeats_inside_a_list_is_not_multiplied(make: Make) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), ["x" * 900_000])
    path = make({"text": ["a"], "list": pa.ListArray.from_arrays([0, 3000], texts)})
    before = pa.total_allocated_bytes()
    records = list(table.read(path))
    assert [fault.code for fault in records[0].faults] == ["row.long_cell"]
    assert pa.default_memory_pool().max_memory() - before < 1 << 30


def test_inside_gzip(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "b.gz"
    path.write_bytes(gzip.compress(make(TEXTS).read_bytes()))
    assert len(cells(path)) == 3


def test_no_header(make: Make) -> None:
    assert table.read(make(TEXTS), header=False).columns == ["column 1", "column 2"]
