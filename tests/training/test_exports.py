"""A version goes out as a file, and comes back from it as the same rows."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training import commands, exports, splits, table, version
from training.exports import EXPORTS
from training.exports.marked import Span, apart, tagged
from training.problems import Problem
from training.spool import Spool
from training.tasks import TASKS
from training.tasks.ner import as_json, of_tokens
from training.validation import Scan, Source

Values = tuple[str, ...]
# What is hard to keep, by script and by what files are made of.
HARD = [
    "a, b",
    'he said "no"',
    "two\nlines",
    "tab\tin it",
    "  spaces ",
    "=1+1",
    "'=1",
    "@you",
    "-5",
]
HARD += [
    "中文，标点",
    "👩‍👩‍👧 family",
    "مرحبا",
    "é e\u0301",
    "NA",
    "007",
    "1e5",
    "null",
    "a\rb",
    "#x",
]


def kept(path: Path, task: str, variant: str, rows: Iterable[Values], extra: Any = None) -> Path:
    """A version of these rows, a third of them in each split."""
    roles = TASKS[task].variant(variant).keeps
    names = list(extra or {})
    about = version.About(variant, {role: role for role in roles} | {"split": "part", "id": "nr"})
    with version.Writer(path / "version.parquet", roles, names, about) as writer:
        for number, row in enumerate(rows):
            values = dict(zip(roles, row, strict=True))
            split = splits.SPLITS[number % 3]
            writer.add(version.Stored(number, "a.csv", number + 2, split, values, extra or {}))
    return path / "version.parquet"


def written(path: Path, name: str, **options: Any) -> str:
    return "".join(exports.pieces(path, EXPORTS[name], **options))


def file_of(path: Path, name: str, **options: Any) -> Path:
    target = path.with_name(f"out{EXPORTS[name].ending}")
    target.write_bytes(written(path, name, **options).encode())
    return target


def read_again(file: Path, task: str, variant: str, columns: Mapping[str, str], format: str) -> Any:
    """(values, split) of each row, as a check takes them."""
    with Spool(file.parent) as spool:
        scan = Scan(TASKS[task], columns, spool, variant)
        list(scan.run([Source("train", str(file), file.name, format=format)]))
        rows = [
            row
            for _start, batch in spool.batches()
            for row in zip(*(batch.column(role).to_pylist() for role in scan.roles), strict=True)
        ]
        return list(zip(rows, splits.names(scan.split), strict=True))


def expected(rows: list[Values]) -> list[tuple[Values, str]]:
    return [(row, splits.SPLITS[number % 3]) for number, row in enumerate(rows)]


def listed(*items: Any) -> str:
    return json.dumps(list(items), ensure_ascii=False)


def entities(*spans: tuple[int, int, str]) -> str:
    return as_json(Span(*span) for span in spans)  # type: ignore[misc]


SPANS = [
    ("I live in Paris, France", entities((10, 15, "city"), (17, 23, "country"))),
    ("我住在北京。", entities((3, 5, "city"))),
    ("👍 ok 👩‍👩‍👧", entities((2, 4, "word"))),
    ("nothing here", "[]"),
]
RELATED = [
    ("Ann works for Acme", "0", "3", "14", "18", "works for"),
    ("北京是首都", "0", "2", "2", "5", "is"),
    ("one inside another", "0", "10", "4", "10", "part of"),
]
ANSWERED = [("Paris is in France. " + text, "Where is Paris?", "France", "12") for text in HARD] + [
    ("Paris is in France.", "Who?", "", ""),
    ("Paris is in France.", "What?", "Paris", "0"),
]
TALK = [
    listed({"role": "user", "content": text}, {"role": "assistant", "content": "ok"})
    for text in HARD
]
PAIRS = [(text, f"to {text}") for text in HARD]
# (task, variant): rows as a version holds them
ROWS: dict[tuple[str, str], list[Values]] = {
    ("text-classification", "single"): [(text, text) for text in HARD],
    ("text-classification", "multi"): [(text, listed("a|b", "c", f"x{text}")) for text in HARD],
    ("text-matching", "label"): [(text, text * 2, "same") for text in HARD],
    ("text-matching", "score"): [(text, text * 2, "-0.5") for text in HARD],
    ("ner", "spans"): SPANS,
    ("relation-extraction", "offsets"): RELATED,
    ("question-answering", "extractive"): ANSWERED,
    ("question-answering", "generative"): PAIRS,
    ("translation", "pairs"): PAIRS,
    ("summarization", "pairs"): PAIRS,
    ("dialogue", "messages"): [(talk,) for talk in TALK],
}
# Where a format names its columns otherwise than the task its roles; and the variant that it comes back as.
NAMES = {
    "matching": {"text_a": "sentence1", "text_b": "sentence2"},
    "answers": {"answer_text": "answer"},
}
CASES = [
    (kind, export.name)
    for kind, rows in ROWS.items()
    for export in exports.fitting(TASKS[kind[0]].variant(kind[1]).keeps)
    if export.name != "conll"
]
FORMATS = {
    "csv": "csv",
    "matching": "csv",
    "spacy": "spacy",
    "doccano": "doccano",
    "squad": "squad",
}


def said(value: Any) -> str:
    return value if isinstance(value, str) else "-".join(value)


@pytest.mark.parametrize(("kind", "name"), CASES, ids=said)
def test_every_export_comes_back_as_the_same_rows(tmp_path: Path, kind: Any, name: str) -> None:
    task, variant = kind
    file = file_of(kept(tmp_path, task, variant, ROWS[kind]), name, safe=False)
    columns = {role: role for role in TASKS[task].variant(variant).keeps} | NAMES.get(name, {})
    if name == "markers":
        variant, columns = "markers", {"text": "text", "label": "label"}
    with_split = EXPORTS[name].whole
    columns |= {"split": "split"} if with_split else {}
    found = read_again(file, task, variant, columns, FORMATS.get(name, "jsonl"))
    rows = expected(ROWS[kind])
    assert [row for row, _split in found] == [row for row, _split in rows]
    assert not with_split or found == rows


@pytest.mark.parametrize(("kind", "name"), CASES, ids=said)
def test_what_it_is_is_told_from_the_file(tmp_path: Path, kind: Any, name: str) -> None:
    """Lists of labels are taken for those of doccano, which reads them as well."""
    file = file_of(kept(tmp_path, *kind, ROWS[kind]), name)
    known = {FORMATS.get(name, "jsonl"), "doccano", "spacy", "openai-chat"}
    assert table.detect(file).format in known


@pytest.mark.parametrize("kind", ROWS, ids="-".join)
def test_every_kind_of_data_has_a_format_of_its_own(kind: tuple[str, str]) -> None:
    fits = exports.fitting(TASKS[kind[0]].variant(kind[1]).keeps)
    assert [export.name for export in fits[:2]] == ["csv", "jsonl"]
    assert len(fits) > 2


# A file of little else but control characters is refused as a binary one.
LETTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\r\n")
TEXTS = st.text(LETTERS, min_size=1)
FILLED = TEXTS.filter(lambda text: text.strip(" \t\r\n\v\f\ufeff\u200b\u2060") and text.strip())
SLOW = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


@SLOW
@given(
    rows=st.lists(st.tuples(FILLED, FILLED), min_size=1, max_size=6),
    name=st.sampled_from(["csv", "jsonl"]),
)
def test_any_text_comes_back(tmp_path: Path, rows: list[Values], name: str) -> None:
    path = kept(tmp_path, "text-classification", "single", rows)
    file = file_of(path, name, safe=False)
    columns = {"text": "text", "label": "label", "split": "split"}
    assert read_again(file, "text-classification", "single", columns, name) == expected(rows)


def test_formulas_are_harmless_in_a_csv_by_itself(tmp_path: Path) -> None:
    bad = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1"]
    path = kept(
        tmp_path, "text-classification", "single", [(text, "fine") for text in bad], {"=note": "=2"}
    )
    text = written(path, "csv")
    assert text.startswith("\ufeff")  # Excel takes it for its own code page otherwise
    rows = list(csv.reader(io.StringIO(text[1:], newline="")))
    assert rows[0] == ["text", "label", "'=note", "split", "file", "line"]
    assert [row[0] for row in rows[1:]] == [f"'{cell}" for cell in bad]
    assert {tuple(row[1:3]) for row in rows[1:]} == {("fine", "'=2")}


def test_every_cell_as_it_stands_when_asked_for(tmp_path: Path) -> None:
    path = kept(tmp_path, "text-classification", "single", [("=1+1", "a")])
    assert written(path, "csv", safe=False).splitlines()[1].startswith("=1+1,a,train,a.csv,2")


def test_what_is_no_sheet_is_never_changed(tmp_path: Path) -> None:
    path = kept(tmp_path, "text-classification", "single", [("=1+1", "a")])
    assert json.loads(written(path, "labels", safe=True)) == {"text": "=1+1", "label": "a"}


def test_columns_of_the_users_own_are_kept_beside_roles_and_places(tmp_path: Path) -> None:
    extra = {"text": "own", "file": "mine", "part": "holdout", "nr": "7"}
    path = kept(tmp_path, "text-classification", "single", [("a", "b")], extra)
    row = json.loads(written(path, "jsonl"))
    assert row == {
        **{"text": "a", "label": "b", "text (2)": "own", "file (2)": "mine", "nr": "7"},
        **{"split": "train", "file": "a.csv", "line": 2},
    }


def test_one_split_alone(tmp_path: Path) -> None:
    path = kept(tmp_path, "text-classification", "single", ROWS["text-classification", "single"])
    rows = [json.loads(line) for line in written(path, "jsonl", split="test").splitlines()]
    assert {row["split"] for row in rows} == {"test"}
    assert len(rows) == len(HARD) // 3


def test_questions_keep_the_users_ids(tmp_path: Path) -> None:
    path = kept(tmp_path, "question-answering", "extractive", ANSWERED[-2:], {"nr": "q7"})
    (article,) = json.loads(written(path, "squad"))["data"]
    (paragraph,) = article["paragraphs"]
    assert [(asked["id"], asked["is_impossible"]) for asked in paragraph["qas"]] == [
        ("q7", True),
        ("q7", False),
    ]


def test_a_format_that_cannot_hold_the_rows_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path, "text-classification", "single", [("a", "b")])
    with pytest.raises(Problem) as found:
        exports.chosen(path, "conll")
    assert found.value.code == "spec.choice"
    assert found.value.values["choices"] == "csv, jsonl, labels"


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Five times the rows, the same memory."""
    peaks = []
    for count in (20_000, 100_000):
        path = kept(
            tmp_path, "text-classification", "single", (("word " * 20, "a") for _ in range(count))
        )
        tracemalloc.start()
        for _piece in exports.pieces(path, EXPORTS["csv"]):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


