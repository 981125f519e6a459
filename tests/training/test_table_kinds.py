"""Files that are no tables, whatever their name says, and headers that only look like something else."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from training import table
from training.problems import Problem


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 50)
    return buffer.getvalue()


def encrypted() -> bytes:
    """A container of the old kind whose directory, in its second sector, names what it holds."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40) + (1).to_bytes(4, "little")
    return head.ljust(1024, b"\0") + "EncryptedPackage".encode("utf-16-le").ljust(512, b"\0")


CASES = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "file.binary"),
    "jpeg": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "file.binary"),
    "pdf": (b"%PDF-1.7\n1 0 obj\n", "file.binary"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(60), "file.binary"),
    "sqlite": (b"SQLite format 3\x00\x10\x00", "file.binary"),
    "parquet that is cut off": (b"PAR1\x15\x04\x15", "file.damaged"),
    "arrow": (b"ARROW1\0\0" + bytes(60), "file.binary"),
    "pickle": (b"\x80\x04\x95" + bytes(60), "file.binary"),
    "random": (random.Random(3).randbytes(5000), "file.binary"),
    "nul": (bytes(5000), "file.binary"),
    "nul in header": (b"te\0xt,label\nx,a\n", "file.binary"),
    "xml": (b"<?xml version='1.0'?><rows/>", "file.binary"),
    "word": (zipped("[Content_Types].xml", "word/document.xml"), "file.binary"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "file.excel"),
    "workbook with a password": (encrypted(), "file.password"),
    "xlsb": (zipped("[Content_Types].xml", "xl/workbook.bin"), "file.excel"),
    "ods": (zipped("mimetype", "content.xml"), "file.excel"),
    "xlsx without its parts": (zipped("[Content_Types].xml", "xl/workbook.xml"), "file.damaged"),
    "zip that is cut off": (zipped("data.csv")[:60], "file.damaged"),
    "xz": (b"\xfd7zXZ\0" + bytes(60), "file.compressed"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "file.lfs"),
    "html": (b"\n <!DOCTYPE html><html><body>Sign in, please", "file.html"),
    "html upper": (b"<HTML><HEAD>", "file.html"),
    "broken json": (b'[\n {"text": "x", label: "a"}]', "file.json"),
    "json by columns": (b'{"text": {"0": "x"}, "label": {"0": "a"}}', "file.json_shape"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_names_what_the_file_is(tmp_path: Path, name: str) -> None:
    content, code = CASES[name]
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        table.read(path)
    assert caught.value.code == code
    assert str(caught.value)  # its texts can be filled


@pytest.mark.parametrize(
    "content",
    ["{text},[label]\nx,a\n", "[text],label\nx,a\n", "<b>,label\nx,a\n", "PKX,label\nx,a\n"],
)
def test_it_is_not_taken_in_by_odd_headers(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert len(table.read(path).columns) == 2
