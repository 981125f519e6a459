"""Plain JSON and JSON Lines: keys are columns, and each row knows the line on which it begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from training import table
from training.problems import Problem

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(content: bytes | str | list[Any]) -> Path:
        path = tmp_path / "a.txt"
        if isinstance(content, list):
            content = "".join(json.dumps(item) + "\n" for item in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def faults(path: Path) -> list[tuple[str, int]]:
    return [(f.code, f.line) for record in table.read(path) for f in record.faults]


def refusal(path: Path, **choices: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        table.read(path, **choices)
    return caught.value


ROWS = [{"text": "hello", "label": "a"}, {"text": "bye", "label": "b"}]


def test_lines_are_read(make: Make) -> None:
    read = table.read(make(ROWS))
    assert (read.detected.format, read.columns) == ("jsonl", ["text", "label"])
    assert [(r.line, r.cells, r.faults) for r in read] == [
        (1, ["hello", "a"], ()),
        (2, ["bye", "b"], ()),
    ]
    assert list(read) == list(read)


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_is_read(make: Make, indent: int | None) -> None:
    read = table.read(make(json.dumps(ROWS, indent=indent)))
    assert (read.detected.format, read.columns) == ("json", ["text", "label"])
    assert [r.cells for r in read] == [["hello", "a"], ["bye", "b"]]
    assert [r.line for r in read] == ([1, 1] if indent is None else [2, 6])


@pytest.mark.parametrize("key", ["data", "rows", "examples"])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_inside_an_object_is_read(make: Make, key: str, indent: int | None) -> None:
    content = {"version": "1", "notes": [1, 2], key: ROWS, "after": {}}
    read = table.read(make(json.dumps(content, indent=indent)))
    assert [r.cells for r in read] == [["hello", "a"], ["bye", "b"]]


def test_lists_are_rows_too(make: Make) -> None:
    read = table.read(make('[["a", "b"], ["c", "d"]]'))
    assert read.columns == ["column 1", "column 2"]
    assert [r.cells for r in read] == [["a", "b"], ["c", "d"]]


def test_one_object_is_one_row(make: Make) -> None:
    assert [r.cells for r in table.read(make('{"text": "x", "n": 1}'))] == [["x", "1"]]
    assert [r.cells for r in table.read(make('{\n"text": "x",\n"n": 1}\n'))] == [["x", "1"]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("1", "1"),
        ("1.0", "1.0"),
        ("1e400", "1e400"),
        ("007e1", None),
        ("9" * 5000, "9" * 5000),
        ("true", "true"),
        ("null", ""),
        ("NaN", "NaN"),
        ('"NA"', "NA"),
        ('["a", 1.5]', '["a", 1.5]'),
        ('{"k": "é"}', '{"k": "é"}'),
        ('{"k": NaN}', '{"k": null}'),
    ],
)
def test_values_become_texts(make: Make, value: str, cell: str | None) -> None:
    path = make(f'{{"v": {value}, "w": "x"}}\n{{"v": 1, "w": "y"}}\n')
    first = next(iter(table.read(path)))
    if cell is None:
        assert first.faults[0].code == "row.json"
    else:
        assert first.cells == [cell, "x"]


def test_keys_of_all_the_first_rows_are_columns(make: Make) -> None:
    read = table.read(make([{"a": 1}, {"b": 2}]))
    assert read.columns == ["a", "b"]
    assert [r.cells for r in read] == [["1", ""], ["", "2"]]


def test_a_key_that_comes_late_is_reported(make: Make) -> None:
    path = make([{"a": "x", "b": "y"}] * 3000 + [{"a": "x", "b": "y", "late": "z"}])
    assert faults(path) == [("row.new_field", 3001)]


def test_a_broken_line_is_reported_and_left_out(make: Make) -> None:
    path = make('{"a": "x"}\n{"a": \n\n{"a": "z"}\n')
    assert faults(path) == [("row.json", 2)]
    assert [r.line for r in table.read(path)] == [1, 2, 4]


def test_a_list_that_breaks_off_is_read_so_far(make: Make) -> None:
    path = make('[\n{"a": "x"},\n{"a": "y"},\n{"a": "z"')
    assert [r.cells for r in table.read(path)][:2] == [["x"], ["y"]]
    assert faults(path) == [("row.json", 4)]


def test_entries_that_are_no_rows_are_reported(make: Make) -> None:
    assert faults(make('{"a": "x"}\n3\n"text"\n')) == [("row.shape", 2), ("row.shape", 3)]


def test_half_a_character_never_gets_through(make: Make) -> None:
    path = make('{"a": "x\\ud800y", "b": "\\ud83d\\ude00"}\n')
    assert faults(path) == [("row.half", 1)]
    assert [r.cells for r in table.read(path)] == [["x\ufffdy", "😀"]]


def test_a_column_name_with_half_a_character(make: Make) -> None:
    assert table.read(make('{"a\\udc00": "x", "b": 1}\n')).columns == ["a\ufffd", "b"]


def test_nul_is_reported(make: Make) -> None:
    assert faults(make('{"a": "x\\u0000"}\n{"a": "y"}\n')) == [("row.nul", 1)]


def test_undecodable_bytes_are_reported(make: Make) -> None:
    path = make('{"a": "中文很好的东西"}\n{"a": "'.encode() + b'\xff"}\n')
    assert faults(path) == [("row.undecodable", 2)]


@pytest.mark.parametrize("style", ["lines", "list"])
def test_endless_nesting_is_reported(make: Make, style: str) -> None:
    deep = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    text = f'{{"a": 1}}\n{deep}\n' if style == "lines" else f'[{{"a": 1}},\n{deep}]'
    assert faults(make(text)) == [("row.json", 2)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_other_encodings(make: Make, encoding: str) -> None:
    text = '{"text": "今天天气很好，我们去公园吧", "label": "好"}\n' * 30
    read = table.read(make(text.encode(encoding)))
    assert next(iter(read)).cells == ["今天天气很好，我们去公园吧", "好"]
    assert read.detected.format == "jsonl"


@pytest.mark.parametrize("content", ["[]", "{}", "[ \n ]", '{"data": []}'])
def test_nothing_is_an_empty_file(make: Make, content: str) -> None:
    assert refusal(make(content), format="json").code in {"file.empty"}


@pytest.mark.parametrize(
    "content",
    ['{"text": ["a", "b"], "label": ["x", "y"]}', '{"text": {"0": "a"}, "label": {"0": "x"}}'],
)
def test_a_table_by_columns_is_refused(make: Make, content: str) -> None:
    assert refusal(make(content)).code == "file.json_shape"


def test_text_read_as_json_is_refused(make: Make) -> None:
    assert refusal(make("text,label\nx,a\n"), format="json").code == "file.json"


def test_too_many_keys_are_refused(make: Make) -> None:
    content = [{f"k{n}": 1 for n in range(1001)}]
    assert refusal(make(content)).code == "column.too_many"


def test_progress_reaches_the_end(make: Make) -> None:
    read = table.read(make(ROWS * 2000))
    *_, _last = read
    assert 0.5 < read.progress() <= 1
