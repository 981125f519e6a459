"""The deep part of a health report, of a version as a check writes it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from training import check, events, health, version
from training.examine import examine
from training.tasks import TASKS
from training.validation import Source, near

CLASSES = TASKS["text-classification"]
DRAW = random.Random(3)
VOCABULARY = [
    "ant",
    "bell",
    "cord",
    "dust",
    "eel",
    "fog",
    "gate",
    "hill",
    "ink",
    "jar",
    "kite",
    "lamp",
    "moon",
    "nest",
    "oak",
    "pipe",
    "quay",
    "rope",
    "salt",
    "tent",
    "urn",
    "vine",
    "wax",
    "yak",
]
WORDS = [
    f"{thing} {' '.join(DRAW.sample(VOCABULARY, 7))}"
    for thing in ("parcel", "letter", "refund", "invoice")
    for _n in range(24)
]


def written(
    tmp_path: Path, rows: list[tuple[str, ...]], header: str, task: Any, **files: Any
) -> Path:
    sources = []
    for split, part in {"train": rows, **files}.items():
        path = tmp_path / f"{split}.csv"
        path.write_text("\n".join([header, *("\t".join(row) for row in part)]), encoding="utf-8")
        sources.append(Source(split, str(path), path.name))
    columns = {name: name for name in header.split("\t")}
    last = [*check.check(task, sources, columns, out=tmp_path / "out")][-1]
    assert isinstance(last, events.Checked)
    assert last.version, last.findings
    return Path(last.version["path"])


def classified(tmp_path: Path, rows: list[tuple[str, str]], **files: Any) -> Path:
    return written(tmp_path, rows, "text\tlabel", CLASSES, **files)


def rows() -> list[tuple[str, str]]:
    return [(text, "post" if "parcel" in text or "letter" in text else "money") for text in WORDS]


def examined(path: Path, base: str = "no base", **options: Any) -> events.Examined:
    last = [*examine(options.pop("task", CLASSES), path, **options)][-1]
    assert isinstance(last, events.Examined)
    return last


def find(found: events.Examined, code: str) -> Any:
    return next(item for item in found.findings if item["code"] == code)


@pytest.fixture
def flipped(tmp_path: Path) -> Path:
    given = rows()
    text, _label = given[5]
    given[5] = (text, "money")  # the only parcel that is
    return classified(tmp_path, given)


def test_it_works(flipped: Path, tmp_path: Path) -> None:
    steps = [*examine(CLASSES, flipped, out=tmp_path / "deep")]
    progress = [event.progress for event in steps if isinstance(event, events.Progress)]
    assert progress == sorted(progress)
    last = steps[-1]
    assert isinstance(last, events.Examined)
    assert {"languages", "scripts", "unknown", "characters", "labels", "words"} <= set(last.stats)
    assert events.line(last)


def test_the_most_suspicious_row_comes_first(flipped: Path, tmp_path: Path) -> None:
    examined(flipped, out=tmp_path / "deep")
    table = pq.read_table(version.suspects_path(tmp_path / "deep" / flipped.name)).to_pylist()
    assert (table[0]["row"], table[0]["label"], table[0]["suggested"]) == (5, "money", "post")
    assert table[0]["probability"] > table[0]["confidence"]


def test_flags_of_the_check_stay(tmp_path: Path) -> None:
    path = classified(tmp_path, [*rows(), rows()[3]])
    examined(path, out=tmp_path / "deep")
    flags = version.read_flags(tmp_path / "deep" / path.name)
    assert flags["row.duplicate"].tolist() == [len(WORDS)]


def test_nearly_the_same_rows_are_found_within_and_between_splits(tmp_path: Path) -> None:
    long = "The parcel that was promised for the third of the month has still not come, says the neighbour"
    given = [*rows(), (long, "post"), (long + " again", "post")]
    path = classified(tmp_path, given, test=[*rows()[:4], (long + " too", "post")])
    found = examined(path)
    assert find(found, "row.near")["places"][0]["line"] == len(given) + 1
    leak = find(found, "leak.near")
    assert (leak["count"], leak["values"]["split"], leak["values"]["share"]) == (1, "test", 20.0)


def test_the_rows_on_the_other_side_of_a_leak_are_flagged_too(tmp_path: Path) -> None:
    long = "The parcel that was promised for the third of the month has still not come, says the neighbour"
    given = [*rows(), (long, "post"), (long + " again", "post")]
    path = classified(tmp_path, given, test=[*rows()[:4], (long + " too", "post")])
    examined(path, out=tmp_path / "deep")
    flags = version.read_flags(tmp_path / "deep" / path.name)
    assert flags["leak.exact:test-train"].tolist() == [len(given) + n for n in range(4)]
    assert flags["leak.exact:train-test"].tolist() == [0, 1, 2, 3]
    assert flags["leak.near:test-train"].tolist() == [len(given) + 4]
    assert flags["leak.near:train-test"].tolist() == [len(given) - 2, len(given) - 1]


def test_a_search_that_was_cut_short_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = "the lamp by the oak and the salt in the jar and the rope by the tent went to the hill in a fog: "
    path = classified(tmp_path, [(form + text, label) for text, label in rows()])
    assert "row.near_partial" not in {item["code"] for item in examined(path).findings}
    monkeypatch.setattr(near, "_READ", 20)
    monkeypatch.setattr(near, "_FEW", 20)
    monkeypatch.setattr(near, "_VAIN", 10)
    finding = find(examined(path), "row.near_partial")
    assert finding["severity"] == "amber"
    assert finding["values"]["pairs"] > 10


def test_exact_copies_are_told_by_the_check_alone(tmp_path: Path) -> None:
    found = examined(classified(tmp_path, [*rows(), rows()[0]], test=rows()[:3]))
    assert not {"row.near", "leak.near"} & {item["code"] for item in found.findings}


def test_personal_data_is_counted_by_kind(tmp_path: Path) -> None:
    given = [*rows(), ("Write to anna@example.org about it", "post")]
    found = find(examined(classified(tmp_path, given)), "text.personal")
    assert (found["count"], found["values"]["kind"]) == (1, "email")
    assert found["places"][0]["line"] == len(given) + 1


def test_chinese_texts_show_that_the_base_is_the_wrong_one(tmp_path: Path) -> None:
    given = [(f"第{n}个包裹什么时候到", "a" if n % 2 else "b") for n in range(40)]
    found = examined(classified(tmp_path, given))
    assert find(found, "base.language")["values"]["base_id"] == "minilm-l6"
    assert found.stats["languages"] == {"zh": 1.0}


def test_nothing_is_claimed_where_labels_cannot_be_told(tmp_path: Path) -> None:
    given = [(text, str(number % 3)) for number, text in enumerate(WORDS)]
    found = examined(classified(tmp_path, given))
    assert not found.stats["suspects"]["usable"]
    assert "label.suspect" not in {item["code"] for item in found.findings}


def test_only_a_part_of_many_rows_is_looked_at(
    flipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LIMIT", 40)
    examined(flipped, out=tmp_path / "deep")
    path = version.suspects_path(tmp_path / "deep" / flipped.name)
    if path.exists():
        assert max(pq.read_table(path)["row"].to_pylist()) < len(WORDS)


def test_tasks_without_labels_have_no_suspects(tmp_path: Path) -> None:
    task = TASKS["translation"]
    path = written(tmp_path, [(text, text.upper()) for text in WORDS], "source\ttarget", task)
    found = examined(path, task=task)
    assert "suspects" not in found.stats
    assert found.stats["languages"]
