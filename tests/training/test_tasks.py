"""What holds for the data side of every task, and what a row becomes in each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training import check, events, version
from training.problems import TABLE
from training.tasks import TASKS
from training.tasks.shape import BETWEEN, Task, read_plain
from training.validation import Source

# One good row for each variant of each task: the values of its roles, and what is kept of them.
SPANS = '[{"start": 0, "end": 4, "label": "city"}]'
TALK = '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]'
ROWS: dict[tuple[str, str], tuple[dict[str, str], dict[str, str]]] = {
    ("text-classification", "single"): ({"text": "a", "label": "x"}, {"text": "a", "label": "x"}),
    ("text-classification", "multi"): (
        {"text": "a", "label": '["x", "y", "x"]'},
        {"text": "a", "label": '["x", "y"]'},
    ),
    ("text-matching", "label"): (
        {"text_a": "a", "text_b": "b", "label": "1"},
        {"text_a": "a", "text_b": "b", "label": "1"},
    ),
    ("text-matching", "score"): (
        {"text_a": "a", "text_b": "b", "score": " 0.5 "},
        {"text_a": "a", "text_b": "b", "score": "0.5"},
    ),
    ("ner", "spans"): (
        {"text": "北京很大", "entities": '[[0, 2, "city"]]'},
        {"text": "北京很大", "entities": '[{"start": 0, "end": 2, "label": "city"}]'},
    ),
    ("ner", "tags"): (
        {"tokens": "Rome is old", "tags": "B-city O O"},
        {"text": "Rome is old", "entities": SPANS},
    ),
    ("ner", "inline"): ({"text": "[Rome](city) is old"}, {"text": "Rome is old", "entities": SPANS}),
    ("relation-extraction", "offsets"): (
        {"text": "ab cd", "head_start": "0", "head_end": "2", "tail_start": "3", "tail_end": "5", "label": "r"},
        {"text": "ab cd", "head_start": "0", "head_end": "2", "tail_start": "3", "tail_end": "5", "label": "r"},
    ),
    ("relation-extraction", "markers"): (
        {"text": "<e2>ab</e2> <e1>😀</e1>", "label": "r"},
        {"text": "ab 😀", "head_start": "3", "head_end": "4", "tail_start": "0", "tail_end": "2", "label": "r"},
    ),
    ("question-answering", "extractive"): (
        {"context": "It is in Rome.", "question": "Where?", "answer_text": "Rome"},
        {"context": "It is in Rome.", "question": "Where?", "answer_text": "Rome", "answer_start": "9"},
    ),
    ("question-answering", "generative"): (
        {"question": "Where?", "answer_text": "Rome"},
        {"question": "Where?", "answer_text": "Rome"},
    ),
    ("translation", "pairs"): ({"source": "a", "target": "b"}, {"source": "a", "target": "b"}),
    ("summarization", "pairs"): ({"source": "a", "target": "b"}, {"source": "a", "target": "b"}),
    ("dialogue", "messages"): ({"messages": TALK}, {"messages": TALK}),
    ("dialogue", "pairs"): ({"prompt": "Hi", "response": "Hello"}, {"messages": TALK}),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", TASKS)
VARIANTS = pytest.mark.parametrize(("name", "variant"), ROWS)


def understood(task: Task, name: str, values: dict[str, str]) -> Any:
    variant = task.variant(name)
    whole = dict.fromkeys(task.roles, "") | values
    return variant.parse(whole) if variant.parse else read_plain(variant, whole)


@EVERY
def test_it_is_whole(name: str) -> None:
    task = TASKS[name]
    assert task.name == name
    assert {v for t, v in ROWS if t == name} == {variant.name for variant in task.variants}
    for variant in task.variants:
        assert bool(variant.key) != bool(variant.parse)
        assert set(variant.needs) <= set(task.roles)
        assert set(variant.keeps) <= set(task.roles)
        assert task.variant(variant.stored or variant.name).keeps == variant.keeps


@VARIANTS
def test_a_good_row_is_kept_as_it_is_meant(name: str, variant: str) -> None:
    values, kept = ROWS[name, variant]
    found = understood(TASKS[name], variant, values)
    assert dict(zip(TASKS[name].variant(variant).keeps, found.values, strict=True)) == kept
    assert (bool(found.key), found.flaws) == (True, ())


@VARIANTS
def test_its_example_is_a_good_row(name: str, variant: str) -> None:
    found = TASKS[name].variant(variant)
    row = understood(TASKS[name], variant, dict(zip(found.needs, found.example, strict=True)))
    assert (bool(row.key), row.flaws) == (True, ())


@VARIANTS
def test_what_is_kept_is_understood_again(name: str, variant: str) -> None:
    task = TASKS[name]
    _values, kept = ROWS[name, variant]
    stored = task.variant(variant).stored or variant
    assert understood(task, stored, kept).values == tuple(kept.values())


@VARIANTS
def test_an_empty_row_has_flaws_with_words(name: str, variant: str) -> None:
    found = understood(TASKS[name], variant, {})
    assert not found.key
    assert found.flaws
    assert all(flaw.code in TABLE for flaw in found.flaws)


@VARIANTS
def test_columns_suggest_the_variant(name: str, variant: str) -> None:
    values, _kept = ROWS[name, variant]
    task = TASKS[name]
    suggested = task.suggested(values)
    assert suggested
    assert task.infer([values], suggested.name) == variant


@VARIANTS
def test_files_become_a_version(name: str, variant: str, tmp_path: Path) -> None:
    values, kept = ROWS[name, variant]
    path = tmp_path / "a.tsv"
    lines = [values | {"note": str(number)} for number in range(4)]
    quoted = ["\t".join('"' + v.replace('"', '""') + '"' for v in row.values()) for row in lines]
    if TASKS[name].variant(variant).least == 2:  # two labels are needed
        quoted += [
            row.replace('"x', '"z').replace('"r"', '"s"').replace('"1"', '"0"') for row in quoted
        ]
    path.write_text("\n".join(["\t".join(lines[0]), *quoted]), encoding="utf-8")
    source = Source("train", str(path), path.name)
    last = [*check.check(TASKS[name], [source], {role: role for role in values}, out=tmp_path)][-1]
    assert isinstance(last, events.Checked)
    assert last.version, last.findings
    rows = list(version.read(tmp_path / "version.parquet"))
    assert dict(rows[0].values) == kept
    assert rows[0].extra == {"note": "0"}
    assert len(rows) == len(quoted)


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("a", ["a"]),
        ("a|b", ["a", "b"]),
        ("a; b", ["a", "b"]),
        ('["a|b", "c"]', ["a|b", "c"]),
        ("[not a list", ["[not a list"]),
        ("[]", []),
    ],
)
def test_several_labels_of_a_cell(cell: str, labels: list[str]) -> None:
    found = understood(TASKS["text-classification"], "multi", {"text": "t", "label": cell})
    assert json.loads(found.values[1]) == labels


@pytest.mark.parametrize(
    ("cells", "variant"),
    [
        (["a", "b", "a|b"], "multi"),
        (["a", "b", "yes; no"], "single"),
        (["a|b", "c|d"], "single"),
        (['["a"]', "b"], "multi"),
    ],
)
def test_several_labels_are_told_from_names_with_a_bar(cells: list[str], variant: str) -> None:
    rows = [{"text": "t", "label": cell} for cell in cells]
    assert TASKS["text-classification"].infer(rows, "single") == variant


def test_label_columns_of_yes_and_no_become_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,red,blue\n" + "one,1,0\ntwo,1,1\nthree,0,1\nfour,0,0\n")
    columns = {"text": "text", "label": BETWEEN.join(["red", "blue"])}
    source = Source("train", str(path), path.name)
    [*check.check(TASKS["text-classification"], [source], columns, out=tmp_path)]
    found = [row.values["label"] for row in version.read(tmp_path / "version.parquet")]
    assert found == ['["red"]', '["red", "blue"]', '["blue"]', "[]"]


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("ner", {"text": "ab", "entities": '[[0, 5, "x"]]'}, "span.range"),
        ("ner", {"text": "ab", "entities": "nonsense"}, "span.unread"),
        ("ner", {"text": "abc", "entities": '[[0, 2, "x"], [1, 3, "y"]]'}, "span.overlap"),
        (
            "question-answering",
            {"context": "a", "question": "b", "answer_text": "c"},
            "answer.missing",
        ),
        (
            "question-answering",
            {"context": "xa", "question": "b", "answer_text": "a", "answer_start": "0"},
            "answer.moved",
        ),
        ("dialogue", {"messages": '[{"role": "robot", "content": "x"}]'}, "messages.broken"),
    ],
)
def test_what_is_wrong_is_named(name: str, values: dict[str, str], code: str) -> None:
    task = TASKS[name]
    assert [flaw.code for flaw in understood(task, task.variants[0].name, values).flaws] == [code]