# --- CoNLL ---------------------------------------------------------------------------------------------------------


@st.composite
def marked(draw: Any) -> tuple[str, list[Span]]:
    """A text of words, Chinese, emoji and hashtags, with spans anywhere in it."""
    words = [
        "Paris",
        "New",
        "York,",
        "我住在北京",
        "。",
        "👩‍👩‍👧",
        "#a=b",
        "-DOCSTART-",
        "カナ",
        "é",
        " ",
        "\n",
        "집",
    ]
    text = "".join(draw(st.lists(st.sampled_from(words), min_size=1, max_size=12)))
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [
        Span(a, b, draw(st.sampled_from(["city", "城市", "x y"]))) for a, b in pairwise(places)
    ]
    return text, [span for span in spans if text[span.start : span.end].strip()]


def read_conll(path: Path, rows: list[tuple[str, list[Span]]]) -> list[list[tuple[str, str]]]:
    """Label and text of each span as the importer has them, without spaces."""
    made = kept(path, "ner", "spans", [(text, as_json(spans)) for text, spans in rows])  # type: ignore[arg-type]
    file = file_of(made, "conll")
    found = []
    for record in table.read(file, format="conll"):
        assert not record.faults
        text, spans = of_tokens(*map(json.loads, record.cells))
        found.append([(span.label, "".join(text[span.start : span.end].split())) for span in spans])
    return found


