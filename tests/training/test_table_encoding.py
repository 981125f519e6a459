"""Encodings: found where the bytes say so, guessed where they do not, and then said to be a guess."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from training import table
from training.problems import Problem

ENGLISH = "text,label\nA café in Zürich — naïve,place\n“Quoted” words cost 5 €,price\n"
FRENCH = "text,label\nOù est l'hôtel à côté de la gare ?,lieu\nÇa coûte très cher en été,prix\n"
GERMAN = "text,label\nGrüße aus München,Gruß\nDas kostet überall dreißig Euro,Preis\n"
CHINESE = (
    "文本,标签\n这个宾馆比较陈旧了，特价的房间也很一般,负面\n总体来说很满意，早餐简单了些,正面\n"
)
TAIWAN = "文本,標籤\n這個飯店比較舊了，特價的房間也很普通,負面\n整體來說很滿意，早餐簡單了些,正面\n"
JAPANESE = "本文,ラベル\nこのホテルはとても良かったです。,良い\n部屋が狭くて、朝食もいまいちでした。,悪い\n"
KOREAN = "본문,라벨\n이 호텔은 정말 좋았습니다,긍정\n방이 좁고 아침 식사가 별로였습니다,부정\n"
RUSSIAN = "текст,метка\nОтличная гостиница рядом с вокзалом,хорошо\nНомер маленький и очень шумный,плохо\n"
POLISH = "tekst,etykieta\nZażółć gęślą jaźń,test\nBardzo ładny pokój i miła obsługa,dobrze\n"


def write(tmp_path: Path, content: str, encoding: str, mark: bytes = b"") -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(mark + content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-8", codecs.BOM_UTF8 * 2),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
    ],
)
@pytest.mark.parametrize("content", [ENGLISH, CHINESE, RUSSIAN])
def test_it_is_sure_of_unicode(tmp_path: Path, content: str, encoding: str, mark: bytes) -> None:
    path = write(tmp_path, content, encoding, mark)
    assert not table.detect(path).guessed
    read = table.read(path)
    lines = content.splitlines()
    assert read.columns == lines[0].split(",")
    assert next(record.cells for record in read) == lines[1].split(",")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_it_finds_utf_16_without_a_mark(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, ENGLISH, encoding)
    assert table.detect(path).encoding == encoding
    assert table.read(path).columns == ["text", "label"]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (ENGLISH, "cp1252"),
        (FRENCH, "cp1252"),
        (GERMAN, "cp1252"),
        (CHINESE, "gb18030"),
        (CHINESE * 50, "gb18030"),
        (TAIWAN, "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (KOREAN, "euc_kr"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (POLISH, "cp1250"),
    ],
)
def test_it_guesses_and_says_so(tmp_path: Path, content: str, encoding: str) -> None:
    path = write(tmp_path, content, encoding)
    found = table.detect(path)
    assert found.guessed
    read = table.read(path)
    lines = content.splitlines()
    assert read.columns == lines[0].split(",")
    assert [record.cells for record in read] == [line.split(",") for line in lines[1:]]


@pytest.mark.parametrize(
    ("content", "encoding"), [(POLISH, "cp1250"), (FRENCH, "latin-1"), (CHINESE, "gbk")]
)
def test_it_takes_a_chosen_encoding(tmp_path: Path, content: str, encoding: str) -> None:
    path = write(tmp_path, content, encoding)
    read = table.read(path, encoding=encoding)
    assert not read.detected.guessed
    assert [record.cells for record in read] == [
        line.split(",") for line in content.splitlines()[1:]
    ]


@pytest.mark.parametrize("encoding", ["martian", "base64", "rot13", "hex", "idna\0", "../x"])
def test_it_refuses_an_encoding_that_is_none(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(Problem) as caught:
        table.read(write(tmp_path, ENGLISH, "utf-8"), encoding=encoding)
    assert caught.value.code == "file.encoding"


@pytest.mark.parametrize("encoding", table.ENCODINGS)
def test_it_reads_every_encoding_on_offer(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "text,label\nx,a\n", encoding)
    assert [record.cells for record in table.read(path, encoding=encoding)] == [["x", "a"]]


def test_it_keeps_a_mark_in_the_middle(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\nx\ufeffy,a\n", "utf-8")
    assert [record.cells for record in table.read(path)] == [["x\ufeffy", "a"]]


def test_a_wrong_choice_shows_in_the_rows(tmp_path: Path) -> None:
    path = write(tmp_path, FRENCH, "cp1252")
    codes = {fault.code for record in table.read(path, encoding="utf-8") for fault in record.faults}
    assert codes == {"row.undecodable"}


def test_two_encodings_in_one_file_show_in_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(FRENCH.encode() * 5 + "très,x\n".encode("cp1252"))
    found = [(f.code, f.line) for record in table.read(path) for f in record.faults]
    assert found == [("row.undecodable", 16)]
