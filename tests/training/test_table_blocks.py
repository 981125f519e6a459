"""A table in pieces: the same rows, lines and faults as record by record, whatever the text is like."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import table
from training.problems import Problem
from training.table import blocks as module
from training.table.reader import LOST, Fault, clean

CELLS = st.text(st.sampled_from('ab,;"\n\r \té中\0'), max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12)


def slowly(path: Path) -> tuple[list[tuple[int, tuple[str, ...]]], list[Fault]]:
    records = list(table.read(path))
    kept = [r for r in records if not any(fault.code in LOST for fault in r.faults)]
    rows = [(r.line, tuple(map(clean, r.cells) if r.faults else r.cells)) for r in kept]
    return rows, [fault for record in records for fault in record.faults]


def quickly(path: Path) -> tuple[list[tuple[int, tuple[str, ...]]], list[Fault]]:
    rows, faults = [], []
    for chunk in table.chunks(table.read(path)):
        cells = zip(*(column.to_pylist() for column in chunk.columns), strict=True)
        rows += list(zip(chunk.lines.tolist(), cells, strict=True))
        faults += chunk.faults
    return rows, faults


def same(path: Path) -> None:
    try:
        expected = slowly(path)
    except Problem:  # no table at all
        return
    assert quickly(path) == expected


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'text,label\r\n"one, two",a\r\n"say ""hi""\r\nagain",b\r\nplain,c\r\n')
    rows, faults = quickly(path)
    assert rows == [(2, ("one, two", "a")), (3, ('say "hi"\r\nagain', "b")), (5, ("plain", "c"))]
    assert faults == []


@settings(max_examples=400, deadline=None)
@given(rows=ROWS, end=st.sampled_from(["\n", "\r\n"]), block=st.integers(16, 64))
def test_any_text_reads_as_record_by_record(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], end: str, block: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    lines = ["text,label", *(",".join(row) for row in rows)]
    path.write_bytes(end.join(lines).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        same(path)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30), block=st.integers(16, 99))
def test_well_written_csv_reads_as_record_by_record(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], block: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    lines = ["text,label"]
    lines += ['"' + '","'.join(cell.replace('"', '""') for cell in row) + '"' for row in rows]
    path.write_bytes("\n".join(lines).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        same(path)


@pytest.mark.parametrize(
    "encoding", ["gb18030", "big5", "shift_jis", "cp1252", "utf-16", "utf-8-sig"]
)
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    text = "é" if encoding == "cp1252" else "日本"
    path.write_bytes(f"text,label\n{text} one,a\n{text} two,b\n".encode(encoding))
    found = table.read(path, encoding.replace("-sig", ""))
    columns = [chunk.columns[0].to_pylist() for chunk in table.chunks(found)]
    assert columns == [[f"{text} one", f"{text} two"]]


def test_a_fault_in_the_middle_keeps_lines_and_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", 64)
    path = tmp_path / "a.csv"
    good = "".join(f"row number {n},a\n" for n in range(50))
    path.write_text(f"text,label\n{good}too,many,cells\n,\n{good}")
    rows, faults = quickly(path)
    assert (len(rows), rows[-1][0]) == (101, 103)
    assert [(fault.code, fault.line) for fault in faults] == [("row.extra", 52)]


def test_plain_text_is_parsed_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "of_records", lambda *_: pytest.fail("it went to the csv reader"))
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + '"one, two",a\n,\n' * 50)
    found = table.read(path)
    assert sum(len(chunk) for chunk in table.chunks(found)) == 50
    assert found.blank == 50
    assert found.progress() == 1.0
