"""Tables inside gzip and zip archives."""

from __future__ import annotations

import gzip
import io
import json
import stat
import tempfile
import zipfile
from pathlib import Path

import pytest

from training import table
from training.problems import Problem
from training.table import encoding, packed

CSV = b"text,label\n" + b"hello there,a\nwell well,b\n" * 50


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def put(folder: Path, content: bytes) -> Path:
    path = folder / "a.csv"
    path.write_bytes(content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(Problem) as caught:
        table.read(path)
    return caught.value.code


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert not list(folder.iterdir())


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"folder/a.csv": data})])
def test_a_table_inside_is_read(tmp_path: Path, pack: object) -> None:
    read = table.read(put(tmp_path, pack(CSV)))
    records = list(read)
    assert (read.columns, len(records)) == (["text", "label"], 100)
    assert records == list(read)
    assert records[0] == table.Record(2, ["hello there", "a"])
    assert read.progress() <= 1


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped({"a": data})])
def test_its_format_is_detected(tmp_path: Path, pack: object) -> None:
    lines = "".join(json.dumps({"text": "x", "label": "a"}) + "\n" for _ in range(5)).encode()
    assert table.preview(put(tmp_path, pack(lines))).format == "jsonl"
    assert table.preview(put(tmp_path, pack(CSV.decode().encode("utf-16")))).encoding == "utf-16"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_all_ways_to_pack(tmp_path: Path, method: int) -> None:
    assert len(list(table.read(put(tmp_path, zipped({"a.csv": CSV}, method))))) == 100


def test_what_systems_leave_in_archives_is_passed_over(tmp_path: Path) -> None:
    files = {"a/": b"", "a/b.csv": CSV, "__MACOSX/a/._b.csv": b"\0", "a/.DS_Store": b"\0"}
    assert len(list(table.read(put(tmp_path, zipped(files))))) == 100


@pytest.mark.parametrize("files", [{}, {"a.csv": CSV, "b.csv": CSV}, {"a/": b""}])
def test_exactly_one_file_is_wanted(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert refusal(put(tmp_path, zipped(files))) == "file.zip"


@pytest.mark.parametrize("name", ["../../etc/a.csv", "/etc/a.csv", "..\\a.csv", "a\n.csv"])
def test_names_lead_nowhere(tmp_path: Path, name: str) -> None:
    assert len(list(table.read(put(tmp_path, zipped({name: CSV}))))) == 100
    assert {path.name for path in tmp_path.rglob("*.csv")} == {"a.csv"}


def test_a_link_is_no_table(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert refusal(put(tmp_path, buffer.getvalue())) == "file.zip"


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(gzip.compress(CSV)),
        gzip.compress(zipped({"a.csv": CSV})),
        zipped({"a.zip": zipped({"a.csv": CSV})}),
        zipped({"a.gz": gzip.compress(CSV)}),
        gzip.compress(bytes(257) + b"ustar" + bytes(500)),
    ],
    ids=["gz in gz", "zip in gz", "zip in zip", "gz in zip", "tar in gz"],
)
def test_archives_inside_archives_are_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(put(tmp_path, content)) == "file.compressed"


def test_a_password_is_named(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": CSV}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    assert refusal(put(tmp_path, bytes(content))) == "file.password"


def test_a_directory_that_differs_from_the_files_is_refused(tmp_path: Path) -> None:
    content = zipped({"a.csv": CSV})
    assert refusal(put(tmp_path, content.replace(b"a.csv", b"b.csv", 1))) == "file.damaged"


def test_an_unknown_method_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": CSV}))
    content[content.index(b"PK\x01\x02") + 10] = 99
    assert refusal(put(tmp_path, bytes(content))) == "file.damaged"


def test_an_endless_directory_is_refused(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + bytes(42)
    count = 100_000
    end = b"PK\x05\x06\0\0\0\0" + b"\xff\xff\xff\xff"
    end += (len(entry) * count).to_bytes(4, "little") + bytes(6)
    assert refusal(put(tmp_path, b"PK\x03\x04" + entry * count + end)) == "file.damaged"


@pytest.mark.parametrize("cut", [12, 60, 200])
def test_a_file_that_is_cut_off(tmp_path: Path, cut: int) -> None:
    content = gzip.compress(CSV + str(list(range(20000))).encode())
    assert refusal(put(tmp_path, content[:cut])) == "file.damaged"


def test_damage_far_down_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "_UNPACKED", 1 << 17)
    rows = "".join(f"text number {n * 7919 % 10007},{n % 3}\n" for n in range(50_000))
    content = gzip.compress(b"text,label\n" + rows.encode())
    *good, last = table.read(put(tmp_path, content[: len(content) // 2]))
    assert [fault.code for fault in last.faults] == ["file.damaged"]
    assert len(good) > 5_000
    assert last.cells == ["", ""]


def test_a_bomb_stops_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FREE", 1 << 20)
    monkeypatch.setattr(encoding, "_UNPACKED", 1 << 17)
    row = b"some text that is quite long,label\n"
    *good, last = table.read(put(tmp_path, gzip.compress(b"text,label\n" + row * 100_000)))
    assert [fault.code for fault in last.faults] == ["file.unpacked"]
    assert len(good) * len(row) < (tmp_path / "a.csv").stat().st_size * packed.MAX_RATIO + (1 << 20)


def test_a_bomb_in_a_zip_is_known_by_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "FREE", 1 << 20)
    assert refusal(put(tmp_path, zipped({"a.csv": b"a,b\n" * 1_000_000}))) == "file.unpacked"


def test_the_size_has_a_limit_at_any_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_UNPACKED", 1000)
    assert refusal(put(tmp_path, zipped({"a.csv": CSV}, zipfile.ZIP_STORED))) == "file.unpacked"
