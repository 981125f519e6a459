"""Several references a row: where they stand, what a version holds of them, and what they count for."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from training import check, events, exports, revise, validation, version
from training.tasks import TASKS
from training.tasks.shape import BETWEEN, Row
from training.validation import Source
from training.validation.parts import texts_in

SUMMARIES = {"source": "source", "target": "target"}
TWO = SUMMARIES | {"references": f"target_2{BETWEEN}target_3"}
SOURCES = [
    "The printer on the second floor is broken again; Bo looks at it after lunch",
    "We moved the release to Friday because two tests still fail on the server",
    "New chairs came this morning and three of them are missing from the lorry",
]


def table(rows: int, further: bool = True) -> list[list[str]]:
    found = []
    for n in range(rows):
        text = f"{SOURCES[n % 3]}, said person {n} of team {n * 7}."
        more = [f"Second of {n}", "" if n % 3 else f"Third of {n}"] if further else []
        found.append([text, f"First of {n}", *more])
    return found


def write(path: Path, header: str, rows: Sequence[Sequence[str]]) -> Source:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return Source(path.stem, str(path), path.name)


def checked(
    sources: list[Source],
    columns: dict[str, str],
    out: Path,
    task: str = "summarization",
    **wish: Any,
) -> events.Checked:
    wanted = check.Wish(**wish)
    last = list(check.check(TASKS[task], sources, columns, wish=wanted, out=out))[-1]
    assert isinstance(last, events.Checked)
    return last


def held(out: Path) -> dict[str, list[str]]:
    """First reference -> the further ones."""
    rows = version.read(out / "version.parquet")
    return {row.values["target"]: json.loads(row.values["references"] or "[]") for row in rows}


def test_several_columns_become_one_list(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", "source,target,target_2,target_3", table(30))
    found = checked([source], TWO, tmp_path)
    rows = held(tmp_path)
    assert (found.rows, rows["First of 0"]) == (30, ["Second of 0", "Third of 0"])
    assert rows["First of 1"] == ["Second of 1"]


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        ("", []),
        ("Yes", ["Yes"]),
        ("[laughs] yes", ["[laughs] yes"]),
        ("42", ["42"]),
        ('["a", "b", "a", " "]', ["a", "b"]),
        ('[{"text": "a"}, {"text": "b"}]', ["a", "b"]),
        ('{"text": ["a"], "answer_start": [3]}', ["a"]),
        ('["a", "b"', None),
        ("[1, 2]", None),
    ],
)
def test_a_cell_holds_a_text_or_a_list(cell: str, texts: list[str] | None) -> None:
    assert texts_in(cell) == texts


def test_a_broken_list_is_told_and_its_row_kept(tmp_path: Path) -> None:
    rows = [[*row[:2], '["a"' if n == 4 else '["a"]'] for n, row in enumerate(table(30))]
    source = write(tmp_path / "train.csv", "source,target,references", rows)
    found = checked([source], SUMMARIES | {"references": "references"}, tmp_path)
    (finding,) = [item for item in found.findings if item["code"] == "references.unread"]
    assert finding["places"][0]["line"] == 6
    assert found.rows == 30
    assert (held(tmp_path)["First of 4"], held(tmp_path)["First of 5"]) == ([], ["a"])


def test_only_the_test_file_need_have_them(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "source,target", table(30, further=False))
    test = write(
        tmp_path / "test.csv",
        "source,target,target_2,target_3",
        [[f"Other: {row[0]}", f"Test {row[1]}", *row[2:]] for row in table(6)],
    )
    assert not {f["code"] for f in checked([train, test], TWO, tmp_path).findings} & {
        "column.missing",
        "column.unmapped",
    }
    assert held(tmp_path)["Test First of 3"] == ["Second of 3", "Third of 3"]


def test_a_column_that_no_file_has_is_missing(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "source,target", table(30, further=False))
    found = checked([train], SUMMARIES | {"references": "refs"}, tmp_path)
    assert (found.gate, [f["code"] for f in found.findings]) == ("blocked", ["column.missing"])


def test_a_version_without_them_is_what_it_was(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "source,target", table(30, further=False))
    checked([train], SUMMARIES, tmp_path)
    assert version.columns(tmp_path / "version.parquet")[0] == ["source", "target"]


def test_kept_test_rows_keep_their_references(tmp_path: Path) -> None:
    first = write(tmp_path / "train.csv", "source,target,target_2,target_3", table(30))
    before = checked([first], TWO, tmp_path / "one")
    rows = [[f"Later: {row[0]}", row[1]] for row in table(30)]
    second = write(tmp_path / "train.csv", "source,target", rows)
    locked = str(tmp_path / "one" / "version.parquet")
    after = checked([second], SUMMARIES, tmp_path / "two", locked=locked)
    assert after.stats["test_hash"] == before.stats["test_hash"]
    tested = version.read(tmp_path / "two" / "version.parquet", "test")
    assert all(json.loads(row.values["references"]) for row in tested)


def test_other_references_are_another_test_set(tmp_path: Path) -> None:
    hashes = set()
    for name, last in (("a", "one"), ("b", "another"), ("c", "")):
        rows = [[*row[:3], last] for row in table(30)]
        source = write(tmp_path / "train.csv", "source,target,target_2,target_3", rows)
        hashes.add(checked([source], TWO, tmp_path / name).stats["test_hash"])
    assert len(hashes) == 3


def test_a_change_by_hand_keeps_them(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", "source,target,target_2,target_3", table(30))
    checked([source], TWO, tmp_path / "one")
    changes = [
        {"op": "set", "row": 0, "values": {"references": '["By hand"]'}},
        {
            "op": "add",
            "values": {"source": "Quite another text.", "target": "New", "references": "x"},
        },
    ]
    path = tmp_path / "one" / "version.parquet"
    list(revise.revise(TASKS["summarization"], path, changes, out=tmp_path / "two"))
    rows = held(tmp_path / "two")
    assert (rows["First of 0"], rows["First of 3"]) == (["By hand"], ["Second of 3", "Third of 3"])
    assert rows["New"] == ["x"]


def test_they_come_back_from_an_export(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", "source,target,target_2,target_3", table(30))
    checked([source], TWO, tmp_path / "one")
    path = tmp_path / "one" / "version.parquet"
    for name in ("csv", "jsonl", "pairs"):
        file = tmp_path / f"back{exports.EXPORTS[name].ending}"
        file.write_text("".join(exports.pieces(path, exports.chosen(path, name), safe=False)))
        again = Source("train", str(file), file.name)
        checked([again], SUMMARIES | {"references": "references"}, tmp_path / name)
        assert held(tmp_path / name) == held(tmp_path / "one")


@pytest.mark.parametrize(
    ("task", "header", "expected"),
    [
        ("summarization", "source,target,target_2,target_3", TWO),
        (
            "summarization",
            "dialogue,summary1,summary2,summary3",
            {"source": "dialogue", "target": "summary1", "references": "summary2\nsummary3"},
        ),
        (
            "translation",
            "source,target,references",
            {"source": "source", "target": "target", "references": "references"},
        ),
        (
            "question-answering",
            "question,answer,answers",
            {"question": "question", "answer_text": "answer", "references": "answers"},
        ),
        ("summarization", "text,summary", {"source": "text", "target": "summary"}),
    ],
)
def test_they_are_guessed(task: str, header: str, expected: dict[str, str]) -> None:
    assert validation.guess_columns(TASKS[task], header.split(","), []) == expected


# --- what they count for ---

WRITTEN = ["the cat sat on the mat", "we go on Friday", "three chairs are gone"]
RIGHT = ["a cat was on the mat", "the release is on Friday", "three chairs are missing"]
MORE = [["the cat sat down on a mat", "on the mat sat a cat"], [], ["three of the chairs are gone"]]


def rows(role: str = "target") -> list[Row]:
    asked = {"source": "a b c", "question": "a b c", "context": "a b c"}
    return [
        Row(n, "a.csv", n, {**asked, role: text, "references": json.dumps(more) if more else ""})
        for n, (text, more) in enumerate(zip(RIGHT, MORE, strict=True))
    ]


ALL = [[text, *more] for text, more in zip(RIGHT, MORE, strict=True)]
COLUMNS = [[row[n] if n < len(row) else None for row in ALL] for n in range(3)]


@pytest.mark.parametrize("task", ["summarization", "translation"])
def test_scores_are_those_of_the_libraries_with_all_references(task: str) -> None:
    learner = TASKS[task].variants[0].learner
    assert learner
    found = learner.score(rows(), WRITTEN, {})
    assert found["bleu"] == pytest.approx(BLEU().corpus_score(WRITTEN, COLUMNS).score)
    assert found["chrf"] == pytest.approx(CHRF().corpus_score(WRITTEN, COLUMNS).score)
    assert "nrefs:var" in found["bleu_signature"]
    rouge = RougeScorer(["rouge1", "rougeL"])
    for name in ("rouge1", "rougeL"):
        best = [
            max(rouge.score(reference, text)[name].fmeasure for reference in row)
            for row, text in zip(ALL, WRITTEN, strict=True)
        ]
        assert found[name] == pytest.approx(100 * sum(best) / len(best))


def test_a_row_counts_by_the_reference_that_is_the_most_alike() -> None:
    learner = TASKS["summarization"].variants[0].learner
    assert learner
    alone = [Row(r.row, r.file, r.line, {**r.values, "references": ""}) for r in rows()]
    before, after = (learner.hits(item, WRITTEN, {}) for item in (alone, rows()))
    assert after[0] > before[0]
    assert (after[1], after[2] > before[2]) == (before[1], True)


def test_any_of_the_answers_is_right() -> None:
    learner = TASKS["question-answering"].variant("generative").learner
    assert learner
    said = ["On the mat sat a cat!", "on Friday", "three of the chairs are gone"]
    found = learner.score(rows("answer_text"), said, {})
    assert found["exact_match"] == pytest.approx(2 / 3)
    assert learner.hits(rows("answer_text"), said, {})[0] == 1
