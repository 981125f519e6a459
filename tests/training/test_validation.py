"""What is wrong with a data set: everything, with its place, in one pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from training import validation
from training.problems import TABLE, fill
from training.spool import Spool
from training.table import blocks
from training.tasks.text_classification import TASK
from training.validation import MAX_PLACES, Finding, Outcome, Scan, Source

GOOD = [(f"Where is my order number {n}?", "order") for n in range(25)]
GOOD += [(f"I want my money back for case {n}", "refund") for n in range(25)]
Check = Callable[..., Outcome]


def csv_of(rows: list[tuple[str, str]]) -> str:
    return "text,label\n" + "".join(f'"{text}","{label}"\n' for text, label in rows)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def run(
        train: str | bytes | list,
        columns: dict[str, str] | None = None,
        **others: str | bytes | list,
    ) -> Outcome:
        sources = []
        for split, content in {"train": train, **others}.items():
            content = csv_of(content) if isinstance(content, list) else content
            path = tmp_path / f"{split}.csv"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            sources.append(Source(split, str(path), path.name))
        return validation.check(TASK, sources, columns or {"text": "text", "label": "label"})

    return run


def find(outcome: Outcome, code: str) -> Finding:
    return next(finding for finding in outcome.findings if finding.code == code)


def codes(outcome: Outcome) -> set[str]:
    """Without what is mentioned of all data as small as a test's."""
    return {finding.code for finding in outcome.findings} - {"label.modest"}


def places(outcome: Outcome, code: str) -> list[tuple[str, int]]:
    return [(place.file, place.line) for place in find(outcome, code).places]


def test_it_works(check: Check) -> None:
    outcome = check(GOOD)
    assert (outcome.gate, outcome.rows, codes(outcome)) == ("green", 50, set())


def test_it_is_plain_json(check: Check) -> None:
    outcome = check([*GOOD, ("", "order"), ("x", "y")])
    found = json.loads(
        json.dumps([finding.as_dict() for finding in outcome.findings], allow_nan=False)
    )
    assert set(found[0]) == {"code", "severity", "count", "places", "values"}
    assert set(found[0]["places"][0]) == {"file", "line", "column", "value"}


# --- blocking


def test_no_rows(check: Check) -> None:
    outcome = check("text,label\n")
    assert (outcome.gate, codes(outcome)) == ("blocked", {"row.none"})


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "file.binary"),
        (b"<!DOCTYPE html><html>", "file.html"),
    ],
)
def test_a_file_that_is_no_table(check: Check, content: bytes, code: str) -> None:
    outcome = check(content)
    assert (outcome.gate, codes(outcome)) == ("blocked", {code})


def test_a_bad_test_file_blocks_and_the_others_are_still_checked(check: Check) -> None:
    outcome = check([*GOOD, ("", "order")], test=b"")
    assert codes(outcome) == {"file.empty", "data.empty_text"}
    assert find(outcome, "file.empty").places[0].file == "test.csv"


def test_a_column_that_is_not_there(check: Check) -> None:
    outcome = check(GOOD, {"text": "texts", "label": "label"})
    finding = find(outcome, "column.missing")
    assert outcome.gate == "blocked"
    assert finding.values == {"column": "texts", "columns": "“text”, “label”"}


def test_a_column_that_was_not_chosen(check: Check) -> None:
    assert codes(check(GOOD, {"text": "text"})) == {"column.unmapped"}


def test_a_role_that_is_none(check: Check) -> None:
    assert "column.role" in codes(check(GOOD, {"text": "text", "label": "label", "mood": "label"}))


def test_one_column_for_two_roles(check: Check) -> None:
    outcome = check(GOOD, {"text": "text", "label": "text"})
    assert outcome.gate == "blocked"
    assert find(outcome, "column.same").values == {"column": "text", "roles": "text, label"}


def test_a_chosen_column_that_stands_there_twice(check: Check) -> None:
    content = "text,label,text\n" + "x,a,z\n" * 3
    assert "column.duplicate" in codes(check(content))


def test_a_repeated_column_that_was_not_chosen_is_only_mentioned(check: Check) -> None:
    content = "text,label,note,note\n" + "".join(f"{text},{label},1,2\n" for text, label in GOOD)
    outcome = check(content)
    assert (outcome.gate, codes(outcome)) == ("green", {"column.repeated"})


def test_a_single_column(check: Check) -> None:
    assert "column.single" in codes(check("text\nx\ny\n"))


