"""The measurement of the data's check runs, and says what it is asked for."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bench import data
from bench.__main__ import main


def test_the_file_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        data.make(tmp_path / name, 500)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with (tmp_path / "a").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [str(number) for number in range(500)]
    assert len({row["label"] for row in rows}) == data.LABELS
    assert 50 < sum("," in row["text"] and '"' in row["text"] for row in rows) < 150


def test_it_works(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "data", "--rows", "2000", "--json"])
    assert main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert found["rows"] == 2000
    assert {"pandas", "csv", "check", "check_import", "check_scan"} <= found["seconds"].keys()
    assert found["peak_mb_over_idle"].keys() == {"pandas", "csv", "check"}
    assert found["vs_pandas"] > 0
