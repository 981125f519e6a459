"""The corpus of bad files: each is read rightly or refused by the code that names it, and leaves nothing behind.

`LARGE=1` in the environment makes the largest ones as large as they are meant to be.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from training import table
from training.problems import Problem
from training.table import packed

LARGE = os.environ.get("LARGE") == "1"
SECONDS = 60 if LARGE else 4  # of processor time for any of them


class Case(NamedTuple):
    """`rows`, if it is read, and the codes of its faults; or the code of the refusal alone."""

    content: bytes | str | Callable[[], Iterator[bytes]]
    rows: int = 0
    faults: frozenset[str] = frozenset()
    refused: str = ""
    columns: list[str] | None = None


def read(content: bytes | str | Callable[[], Iterator[bytes]], rows: int, *faults: str) -> Case:
    return Case(content, rows, frozenset(faults))


def refused(code: str, content: bytes | str | Callable[[], Iterator[bytes]]) -> Case:
    return Case(content, refused=code)


def zipped(names: list[str], content: bytes = b"text,label\nx,a\n") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return buffer.getvalue()


def endless_line(
    before: bytes = b"text,label\n", piece: bytes = b"x"
) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield before
        for _ in range(500 if LARGE else 8):
            yield piece * ((1 << 20) // len(piece))

    return pieces


def many(line: bytes, count: int, before: bytes = b"text,label\n") -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield before
        for _ in range(count // 1000):
            yield line * 1000

    return pieces


def deep_gzip() -> bytes:
    """Zeros, packed a thousand to one."""
    buffer = io.BytesIO()
    with gzip.open(buffer, "wb") as file:
        for _ in range(300 if LARGE else 12):
            file.write(bytes(1 << 20))
    return buffer.getvalue()


GOOD = "text,label\nhello,a\nbye,b\n"
HANZI = "text,label\n今天的天气很好，我们去公园散步吧,好\n这家饭店的菜不好吃，服务也差,坏\n" * 5
KANA = (
    "text,label\n今日はとても良い天気ですね、散歩しましょう,良い\nこの店はあまり美味しくないです,悪い\n"
    * 5
)

CASES: dict[str, Case] = {
    "B01 nothing": refused("file.empty", b""),
    "B02 only a mark": refused("file.empty", b"\xef\xbb\xbf"),
    "B03 blank lines": refused("file.empty", b"\n \r\n\t\n"),
    "B04 header only": read("text,label\n", 0),
    "B05 one column": read("text\nhello\nbye\n", 2),
    "B07 numbers as header": read("1,2\n3,4\n", 1),
    "B08 columns twice": Case("text,text\nx,y\n", 1, columns=["text", "text (2)"]),
    "B09 columns by case": Case("Text,text\nx,y\n", 1, columns=["Text", "text"]),
    "B10 no name": Case("text,,label\nx,y,z\n", 1, columns=["text", "column 2", "label"]),
    "B11 commas at the end": read("text,label\nx,a,\ny,b,\n", 2),
    "B12 names with spaces": Case("\ufeff text\u200b ,cafe\u0301\nx,y\n", 1, columns=["text", "café"]),
    "B13 endless name": refused("column.long_name", "n" * 200_000 + ",b\n1,2\n"),
    "B14 longer rows": read("text,label\n" + "x,a,more\n" * 3, 3, "row.extra"),
    "B15 one longer row": read("text,label\nx,a\ny,b,c\nz,a\n" + "x,a\n" * 9, 12, "row.extra"),
    "B17 shorter rows": read("text,label\nx,a\nonly\n", 2, "row.short"),
    "B18 semicolons": Case("text;label\nx;a\n", 1, columns=["text", "label"]),
    "B19 sep": Case("sep=;\ntext;label\nx;a\n", 1, columns=["text", "label"]),
    "B20 mixed line ends": read("text,label\r\nx,a\ny,b\rz,c\n\r", 3),
    "B21 line end in a cell": read('text,label\n"x\ny",a\n', 1),
    "B22 other separators": read("text,label\na\u2028b\x85\v\f\x1c,x\n", 1),
    "B23 open quote": read('text,label\nx,a\n"y,b\nz,c\n', 2, "row.quote"),
    "B24 open quote, long": read(many(b"some words here,a\n", 100_000, b'text,label\n"open,'), 1, "row.quote"),
    "B25 stray quotes": read('text,label\na 5" pipe,x\n', 1),
    "B26 backslashes": read('text,label\n"say \\"hi\\", you",a\n"b",c\n', 2),
    "B27 quotes": refused("row.quote", b'"' * 5_000_001),
    "B28 commas": refused("column.too_many", b"," * 3_000_000 + b"x"),
    "B29 100,000 columns": refused("column.too_many", ",".join(f"c{n}" for n in range(100_000))),
    "B30 line ends": refused("file.empty", b"\n" * 2_000_000),
    "B31 a long cell": read(b"text,label\n" + b"x" * 2_000_000 + b",a\ny,b\n", 2, "row.long_cell"),
    "B32 an endless line": read(endless_line(), 1, "row.long_cell"),
    "B32 an endless line, quoted": read(endless_line(b'text,label\n"'), 1, "row.quote"),
    "B32 an endless line of JSON": read(endless_line(b'{"a": "x"}\n{"a": "'), 2, "row.long_cell"),
    "B32 an endless value of JSON": read(endless_line(b'[{"a": "x"}, {"a": "'), 2, "row.long_cell"),
    "B33 NUL": read("text,label\n" + "x,a\n" * 50 + "a\0b,a\n", 51, "row.nul"),
    "B34 NUL in the header": refused("file.binary", b"te\0xt,label\nx,a\n"),
    "B34 NUL only": refused("file.binary", bytes(5000)),
    "B35 UTF-16": read(GOOD.encode("utf-16"), 2),
    "B36 UTF-16 without a mark": read((GOOD * 20).encode("utf-16-le"), 59),
    "B37 UTF-32": read(GOOD.encode("utf-32"), 2),
    "B38 two marks": Case(b"\xef\xbb\xbf" * 2 + GOOD.encode(), 2, columns=["text", "label"]),
    "B39 Windows-1252": read(("text,label\n" + "déjà vu naïve café,a\n" * 9).encode("cp1252"), 9),
    "B40 GB18030": read(HANZI.encode("gb18030"), 14),
    "B40 Big5": read(HANZI.replace("气", "氣").replace("们", "們").replace("园", "園")
                     .replace("这", "這").replace("饭", "飯").replace("务", "務").replace("坏", "壞")
                     .encode("big5"), 14),
    "B40 Shift-JIS": read(KANA.encode("shift_jis"), 14),
    "B41 two encodings": read(HANZI.encode() + "差的,坏\n".encode("gb18030"), 15, "row.undecodable"),
    "B42 surrogate in UTF-8": read(HANZI.encode() + b"\xed\xa0\x80,c\n", 15, "row.undecodable"),
    "B42 surrogate in JSON": read('{"a": "\\ud800"}\n', 1, "row.half"),
    "B42 overlong": read(HANZI.encode() + b"\xc0\xaf,c\n", 15, "row.undecodable"),
    "B43 right to left": read("text,label\n\u202etxt.exe,a\nשלום,b\n", 2),
    "B44 marks": read("text,label\nz" + "\u0301" * 5000 + ",a\n👨‍👩‍👧‍👦,b\n", 2),
    "B47 NA": read("text,label\nNA,NA\nnull,None\n", 2),
    "B65 a web page": refused("file.html", b"<!DOCTYPE html><html>Sign in"),
    "B66 JSON": read('[{"text": "x", "label": "a"}]', 1),
    "B66 JSON Lines": read('{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}\n', 2),
    "B67 PDF": refused("file.binary", b"%PDF-1.7\n"),
    "B67 PNG": refused("file.binary", b"\x89PNG\r\n\x1a\n"),
    "B67 noise": refused("file.binary", random.Random(1).randbytes(5000)),
    "B68 SQLite": refused("file.binary", b"SQLite format 3\x00\x10\x00"),
    "B68 LFS": refused("file.lfs", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
    "B69 xls": refused("file.excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "B70 gzip": read(gzip.compress(GOOD.encode()), 2),
    "B70 zip": read(zipped(["data.csv"]), 1),
    "B71 a bomb of zeros": refused("file.binary", deep_gzip),
    "B71 a bomb of rows": Case(
        lambda: iter([gzip.compress(b"text,label\n" + b"x" * 60 + b",a\n" + (b"y" * 60 + b",b\n") * 160_000)]),
        -1,
        frozenset({"file.unpacked"}),
    ),
    "B76 two files": refused("file.zip", zipped(["a.csv", "b.csv"])),
    "B76 paths": read(zipped(["../../x.csv"]), 1),
    "B76 nested": refused("file.compressed", zipped(["a.zip"], zipped(["a.csv"]))),
    "B76 many files": refused("file.zip", zipped([f"{n}.csv" for n in range(500)], b"")),
    "B77 a Parquet file cut off": refused("file.damaged", b"PAR1" + bytes(100) + b"PAR1"),
    "B78 formulas": read("text,label\n=cmd|' /C calc'!A0,a\n+1,@SUM(1)\n\t=1,－2\n", 3),
    "B79 markup": read("text,label\n<script>alert(1)</script>,<img onerror=x>\n{{7*7}},$\\href{x}$\n", 2),
    "deep JSON": read('{"a": 1}\n{"a": ' + "[" * 50_000 + "]" * 50_000 + "}\n", 2, "row.json"),
    "deep JSON at once": refused("file.json", "[" * 200_000),
    "JSON with 5,000 digits": read('{"a": ' + "9" * 5000 + "}\n", 1),
    "JSON with a key twice": read('{"a": "x", "a": "y"}\n', 1),
    "JSON with 100,000 keys": refused(
        "column.too_many", "{" + ",".join(f'"k{n}": 1' for n in range(100_000)) + "}\n"
    ),
    "CoNLL without an end": read(many(b"word O\n", 100_000, b""), -1, "row.long_cell"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(packed, "FREE", 8 << 20)
    open_before = open_files()
    yield
    assert not list(folder.iterdir())
    assert open_files() <= open_before + 1


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def put(folder: Path, content: bytes | str | Callable[[], Iterator[bytes]]) -> Path:
    path = folder / "a.csv"
    with path.open("wb") as file:
        if callable(content):
            made = content()
            file.writelines([made] if isinstance(made, bytes) else made)
        else:
            file.write(content.encode() if isinstance(content, str) else content)
    return path


class Outcome(NamedTuple):
    refused: str = ""
    rows: int = 0
    faults: frozenset[str] = frozenset()
    columns: list[str] | None = None


def outcome(path: Path) -> Outcome:
    try:
        found = table.read(path)
        rows, faults = 0, set()
        for record in found:
            rows += 1
            faults |= {fault.code for fault in record.faults}
            assert len(record.cells) == len(found.columns)
    except Problem as problem:
        return Outcome(problem.code)
    return Outcome("", rows, frozenset(faults), found.columns)


@pytest.mark.parametrize("name", CASES)
def test_each_is_read_or_refused(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    path = put(tmp_path, case.content)
    begin = time.process_time()
    found = outcome(path)
    assert (found.refused, found.faults) == (case.refused, case.faults)
    assert case.rows in {found.rows, -1}
    assert case.columns in (None, found.columns)
    assert time.process_time() - begin < SECONDS
    path.unlink()


@pytest.mark.parametrize("name", CASES)
def test_its_preview_is_quick(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, CASES[name].content)
    begin = time.process_time()
    try:
        shown = table.preview(path)
    except Problem as problem:
        texts = [str(problem)]
    else:
        texts = [*shown.columns, *(cell for row in shown.rows for cell in row)]
    assert time.process_time() - begin < 2
    for text in texts:
        assert str(tmp_path) not in text
        text.encode("utf-8")
    path.unlink()
