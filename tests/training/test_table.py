"""Reading a table: every row as it stands in the file, with the line on which it begins."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from training import table
from training.problems import Problem

Make = Callable[[bytes | str], Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(content: bytes | str) -> Path:
        path = tmp_path / "a.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(path: Path, **choices: str) -> list[list[str]]:
    return [record.cells for record in table.read(path, **choices)]


def lines(path: Path) -> list[int]:
    return [record.line for record in table.read(path)]


def faults(path: Path) -> list[tuple[str, int]]:
    return [(f.code, f.line) for record in table.read(path) for f in record.faults]


def refusal(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        table.read(path)
    return caught.value


def test_it_works(make: Make) -> None:
    read = table.read(make("text,label\nhello,greeting\n"))
    assert read.columns == ["text", "label"]
    assert [(r.line, r.cells, r.faults) for r in read] == [(2, ["hello", "greeting"], ())]


def test_it_can_be_read_twice(make: Make) -> None:
    read = table.read(make("a,b\n1,2\n"))
    assert list(read) == list(read)


@pytest.mark.parametrize(
    "value",
    ["NA", "null", "None", "nan", "007", "1.0", "1e400", "TRUE", "3/4", "MARCH1", "-", "=1+1"],
)
def test_it_keeps_texts_as_they_are(make: Make, value: str) -> None:
    assert rows(make(f"text,label\nx,{value}\n")) == [["x", value]]


def test_it_keeps_spaces_around_cells(make: Make) -> None:
    assert rows(make("text,label\n x , y \n")) == [[" x ", " y "]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_it_finds_the_separator(make: Make, delimiter: str) -> None:
    content = "".join(
        f"{text}{delimiter}{label}\n"
        for text, label in [
            ("text", "label"),
            ("hello there", "a"),
            ("well", "b"),
            ("fine. thanks", "a"),
        ]
    )
    assert table.detect(make(content)).delimiter == delimiter
    assert table.read(make(content)).columns == ["text", "label"]


def test_it_finds_a_semicolon_though_texts_hold_commas(make: Make) -> None:
    content = "text;label\n" + "Yes, I do, really;a\nNo, never;b\n" * 20
    assert table.detect(make(content)).delimiter == ";"


def test_it_finds_a_comma_though_labels_hold_pipes(make: Make) -> None:
    content = "text,label\n" + "x,joy|fear\ny,joy\n" * 20
    assert table.detect(make(content)).delimiter == ","


def test_it_finds_a_comma_though_some_rows_are_ragged(make: Make) -> None:
    content = "text,label\n" + "x,a\n" * 9 + "a;b,c,d\n"
    assert table.detect(make(content)).delimiter == ","


def test_it_takes_a_chosen_separator(make: Make) -> None:
    assert rows(make("a,b;c\n1,2;3\n"), delimiter=";") == [["1,2", "3"]]
    assert rows(make("a\tb\n1\t2\n"), delimiter="\\t") == [["1", "2"]]


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n", "x"])
def test_it_refuses_a_separator_that_is_none(make: Make, delimiter: str) -> None:
    with pytest.raises(Problem, match="separator"):
        table.read(make("a,b\n1,2\n"), delimiter=delimiter)


def test_it_honours_the_sep_line(make: Make) -> None:
    path = make("sep=;\ntext;label\nhi, you;a\n")
    assert table.read(path).columns == ["text", "label"]
    assert [(r.line, r.cells) for r in table.read(path)] == [(3, ["hi, you", "a"])]


def test_it_understands_escaped_quotes(make: Make) -> None:
    content = 'text,label\n"He said \\"hi\\", then left",a\n"plain, too",b\n'
    assert rows(make(content)) == [['He said "hi", then left', "a"], ["plain, too", "b"]]


def test_it_keeps_a_backslash_that_escapes_nothing(make: Make) -> None:
    assert rows(make('text,label\n"C:\\",a\n"say ""x""",b\n')) == [["C:\\", "a"], ['say "x"', "b"]]


def test_it_counts_lines_within_quotes(make: Make) -> None:
    path = make('text,label\n"two\nlines",a\nnext,b\n"three\r\n\r\nlines",c\nlast,d\n')
    assert lines(path) == [2, 4, 5, 8]
    assert rows(path)[0] == ["two\nlines", "a"]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_it_knows_all_line_ends(make: Make, end: str) -> None:
    path = make(end.join(["text,label", "x,a", "", "y,b", ""]))
    assert [(r.line, r.cells) for r in table.read(path)] == [(2, ["x", "a"]), (4, ["y", "b"])]