@SLOW
@given(rows=st.lists(marked(), min_size=1, max_size=5))
def test_conll_comes_back_with_the_same_spans(
    tmp_path: Path, rows: list[tuple[str, list[Span]]]
) -> None:
    rows = [row for row in rows if row[0].strip()]
    if rows:
        assert read_conll(tmp_path, rows) == [
            [("_".join(s.label.split()), "".join(text[s.start : s.end].split())) for s in spans]
            for text, spans in rows
        ]


def test_conll_cuts_at_spaces_characters_and_spans() -> None:
    spans = [Span(10, 15, "city"), Span(17, 22, "place")]
    found = list(tagged("I live in Paris, 北京 南苑", spans))
    assert " ".join(token for token, _tag in found) == "I live in Paris , 北 京 南 苑"
    assert [tag for _token, tag in found[3:]] == ["B-city", "O", *["B-place"], *["I-place"] * 3]


def test_chinese_comes_back_with_the_same_places(tmp_path: Path) -> None:
    text, spans = "我住在北京，不在上海。", [Span(3, 5, "city"), Span(8, 10, "city")]
    file = file_of(kept(tmp_path, "ner", "spans", [(text, as_json(spans))]), "conll")  # type: ignore[arg-type]
    (record,) = table.read(file)
    assert of_tokens(*map(json.loads, record.cells)) == (text, spans)


def test_of_spans_that_overlap_the_first_is_kept() -> None:
    assert apart([Span(0, 5, "a"), Span(0, 9, "b"), Span(8, 12, "c"), Span(9, 12, "d")]) == [
        Span(0, 9, "b"),
        Span(9, 12, "d"),
    ]


# --- command line --------------------------------------------------------------------------------------------------


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = kept(tmp_path, "text-classification", "single", [("=1", "a")])
    args = ["export-data", str(path), str(tmp_path / "o.csv")]
    assert commands.main(args) == 0
    assert (tmp_path / "o.csv").read_text().startswith("\ufefftext,label,split,file,line\n'=1,a")
    assert commands.main([*args, "--raw"]) == 0
    assert (tmp_path / "o.csv").read_text().startswith("text,label,split,file,line\n=1,a")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["event"] == "exported"


def test_the_command_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = kept(tmp_path, "text-classification", "single", [("=1", "a")])
    assert commands.main(["export-data", str(path), str(tmp_path / "o"), "--format", "squad"]) == 2
    assert not [file for file in tmp_path.iterdir() if file.name.startswith((".o", "o"))]
