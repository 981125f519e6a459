"""Excel workbooks: what a person sees in the first sheet with content."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from datetime import time as daytime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from training import table
from training.problems import Problem
from training.table import packed

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(rows: list[list[Any]], change: Callable[[Any], None] | None = None) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        path = tmp_path / "a.xlsx"
        book.save(path)
        return path

    return write


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one of its parts written anew."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts[part] = change(parts.get(part, b""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return path


def shared(folder: Path, rows: list[list[int]], texts: list[str], prefix: str = "") -> Path:
    """A workbook as Excel writes it, with its texts in a part of their own; `rows` are places among them."""
    p = f"{prefix}:" if prefix else ""
    name = f":{prefix}" if prefix else ""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = "".join(
        f'<{p}row r="{at}">'
        + "".join(
            f'<{p}c r="{"AB"[n]}{at}" t="s"><{p}v>{v}</{p}v></{p}c>' for n, v in enumerate(row)
        )
        + f"</{p}row>"
        for at, row in enumerate(rows, 1)
    )
    strings = "".join(f"<{p}si>{text}</{p}si>" for text in texts)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<{p}workbook xmlns{name}="m" xmlns:r="{kind}"><{p}sheets>'
        f'<{p}sheet name="a" sheetId="1" r:id="r1"/></{p}sheets></{p}workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{kind}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{kind}/sharedStrings" '
        f'Target="/xl/sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<{p}sst xmlns{name}="m">{strings}</{p}sst>',
        SHEET: f'<{p}worksheet xmlns{name}="m"><{p}sheetData>{sheet}</{p}sheetData></{p}worksheet>',
    }
    path = folder / "shared.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for part, content in parts.items():
            book.writestr(part, content)
    return path


def cells(path: Path) -> list[list[str]]:
    return [record.cells for record in table.read(path)]


def faults(path: Path) -> list[tuple[str, int, str]]:
    return [(f.code, f.line, f.column) for record in table.read(path) for f in record.faults]


def refusal(path: Path) -> str:
    with pytest.raises(Problem) as caught:
        table.read(path)
    return caught.value.code


SHEET = "xl/worksheets/sheet1.xml"
ROWS = [["text", "label"], ["hello\nthere", "a"], ["bye", "b"]]


def test_it_works(make: Make) -> None:
    read = table.read(make(ROWS))
    assert (read.detected.format, read.columns) == ("xlsx", ["text", "label"])
    assert (read.encoding, read.delimiter, read.header_line) == ("", "", 1)
    assert list(read) == [table.Record(2, ["hello\nthere", "a"]), table.Record(3, ["bye", "b"])]
    assert list(read) == list(read)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1, "1"),
        (1.0, "1"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (10**15, "1000000000000000"),
        (True, "TRUE"),
        ("007", "007"),
        ("NA", "NA"),
        (" x ", " x "),
        (date(2024, 3, 1), "2024-03-01"),
        (datetime(2024, 3, 1, 12, 30), "2024-03-01 12:30:00"),
        (daytime(12, 30), "12:30:00"),
        ("a_x000D_b", "a\rb"),
        ("\U0001f600 中文 \u202eabc", "\U0001f600 中文 \u202eabc"),
    ],
)
def test_cells_are_as_a_person_sees_them(make: Make, value: Any, shown: str) -> None:
    assert cells(make([["a", "b"], ["x", value]])) == [["x", shown]]


def test_a_format_of_zeros_keeps_them(make: Make) -> None:
    def pad(book: Any) -> None:
        book.active["A2"].number_format = "00000"

    assert cells(make([["id", "b"], [7, 7]], pad)) == [["00007", "7"]]


def test_results_of_formulas_are_read(make: Make) -> None:
    path = make([["a", "b"], ["=1+1", "x"], ["=2+2", "y"]])
    # An empty element is written in three ways, depending on what openpyxl finds installed.
    empty = re.compile(rb"(<f>1\+1</f>)<v ?(/>|></v>)")
    changed(path, SHEET, lambda xml: empty.sub(rb"\1<v>2</v>", xml))
    assert cells(path) == [["2", "x"], ["", "y"]]
    assert faults(path) == [("row.formula", 3, "a")]


def test_the_first_sheet_with_content_is_read(make: Make) -> None:
    def more(book: Any) -> None:
        for name in ("second", "third"):
            sheet = book.create_sheet(name)
            sheet.append(["text", "label"])
            sheet.append([name, "a"])

    assert cells(make([], more)) == [["second", "a"]]


def test_rows_begin_where_the_sheet_has_them(make: Make) -> None:
    path = make([[], [], ["text", "label"], [], ["x", "a"], [None, None], ["y", "b"]])
    read = table.read(path)
    assert read.header_line == 3
    assert [(r.line, r.cells) for r in read] == [(5, ["x", "a"]), (7, ["y", "b"])]


def test_no_header(make: Make) -> None:
    read = table.read(make(ROWS), header=False)
    assert read.columns == ["column 1", "column 2"]
    assert [r.line for r in read] == [1, 2, 3]


def test_cells_beyond_the_last_column(make: Make) -> None:
    path = make([["a", "b"], ["x", "y", "z"], ["x", "y", " "]])
    assert [(code, line) for code, line, _column in faults(path)] == [("row.extra", 2)]
    assert cells(path) == [["x", "y"], ["x", "y"]]


TEXTS = ["<t>text</t>", "<t>label</t>", "<t>é 中文</t>", "<t>a</t>"]


@pytest.mark.parametrize("prefix", ["", "x"])
def test_texts_in_a_part_of_their_own(tmp_path: Path, prefix: str) -> None:
    texts = TEXTS if not prefix else [text.replace("t>", "x:t>") for text in TEXTS]
    path = shared(tmp_path, [[0, 1], [2, 3], [3, 2]], texts, prefix)
    assert table.read(path).columns == ["text", "label"]
    assert cells(path) == [["é 中文", "a"], ["a", "é 中文"]]


def test_texts_with_several_fonts_and_readings(tmp_path: Path) -> None:
    runs = '<r><t>one </t></r><r><t>two</t></r><rPh sb="0" eb="1"><t>no</t></rPh>'
    assert cells(shared(tmp_path, [[0, 1], [2, 3]], [*TEXTS[:2], runs, "<t/>"])) == [
        ["one two", ""]
    ]


def test_a_text_that_is_missing_is_empty(tmp_path: Path) -> None:
    assert cells(shared(tmp_path, [[0, 1], [2, 99]], TEXTS)) == [["é 中文", ""]]


def test_links_to_other_files_are_not_followed(make: Make) -> None:
    external = (
        b'<Relationship Id="rIdX" TargetMode="External" Target="http://127.0.0.1:9/x.xlsx" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"/>'
        b"</Relationships>"
    )
    path = changed(
        make(ROWS),
        "xl/_rels/workbook.xml.rels",
        lambda xml: xml.replace(b"</Relationships>", external),
    )
    assert len(cells(path)) == 2


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_entities_are_refused(tmp_path: Path, part: str) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    path = changed(shared(tmp_path, [[0, 1], [2, 3]], TEXTS), part, lambda xml: bomb + xml)
    assert refusal(path) == "file.damaged"


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_broken_parts_are_named(make: Make, part: str) -> None:
    assert refusal(changed(make(ROWS), part, lambda xml: xml[: len(xml) // 3])) == "file.damaged"


def test_damage_far_down_is_told_with_its_row(make: Make) -> None:
    path = make([["a", "b"]] + [["x", n] for n in range(5000)])
    changed(path, SHEET, lambda xml: xml[: len(xml) // 2])
    *good, last = table.read(path)
    assert len(good) > 1000
    assert [fault.code for fault in last.faults] == ["file.damaged"]


def test_too_many_columns(make: Make) -> None:
    assert refusal(make([[f"c{n}" for n in range(1001)]])) == "column.too_many"


def test_an_empty_workbook(make: Make) -> None:
    assert refusal(make([])) == "file.empty"


def test_a_cell_that_is_too_long(make: Make) -> None:
    long = b'<c r="A2" t="inlineStr"><is><t>' + b"x" * 1_500_000 + b"</t></is></c>"
    path = changed(
        make([["a", "b"], [None, "y"]]),
        SHEET,
        lambda xml: xml.replace(b'<row r="2">', b'<row r="2">' + long, 1),
    )
    assert faults(path) == [("row.long_cell", 2, "a")]


def test_a_bomb_is_known_by_its_directory(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "FREE", 1 << 20)
    path = changed(make(ROWS), SHEET, lambda xml: xml + b" " * (8 << 20))
    begin = time.process_time()
    assert refusal(path) == "file.unpacked"
    assert time.process_time() - begin < 0.5


def test_a_million_empty_rows_cost_little(make: Make) -> None:
    empty = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(4, 100_000))
    path = changed(
        make(ROWS), SHEET, lambda xml: xml.replace(b"</sheetData>", empty + b"</sheetData>")
    )
    begin = time.process_time()
    assert len(table.preview(path).rows) == 2
    assert len(cells(path)) == 2
    assert time.process_time() - begin < 3


def test_texts_far_down_are_not_read_for_a_preview(tmp_path: Path) -> None:
    texts = [*TEXTS[:2], *(f"<t>text {n}</t>" for n in range(100_000))]
    path = shared(tmp_path, [[0, 1]] + [[n, 3] for n in range(2, 20_000)], texts)
    begin = time.process_time()
    assert table.preview(path).rows[19] == ["text 19", "text 1"]
    assert time.process_time() - begin < 0.3


def test_a_workbook_inside_a_zip(make: Make, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/a.xlsx", make(ROWS).read_bytes())
    path = tmp_path / "b.zip"
    path.write_bytes(buffer.getvalue())
    assert table.preview(path).format == "xlsx"
    assert len(cells(path)) == 2


def test_another_format_cannot_be_chosen_for_it(make: Make) -> None:
    with pytest.raises(Problem) as caught:
        table.read(make(ROWS), format="csv")
    assert caught.value.code == "file.format"