def test_it_knows_mixed_line_ends(make: Make) -> None:
    assert lines(make("text,label\r\nx,a\ny,b\rz,c\r\n")) == [2, 3, 4]


@pytest.mark.parametrize("char", ["\u2028", "\u0085", "\v", "\f", "\x1c", "\x1e", "\x1f"])
def test_it_takes_no_other_character_for_a_line_end(make: Make, char: str) -> None:
    assert rows(make(f"text,label\na{char}b,x\n")) == [[f"a{char}b", "x"]]


def test_it_reads_names_plainly(make: Make) -> None:
    path = make("\ufeff text ,\u200blabel\ufeff,cafe\u0301\n1,2,3\n")
    assert table.read(path).columns == ["text", "label", "café"]


def test_it_tells_names_of_different_case_apart(make: Make) -> None:
    assert table.read(make("Text,text\n1,2\n")).columns == ["Text", "text"]


def test_it_numbers_names_that_repeat(make: Make) -> None:
    read = table.read(make("text,text,label,text\n1,2,3,4\n"))
    assert read.columns == ["text", "text (2)", "label", "text (3)"]
    assert read.duplicates == {"text"}


def test_it_names_columns_without_a_name(make: Make) -> None:
    read = table.read(make("text,,label\n1,2,3\n"))
    assert read.columns == ["text", "column 2", "label"]
    assert [fault.code for fault in read.faults] == ["column.unnamed"]


def test_it_leaves_out_empty_cells_behind_the_last_column(make: Make) -> None:
    read = table.read(make("text,label\nx,a,\ny,b, \n"))
    assert [record.cells for record in read] == [["x", "a"], ["y", "b"]]
    assert read.trailing == 2


def test_it_leaves_out_rows_without_content(make: Make) -> None:
    read = table.read(make("text,label\n,\nx,a\n\n , \n"))
    assert [record.line for record in read] == [3]
    assert read.blank == 2


def test_it_reports_rows_with_too_many_cells(make: Make) -> None:
    path = make("text,label\nx,a\ny,b,c\n" + "z,d\n" * 20)
    assert faults(path) == [("row.extra", 3)]
    assert rows(path)[1] == ["y", "b"]


def test_it_reports_a_long_row_far_down(make: Make) -> None:
    path = make("text,label\n" + "z,d\n" * 200_000 + "y,b,c\n")
    assert faults(path) == [("row.extra", 200_002)]


def test_it_reports_rows_with_too_few_cells(make: Make) -> None:
    path = make("text,label\nx,a\nonly\n")
    assert faults(path) == [("row.short", 3)]
    assert rows(path)[1] == ["only", ""]


def test_it_reports_a_quote_that_is_never_closed(make: Make) -> None:
    path = make('text,label\nx,a\ny,b\n"open,c\nz,d\n')
    assert faults(path) == [("row.quote", 4)]


def test_it_reports_an_open_quote_of_a_large_file_quickly(make: Make) -> None:
    path = make('text,label\n"open,c\n' + "some words of a text,label\n" * 400_000)
    begin = time.process_time()
    assert faults(path) == [("row.quote", 2)]
    assert time.process_time() - begin < 5


def test_it_accepts_stray_quotes_inside_a_cell(make: Make) -> None:
    assert rows(make('text,label\na 5" pipe,x\n')) == [['a 5" pipe', "x"]]


def test_it_reports_nul_characters(make: Make) -> None:
    path = make("text,label\n" + "x,a\n" * 50 + "a\0b,a\n")
    assert faults(path) == [("row.nul", 52)]


def test_it_reports_undecodable_bytes_with_line_and_byte(make: Make) -> None:
    path = make("text,label\ncafé,a\nnaïve,b\n".encode() + b"ab\xff\xfec,c\n" + "é,d\n".encode())
    found = [fault for record in table.read(path) for fault in record.faults]
    assert [(f.code, f.line) for f in found] == [("row.undecodable", 4)]
    assert found[0].values == {"bytes": "FF", "position": 3, "encoding": "utf-8"}


