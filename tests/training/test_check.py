"""The check as a whole: events, statistics and the version that is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from training import check, events, version
from training.tasks import TASKS
from training.tasks.text_classification import TASK
from training.validation import Source

ROWS = [(f"Where is my order number {n}?", "order") for n in range(60)]
ROWS += [(f"I want my money back for case {n}", "refund") for n in range(60)]


def write(path: Path, rows: list[tuple[str, ...]], header: str = "text,label") -> Source:
    path.write_text(header + "\n" + "".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return Source(path.stem, str(path), path.name)


def run(sources: list[Source], **options: object) -> list[events.Event]:
    return list(check.check(TASK, sources, {"text": "text", "label": "label"}, **options))  # type: ignore[arg-type]


def checked(sources: list[Source], **options: object) -> events.Checked:
    last = run(sources, **options)[-1]
    assert isinstance(last, events.Checked)
    return last


def test_it_works(tmp_path: Path) -> None:
    found = checked([write(tmp_path / "train.csv", ROWS)], out=tmp_path / "out")
    assert (found.gate, found.rows, found.findings) == ("green", 120, ())
    assert found.splits == {"train": 96, "valid": 12, "test": 12}
    assert found.labels == {
        "order": {"train": 48, "valid": 6, "test": 6},
        "refund": {"train": 48, "valid": 6, "test": 6},
    }
    assert found.version
    assert found.version["path"] == str(tmp_path / "out" / "version.parquet")


def test_every_event_is_a_line_of_json(tmp_path: Path) -> None:
    found = [
        json.loads(events.line(event))
        for event in run([write(tmp_path / "train.csv", ROWS)], out=tmp_path)
    ]
    assert {event["event"] for event in found[:-1]} == {"progress", "found"}
    assert found[-1]["event"] == "checked"


def test_progress_never_falls(tmp_path: Path) -> None:
    source = write(
        tmp_path / "train.csv", [(f"{text} {i}", label) for i in range(250) for text, label in ROWS]
    )
    steps = [
        event.progress
        for event in run([source], out=tmp_path)
        if isinstance(event, events.Progress)
    ]
    assert len(steps) >= 3
    assert steps == sorted(steps)


def test_the_version_holds_the_rows_as_they_stand(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", [("1", *ROWS[0], "a"), ("2", "", "order", "b"), ("3", *ROWS[-1], "c")] * 2
                   + [(str(n), *row, "z") for n, row in enumerate(ROWS[1:-1])], "id,text,label,note")  # fmt: skip
    checked([source], out=tmp_path / "out")
    rows = list(version.read(tmp_path / "out" / "version.parquet"))
    assert [row.row for row in rows] == list(range(122))
    assert [(row.file, row.line) for row in rows[:3]] == [
        ("train.csv", 2),
        ("train.csv", 4),
        ("train.csv", 5),
    ]
    assert rows[1].values == {"text": ROWS[-1][0], "label": "refund"}
    assert rows[1].extra == {"id": "3", "note": "c"}


def test_given_files_keep_their_splits(tmp_path: Path) -> None:
    sources = [
        write(tmp_path / "train.csv", ROWS[:50] + ROWS[70:]),
        write(tmp_path / "valid.csv", [("1", *ROWS[55]), ("2", *ROWS[65])], "id,text,label"),
    ]
    found = checked(sources, out=tmp_path / "out")
    assert found.splits == {"train": 90, "valid": 2, "test": 10}
    rows = list(version.read(tmp_path / "out" / "version.parquet", "valid"))
    assert [(row.file, row.line, row.extra) for row in rows] == [
        ("valid.csv", 2, {"id": "1"}),
        ("valid.csv", 3, {"id": "2"}),
    ]


def test_the_same_seed_writes_the_same_version(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", ROWS)
    hashes = [
        checked([source], out=tmp_path / name, wish=check.Wish(seed)).version["sha256"]
        for name, seed in zip("abc", (1, 1, 2), strict=True)
    ]  # type: ignore[index]
    assert hashes[0] == hashes[1] != hashes[2]


def test_blocked_data_writes_nothing(tmp_path: Path) -> None:
    found = checked([write(tmp_path / "train.csv", [("x", "a")])], out=tmp_path / "out")
    assert (found.gate, found.version) == ("blocked", None)
    assert not list((tmp_path / "out").iterdir())


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    found = checked([write(tmp_path / "train.csv", ROWS)])
    assert found.version is None
    assert found.stats["train"]["mean_tokens"] > 5


def test_statistics_count_characters_and_tokens(tmp_path: Path) -> None:
    stats = checked([write(tmp_path / "train.csv", ROWS)]).stats
    assert stats["labels"] == 2
    assert stats["all"]["rows"] == 120
    assert stats["all"]["characters"] == sum(len(text) for text, _ in ROWS)
    assert stats["all"]["max_characters"] == max(len(text) for text, _ in ROWS)
    assert 8 < stats["train"]["mean_tokens"] <= stats["train"]["p95_tokens"] < 16
    assert stats["scripts"] == {"latin": 1.0}
    assert stats["unknown_share"] == 0.0


def test_texts_that_are_read_together_are_counted_together(tmp_path: Path) -> None:
    pairs = [(text, text, ["no", "yes"][n % 2]) for n, (text, _) in enumerate(ROWS)]
    source = write(tmp_path / "train.csv", pairs, "text_a,text_b,label")
    columns = {name: name for name in ("text_a", "text_b", "label")}
    *_, found = check.check(TASKS["text-matching"], [source], columns)
    assert isinstance(found, events.Checked)
    one = checked([write(tmp_path / "train.csv", ROWS)]).stats
    assert found.stats["all"]["mean_tokens"] == pytest.approx(2 * one["all"]["mean_tokens"])
    assert (one["one_label"], found.stats["one_label"]) == (True, False)


def test_chinese_texts_are_too_much_for_an_english_base(tmp_path: Path) -> None:
    rows = [(f"这个宾馆比较陈旧了特价的房间也很一般{n}", "负面") for n in range(30)]
    rows += [(f"总体来说很满意早餐简单了些{n}", "正面") for n in range(30)]
    found = checked([write(tmp_path / "train.csv", rows)])
    assert found.gate == "red"
    assert found.findings[0]["code"] == "base.language"
    assert found.stats["scripts"]["cjk"] == 1.0


def test_another_script_is_mentioned(tmp_path: Path) -> None:
    rows = [(f"Отличная гостиница рядом с вокзалом {n}", "a") for n in range(30)]
    rows += [(f"Номер маленький и очень шумный {n}", "b") for n in range(30)]
    found = checked([write(tmp_path / "train.csv", rows)])
    assert "base.language_partly" in [finding["code"] for finding in found.findings]
    assert found.stats["scripts"] == {"cyrillic": 1.0}


def test_a_base_without_files_gives_no_tokens(tmp_path: Path) -> None:
    found = checked(
        [write(tmp_path / "train.csv", ROWS)], base="bge-small-zh-v1.5", bases_dir=tmp_path
    )
    assert found.stats["unknown_share"] is None
    assert "mean_tokens" not in found.stats["train"]


def test_a_text_without_spaces_is_bounded(tmp_path: Path) -> None:
    found = checked([write(tmp_path / "train.csv", [*ROWS, ("x" * 900_000, "order")])])
    assert found.stats["all"]["max_characters"] == 900_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Straße", {"latin": 1.0}),
        ("東京タワー", {"kana": 0.6, "cjk": 0.4}),
        ("1 + 1 = 2", {}),
        ("ოა", {"other": 1.0}),
    ],
)
def test_scripts(text: str, expected: dict[str, float]) -> None:
    assert check.scripts([text]) == expected


def test_what_was_found_is_told_before_the_version_is_written(tmp_path: Path) -> None:
    source, columns = write(tmp_path / "train.csv", ROWS), {"text": "text", "label": "label"}
    steps = check.check(TASK, [source], columns, out=tmp_path / "out")
    early = next(event for event in steps if isinstance(event, events.Found))
    assert not (tmp_path / "out" / "version.parquet").exists()
    *_, last = steps
    assert isinstance(last, events.Checked)
    assert {f["code"] for f in early.findings} <= {f["code"] for f in last.findings}


def test_a_check_does_not_import_pandas(tmp_path: Path) -> None:
    source = write(tmp_path / "train.csv", ROWS)
    code = (
        "import sys; from training.check import check; from training.tasks import TASKS;"
        "from training.validation import Source;"
        "list(check(TASKS['text-classification'], [Source('train', sys.argv[1], 'train.csv')],"
        " {'text': 'text', 'label': 'label'}, out=sys.argv[2]));"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, source.path, str(tmp_path / "out")], check=True)
