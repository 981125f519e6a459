"""A dataset version: written once, read whole or by the page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training import version
from training.problems import Problem

LABELS = ("billing", "login", "other")


def stored(count: int) -> Iterator[version.Stored]:
    for n in range(count):
        split = "test" if n % 10 == 0 else "train"
        values = {"text": f"Text number {n}", "label": LABELS[n % 3]}
        yield version.Stored(n, "a.csv", n + 2, split, values, {"id": f"{n:05}"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    version.write(tmp_path / "v.parquet", stored(25_000), ["text", "label"], ["id"])
    return tmp_path / "v.parquet"


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "v.parquet"
    written = version.write(path, stored(30), ["text", "label"], ["id"])
    assert written == {
        "path": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "rows": 30,
    }
    assert list(version.read(path)) == list(stored(30))


def test_the_same_rows_have_the_same_hash(tmp_path: Path) -> None:
    first = version.write(tmp_path / "a.parquet", stored(50), ["text", "label"])
    second = version.write(tmp_path / "b.parquet", stored(50), ["text", "label"])
    assert first["sha256"] == second["sha256"]


def test_its_columns_are_those_of_the_contract(path: Path) -> None:
    schema = pq.read_schema(path)
    assert schema.names == ["row", "file", "line", "split", "text", "label", "x:id"]
    assert [str(kind) for kind in schema.types] == ["int64", "string", "int64"] + ["string"] * 4
    assert version.columns(path) == (["text", "label"], ["id"])


def test_it_is_written_in_row_groups(path: Path) -> None:
    assert pq.ParquetFile(path).num_row_groups == 3


def test_it_reads_one_split(path: Path) -> None:
    assert sum(1 for _ in version.read(path, "test")) == 2500


def test_nothing_appears_when_the_rows_fail(tmp_path: Path) -> None:
    def failing() -> Iterator[version.Stored]:
        yield from stored(20_000)
        raise RuntimeError("gone")

    with pytest.raises(RuntimeError):
        version.write(tmp_path / "versions" / "v.parquet", failing(), ["text", "label"])
    assert list((tmp_path / "versions").iterdir()) == []


def test_an_older_version_survives_a_failure(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        version.write(path, [None], ["text", "label"])  # type: ignore[list-item]
    assert path.read_bytes() == before


def test_no_rows_are_a_version_too(tmp_path: Path) -> None:
    version.write(tmp_path / "v.parquet", [], ["text", "label"])
    assert list(version.read(tmp_path / "v.parquet")) == []


def test_page_gives_a_part(path: Path) -> None:
    page = version.page(path, offset=9_990, limit=20)
    assert page.total == 25_000
    assert [row.row for row in page.rows] == list(range(9_990, 10_010))


def test_page_past_the_end_is_empty(path: Path) -> None:
    assert version.page(path, offset=25_000, limit=20) == version.Page(25_000, [])


def test_page_filters(path: Path) -> None:
    page = version.page(path, offset=830, limit=5, label="login", split="test")
    assert page.total == sum(n % 3 == 1 and n % 10 == 0 for n in range(25_000))
    assert all(row.values["label"] == "login" and row.split == "test" for row in page.rows)
    assert len(page.rows) == page.total - 830


def test_page_searches_in_all_roles_without_case(path: Path) -> None:
    assert version.page(path, search="TEXT NUMBER 2499").total == 11
    assert version.page(path, search="BILL").total == 8334


def test_page_searches_plainly(path: Path) -> None:
    assert version.page(path, search=".*").total == 0


def test_empty_filters_mean_all(path: Path) -> None:
    assert version.page(path, label="", split="", search="").total == 25_000


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1xxxxPAR1"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "v.parquet").write_bytes(content)
    with pytest.raises(Problem) as caught:
        version.page(tmp_path / "v.parquet")
    assert caught.value.code == "version.broken"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        next(version.read(tmp_path / "no.parquet"))
    assert caught.value.code == "version.broken"


def test_a_column_of_the_user_may_be_called_like_ours(tmp_path: Path) -> None:
    row = version.Stored(
        0, "a.csv", 2, "train", {"text": "x", "label": "a"}, {"split": "mine", "x:y": "z"}
    )
    version.write(tmp_path / "v.parquet", [row], ["text", "label"], ["split", "x:y"])
    assert next(version.read(tmp_path / "v.parquet")) == row