@pytest.mark.parametrize("bad", [b"\xed\xa0\x80", b"\xc0\xaf", b"\xe4\xb8"])
def test_it_never_lets_half_a_character_through(make: Make, bad: bytes) -> None:
    path = make("text,label\n中文很好,a\n好的东西,b\n".encode() + bad + b",c\n")
    assert faults(path) == [("row.undecodable", 4)]
    shown = table.preview(path)
    assert all(cell.encode("utf-8") for row in shown.rows for cell in row)


def test_it_reports_a_character_cut_at_the_end(make: Make) -> None:
    path = make("text,label\n中文很好,a\n好的东西,".encode() + "中".encode()[:2])
    assert faults(path) == [("row.undecodable", 3)]


def test_it_reports_a_cell_that_is_too_long_and_reads_on(make: Make) -> None:
    path = make("text,label\n" + "x" * (table.MAX_CELL + 1) + ",a\ny,b\n")
    assert faults(path) == [("row.long_cell", 2)]
    assert rows(path)[-1] == ["y", "b"]


def test_its_limit_holds_whatever_else_reads_csv_here(make: Make) -> None:
    csv.field_size_limit(2**31 - 1)
    assert faults(make("text,label\n" + "x" * (table.MAX_CELL + 1) + ",a\n")) == [
        ("row.long_cell", 2)
    ]


def test_it_stops_at_an_endless_line(make: Make) -> None:
    path = make("text,label\n" + "x" * 9_000_000)
    assert faults(path) == [("row.long_cell", 2)]


def test_it_takes_the_longest_cell_that_is_allowed(make: Make) -> None:
    assert len(rows(make("text,label\n" + "x" * table.MAX_CELL + ",a\n"))[0][0]) == table.MAX_CELL


def test_it_refuses_megabytes_of_commas_at_once(make: Make) -> None:
    path = make("," * 5_000_000)
    begin = time.process_time()
    assert refusal(path).code in {"column.too_many", "file.empty"}
    assert time.process_time() - begin < 3


def test_it_refuses_too_many_columns(make: Make) -> None:
    problem = refusal(make(",".join(f"c{n}" for n in range(1001)) + "\n1\n"))
    assert (problem.code, problem.values) == ("column.too_many", {"found": 1001, "limit": 1000})


def test_it_refuses_an_endless_column_name(make: Make) -> None:
    assert refusal(make("n" * 201 + ",b\n1,2\n")).code == "column.long_name"
    assert refusal(make("n" * 200_000 + ",b\n1,2\n")).code == "column.long_name"


def test_it_refuses_millions_of_quotes(make: Make) -> None:
    assert refusal(make('"' * 5_000_001)).code == "row.quote"


def test_it_refuses_an_open_quote_in_the_header(make: Make) -> None:
    problem = refusal(make('"text,label\nx,a\n'))
    assert (problem.code, problem.values["line"]) == ("row.quote", 1)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xef\xbb\xbf", b"\n\n \r\n\t", b"\xff\xfe", b"\xef\xbb\xbf\n \n", b"\n" * 100_000],
)
def test_it_refuses_an_empty_file(make: Make, content: bytes) -> None:
    assert refusal(make(content)).code == "file.empty"


def test_it_refuses_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.csv").code == "file.missing"


def test_it_reads_a_header_alone(make: Make) -> None:
    path = make("text,label\n")
    assert table.read(path).columns == ["text", "label"]
    assert rows(path) == []


@pytest.mark.parametrize(
    "content",
    [
        "1,2\n3,4\n",
        "I really like this product a lot and would buy it again,pos\nbad,neg\n",
        "x,pos\ny,pos\nz,pos\n",
    ],
)
def test_it_doubts_a_header_that_looks_like_data(make: Make, content: str) -> None:
    assert not table.detect(make(content)).header


def test_it_trusts_a_plain_header(make: Make) -> None:
    assert table.detect(make("text,label\nx,a\ny,b\n")).header


def test_preview_shows_the_first_rows(make: Make) -> None:
    shown = table.preview(make("text;label\n" + "x;a\n" * 30), rows=20)
    assert (shown.encoding, shown.delimiter, shown.columns) == ("utf-8", ";", ["text", "label"])
    assert len(shown.rows) == 20
    assert shown.lines[0] == 2
    assert shown.header


def test_preview_lists_faults_as_plain_data(make: Make) -> None:
    shown = table.preview(make("text,label\nx,a\ny\n"))
    assert shown.faults == [
        {
            "code": "row.short",
            "line": 3,
            "column": "label",
            "value": "",
            "values": {"found": 1, "expected": 2},
        }
    ]
