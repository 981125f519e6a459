"""Whatever bytes come, in whatever format: a table that is whole, or a Problem from the table of problems."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from training import table
from training.problems import TABLE, Problem

LIMITS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def lines(value: Any) -> bytes:
    return (json.dumps(value) + "\n").encode() * 3


def workbook() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    for row in [["text", "label"], ["hello", 1.5], ["=1+1", "b"]]:
        book.active.append(row)
    book.save(buffer)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    columns = {"text": ["a", "b", None], "n": [1, 2, 3], "l": [["x"], [], ["y", "z"]]}
    pq.write_table(pa.table(columns), buffer, compression="none")
    return buffer.getvalue()


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.csv", "text,label\n" + "x,a\n" * 50)
    return buffer.getvalue()


QAS = [{"question": "q", "id": "1", "answers": [{"text": "c", "answer_start": 0}]}]
MARK = {"start": 0, "end": 1, "labels": ["A"]}
TASK = {"data": {"text": "x"}, "annotations": [{"result": [{"type": "labels", "value": MARK}]}]}
VERTEX = {"textContent": "x", "classificationAnnotation": {"displayName": "a"}}
SEEDS: dict[str, bytes] = {
    "csv": b'text,label\n"x",a\ny,b\n',
    "comprehend": b"a,a long text of words\nb,another text of words\na,one more of these texts\n"
    * 3,
    "vertex-csv": b"TRAIN,some text,a\nTEST,other text,b\n,last,a,b\n",
    "conll": b"EU B-ORG\nx O\n\ny O\nz I-PER\n" * 3,
    "json": json.dumps([{"text": "x", "n": 1.5, "l": [1]}] * 3).encode(),
    "jsonl": lines({"text": "x", "label": None, "d": {"a": 1}}),
    "spacy": lines(["x", {"entities": [[0, 1, "A"]], "cats": {"B": 1}}]),
    "doccano": lines({"text": "x", "label": [[0, 1, "A"]]}),
    "label-studio": json.dumps([TASK]).encode(),
    "squad": json.dumps({"data": [{"paragraphs": [{"context": "c", "qas": QAS}]}]}).encode(),
    "openai-chat": lines({"messages": [{"role": "user", "content": [{"text": "x"}]}]}),
    "sharegpt": lines({"conversations": [{"from": "human", "value": "x"}]}),
    "vertex-jsonl": lines(VERTEX) + lines({"contents": [{"parts": [{"text": "x"}]}]}),
    "xlsx": workbook(),
    "parquet": parquet(),
}
PACKED = {"zip": archive(), "gzip": gzip.compress(SEEDS["csv"] * 20)}
PIECES = [
    b"null",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"\\ud800",
    b"\\u0000",
    b"1e999",
    b",",
    b"\n",
    b"-1",
]

PLACES = st.floats(0, 1)
CHANGES = st.lists(
    st.tuples(
        PLACES, st.integers(0, 12), st.one_of(st.binary(max_size=4), st.sampled_from(PIECES))
    ),
    max_size=4,
)


def changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """At each place some bytes are taken out and others put in."""
    for place, taken, put in changes:
        at = int(place * len(content))
        content = content[:at] + put + content[at + taken :]
    return content


def check(content: bytes, format: str = "", header: bool | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content)
        try:
            found = table.read(path, format=format, header=header)
            records = list(found)
        except Problem as problem:
            TABLE[problem.code], str(problem).encode("utf-8")
            return
    for name in found.columns:
        name.encode("utf-8")
    for record in records:
        assert len(record.cells) == len(found.columns)
        for fault in record.faults:
            assert fault.code in TABLE
            json.dumps([fault.value, dict(fault.values)], ensure_ascii=False).encode("utf-8")
        for cell in record.cells:
            table.reader.clean(cell).encode("utf-8")


def test_every_format_has_a_seed() -> None:
    assert SEEDS.keys() == table.FORMATS.keys()


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_is_taken_for_what_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SEEDS[name])
    assert table.detect(path).format == name
    assert list(table.read(path))


@pytest.mark.parametrize("name", SEEDS | PACKED)
@LIMITS
@given(changes=CHANGES, header=st.sampled_from([None, True, False]))
def test_changed_files(
    name: str, changes: list[tuple[float, int, bytes]], header: bool | None
) -> None:
    check(changed((SEEDS | PACKED)[name], changes), header=header)


@pytest.mark.parametrize("name", table.FORMATS)
@LIMITS
@given(seed=st.sampled_from(sorted(SEEDS | PACKED)), changes=CHANGES)
def test_a_format_that_was_chosen_wrongly(
    name: str, seed: str, changes: list[tuple[float, int, bytes]]
) -> None:
    check(changed((SEEDS | PACKED)[seed], changes), format=name)


@pytest.mark.parametrize(
    "start", [b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"[", b"{", b'[{"', b"x O\n"]
)
@LIMITS
@given(rest=st.binary(max_size=300))
def test_any_bytes_behind_a_beginning(start: bytes, rest: bytes) -> None:
    check(start + rest)


@LIMITS
@given(
    part=st.sampled_from(
        [
            "xl/workbook.xml",
            "xl/styles.xml",
            "xl/worksheets/sheet1.xml",
            "xl/_rels/workbook.xml.rels",
        ]
    ),
    changes=CHANGES,
)
def test_changed_parts_of_a_workbook(part: str, changes: list[tuple[float, int, bytes]]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SEEDS["xlsx"])) as book, zipfile.ZipFile(buffer, "w") as made:
        for name in book.namelist():
            content = book.read(name)
            made.writestr(name, changed(content, changes) if name == part else content)
    check(buffer.getvalue())