@pytest.mark.parametrize(
    "rows", [[("x", "a"), ("y", "a")], [("x", "a"), ("y", "a"), ("z", "b")], [("x", "a")]]
)
def test_fewer_than_two_labels_with_two_rows(check: Check, rows: list[tuple[str, str]]) -> None:
    outcome = check(rows)
    assert outcome.gate == "blocked"
    assert "label.classes" in codes(outcome)


def test_two_labels_with_two_rows_are_enough(check: Check) -> None:
    assert check([("x", "a"), ("y", "a"), ("z", "b"), ("w", "b")]).gate == "red"


def test_a_text_column_that_is_empty_throughout(check: Check) -> None:
    outcome = check([("", "a"), (" ", "b")] * 10)
    assert outcome.gate == "blocked"
    assert "column.empty" in codes(outcome)
    assert "row.none" not in codes(outcome)


def test_more_than_a_thousand_labels(check: Check) -> None:
    outcome = check([(f"text {n}", f"label {n // 2}") for n in range(2002)])
    assert outcome.gate == "blocked"
    assert find(outcome, "label.too_many").values == {
        "limit": 1000,
        "found": 1001,
        "rows": 2002,
        "column": "label",
    }
    assert "label.few" not in codes(outcome)


def test_a_thousand_labels_are_allowed(check: Check) -> None:
    assert check([(f"text {n}", f"label {n // 2}") for n in range(2000)]).gate != "blocked"


def test_undecodable_bytes(check: Check) -> None:
    outcome = check(csv_of(GOOD).encode() + "é,order\nà,order\n".encode() + b"caf\xe9,order\n")
    assert outcome.gate == "blocked"
    assert places(outcome, "row.undecodable") == [("train.csv", 54)]


def test_nul_characters(check: Check) -> None:
    outcome = check(csv_of(GOOD) + "a\0b,order\n")
    assert outcome.gate == "blocked"
    assert places(outcome, "row.nul") == [("train.csv", 52)]


def test_an_open_quote(check: Check) -> None:
    outcome = check(csv_of(GOOD) + '"open,order\nx,order\n')
    assert outcome.gate == "blocked"
    assert places(outcome, "row.quote") == [("train.csv", 52)]
    assert find(outcome, "row.quote").values["line"] == 52


def test_a_cell_without_end(check: Check) -> None:
    outcome = check(csv_of(GOOD) + "x" * 1_000_001 + ",order\n")
    assert (outcome.gate, codes(outcome)) == ("blocked", {"row.long_cell"})


def test_too_many_cells(check: Check) -> None:
    outcome = check(csv_of(GOOD) + "a,b,order\nx,order\nc,d,order\n")
    assert outcome.gate == "blocked"
    assert places(outcome, "row.extra") == [("train.csv", 52), ("train.csv", 54)]
    assert find(outcome, "row.extra").count == 2


# --- left out


def test_too_few_cells_read_as_empty(check: Check) -> None:
    outcome = check(csv_of(GOOD) + "only a text\n")
    assert (outcome.gate, outcome.rows) == ("amber", 50)
    assert codes(outcome) == {"row.short", "label.empty"}


def test_empty_texts_and_labels_are_left_out(check: Check) -> None:
    outcome = check([*GOOD, ("", "order"), ("x", ""), ("  ", "order")])
    assert (outcome.gate, outcome.rows) == ("amber", 50)
    assert places(outcome, "data.empty_text") == [("train.csv", 52), ("train.csv", 54)]
    assert places(outcome, "label.empty") == [("train.csv", 53)]


def test_words_that_look_like_nothing_are_texts(check: Check) -> None:
    words = ["NA", "null", "None", "nan", "N/A", "-", "0"]
    outcome = check([*GOOD, *((word, "order") for word in words)])
    assert (outcome.gate, outcome.rows) == ("green", 57)


# --- texts


def test_copies(check: Check) -> None:
    outcome = check([*GOOD, GOOD[0], ("  WHERE is my order   number 1?", "order")])
    assert outcome.gate == "amber"
    assert places(outcome, "row.duplicate") == [("train.csv", 52), ("train.csv", 53)]
    assert find(outcome, "row.duplicate").places[0].value == "order · Where is my order number 0?"


def test_one_text_under_two_labels(check: Check) -> None:
    outcome = check([*GOOD, (GOOD[0][0], "refund")])
    assert places(outcome, "label.contradictory") == [("train.csv", 2), ("train.csv", 52)]
    assert find(outcome, "label.contradictory").count == 1


def test_only_the_first_places_are_kept_and_all_are_counted(check: Check) -> None:
    outcome = check(GOOD * 10)
    assert find(outcome, "row.duplicate").count == 450
    assert len(find(outcome, "row.duplicate").places) == MAX_PLACES
    assert places(outcome, "row.duplicate")[0] == ("train.csv", 52)


