"""CoNLL columns: a word a line, its tag last, an empty line after each sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import table
from training.problems import Problem

PLAIN = "EU B-ORG\nrejects O\ncalls O\n\nPeter B-PER\nBlackburn I-PER\n"


def put(folder: Path, content: str | bytes) -> Path:
    path = folder / "a.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sentences(path: Path) -> list[tuple[int, list[str], list[str]]]:
    return [(r.line, *(json.loads(cell) for cell in r.cells)) for r in table.read(path)]


def faults(path: Path) -> list[tuple[str, int]]:
    return [(f.code, f.line) for record in table.read(path) for f in record.faults]


def test_it_works(tmp_path: Path) -> None:
    read = table.read(put(tmp_path, PLAIN))
    assert (read.detected.format, read.columns) == ("conll", ["tokens", "tags"])
    assert sentences(tmp_path / "a.txt") == [
        (1, ["EU", "rejects", "calls"], ["B-ORG", "O", "O"]),
        (5, ["Peter", "Blackburn"], ["B-PER", "I-PER"]),
    ]
    assert list(read) == list(read)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", ["\t", " ", "  "])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    path = put(tmp_path, PLAIN.replace(" ", separator).replace("\n", end))
    assert [line for line, *_ in sentences(path)] == [1, 5]


def test_four_columns_and_documents(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n\nPeter NNP B-NP B-PER\n",
    )
    assert sentences(path) == [(3, ["EU", "rejects"], ["B-ORG", "O"]), (8, ["Peter"], ["B-PER"])]


@pytest.mark.parametrize("tags", ["B-X I-X E-X S-X O", "B-X I-X L-X U-X O", "B-X I-X I-Y B-Y O"])
def test_all_ways_to_tag(tmp_path: Path, tags: str) -> None:
    path = put(tmp_path, "".join(f"w{n} {tag}\n" for n, tag in enumerate(tags.split())))
    assert sentences(path)[0][2] == tags.split()


def test_words_may_hold_spaces_between_tabs(tmp_path: Path) -> None:
    assert sentences(put(tmp_path, "New York\tB-LOC\nis\tO\nbig\tO\n"))[0][1][0] == "New York"


def test_chinese_characters(tmp_path: Path) -> None:
    content = "中 B-LOC\n国 I-LOC\n很 O\n大 O\n\n" * 20
    for encoding in ("utf-8", "gb18030"):
        assert sentences(put(tmp_path, content.encode(encoding)))[0][1] == ["中", "国", "很", "大"]


def test_comments_and_a_line_of_names_are_passed_over(tmp_path: Path) -> None:
    path = put(tmp_path, "# id = 7\ntoken\ttag\nEU\tB-ORG\nx\tO\n# id = 8\ny\tO\n#\tO\n")
    assert sentences(path) == [(3, ["EU", "x", "y", "#"], ["B-ORG", "O", "O", "O"])]


def test_a_line_with_another_number_of_columns(tmp_path: Path) -> None:
    path = put(tmp_path, (PLAIN + "\n") * 5 + "lonely\nword O\n\nx O\n")
    assert faults(path) == [("row.tags", 36)]
    assert sentences_but(path, "row.tags") == 11


def sentences_but(path: Path, code: str) -> int:
    return sum(all(f.code != code for f in record.faults) for record in table.read(path))


def test_a_sentence_without_an_end(tmp_path: Path) -> None:
    path = put(tmp_path, "word O\n" * 100_000)
    assert faults(path)[0] == ("row.long_cell", 1)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = put(tmp_path, "é O\nè O\n\n".encode() * 3 + b"\xff O\n")
    assert faults(path) == [("row.undecodable", 10)]


def test_text_without_tags_is_no_conll(tmp_path: Path) -> None:
    assert table.detect(put(tmp_path, "some words\nother words\nmore words\n")).format == "csv"


def test_a_single_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        table.read(put(tmp_path, "a\nb\n"), format="conll")
    assert caught.value.code == "file.format"