def test_long_texts(check: Check) -> None:
    outcome = check([*GOOD, ("word " * 500, "order"), ("字" * 600, "order"), ("字" * 400, "order")])
    assert places(outcome, "data.long") == [("train.csv", 52), ("train.csv", 53)]


def test_very_little_data(check: Check) -> None:
    outcome = check(GOOD[:10] + GOOD[-9:])
    assert find(outcome, "data.small").values == {"found": 19}


# --- several files


def test_texts_that_stand_in_training_and_test(check: Check) -> None:
    test = [(f"new {n}", "order") for n in range(30)] + [GOOD[3], (GOOD[4][0].upper(), "order")]
    outcome = check(GOOD, test=test)
    assert outcome.gate == "red"
    assert places(outcome, "leak.exact") == [("test.csv", 32), ("test.csv", 33)]
    assert find(outcome, "leak.exact").values == {"split": "test", "other": "train", "share": 6.2}
    assert "row.duplicate" not in codes(outcome)


def test_every_pair_of_files_is_compared(check: Check) -> None:
    outcome = check(GOOD, valid=GOOD[:1], test=GOOD[:1])
    pairs = [
        (f.values["split"], f.values["other"]) for f in outcome.findings if f.code == "leak.exact"
    ]
    assert pairs == [("test", "train"), ("valid", "train"), ("test", "valid")]


def test_labels_that_training_lacks(check: Check) -> None:
    outcome = check(GOOD, test=[("a", "order"), ("b", "strange"), ("c", "strange")])
    assert outcome.gate == "red"
    assert find(outcome, "label.untrained").values == {"labels": [["strange", 2]]}
    assert places(outcome, "label.untrained") == [("test.csv", 3)]


def test_each_file_has_its_own_dialect(check: Check) -> None:
    outcome = check(GOOD, test="label;text\norder;où ça ?\nrefund;très bien\n".encode("cp1252"))
    assert outcome.rows == 52
    assert codes(outcome) == {"file.encoding_guessed"}


# --- the file as a whole


def test_a_first_line_that_looks_like_data(check: Check) -> None:
    rows = "".join(f"{text},{label},x\n" for text, label in GOOD)
    outcome = check(rows, {"text": "Where is my order number 0?", "label": "order"})
    assert "file.header" in codes(outcome)


def test_a_file_without_a_header_line_whose_columns_are_plain(check: Check) -> None:
    outcome = check("".join(f"{text},{label}\n" for text, label in GOOD))
    assert "file.header" not in codes(outcome)
    assert outcome.rows == len(GOOD)


def test_all_faults_at_once(check: Check) -> None:
    content = csv_of(
        [*GOOD, ("", "order"), ("x", ""), GOOD[0], (GOOD[0][0], "refund"), ("one", "Order")]
    )
    content += "a,b,c\nshort\na\0b,order\n"
    outcome = check(content + '"open,order\n')
    assert {
        "row.extra", "row.short", "row.nul", "row.quote", "data.empty_text", "label.empty", "row.duplicate",
        "label.contradictory", "label.alike", "label.single",
    } <= codes(outcome)  # fmt: skip
    assert [finding.severity for finding in outcome.findings] == sorted(
        (finding.severity for finding in outcome.findings),
        key=["blocking", "red", "amber", "info"].index,
    )


def test_every_finding_has_words(check: Check) -> None:
    outcome = check(
        [*GOOD, ("", "order"), ("x", ""), GOOD[0], ("one", "Order")],
        test=[*GOOD[:2], ("b", "strange")],
    )
    for finding in outcome.findings:
        entry = TABLE[finding.code]
        values = {**finding.values, "count": finding.count}  # as everywhere where they are told
        words = [
            fill(text, values) for text in (entry.title, entry.expected, entry.found, entry.remedy)
        ]
        assert all(words)
        assert not any("…" in text for text in words)


def test_progress_rises_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1000)
    path = tmp_path / "a.csv"
    path.write_text(csv_of(GOOD))
    with Spool() as spool:
        scan = Scan(TASK, {"text": "text", "label": "label"}, spool)
        steps = list(scan.run([Source("train", str(path), "a.csv")]))
    assert len(steps) > 2
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_the_rows_of_a_finding_are_all_kept(check: Check) -> None:
    outcome = check([*GOOD, *GOOD[:3]])
    assert outcome.flags["row.duplicate"].tolist() == [50, 51, 52]
