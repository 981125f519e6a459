"""The real data sets, read and checked; skipped where they are missing (ATTUNE_REAL_DATA, else ../shared)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from training import table, validation
from training.tasks import TASKS
from training.tasks.text_classification import TASK
from training.validation import Source

HOME = Path(os.environ.get("ATTUNE_REAL_DATA") or Path(__file__).parents[2].parent / "shared")
DATA = HOME / "data" if (HOME / "data").is_dir() else HOME
MANIFEST = DATA / "MANIFEST.json"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not MANIFEST.is_file(), reason="the real data sets are not here"),
]


def entries() -> list[dict]:
    if not MANIFEST.is_file():
        return []
    return [entry for entry in json.loads(MANIFEST.read_text()) if entry["file"].endswith(".csv")]


def is_classification(file: str) -> bool:
    return file.startswith("classification/") and "shot" not in file


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: Path(entry["file"]).stem)
def test_all_rows_are_read(entry: dict) -> None:
    read = table.read(DATA / entry["file"])
    assert read.detected.format == "csv"
    assert read.columns == entry["columns"]
    assert not read.detected.guessed
    assert read.detected.header
    records = list(read)
    assert len(records) == entry["rows"]
    assert not [fault for record in records for fault in record.faults]


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_all_sentences_of_conll_are_read(split: str) -> None:
    (entry,) = (entry for entry in entries() if entry["file"] == f"ner/wnut17_{split}.csv")
    read = table.read(DATA / f"ner/conll/wnut17.{split}.conll")
    records = list(read)
    assert (read.detected.format, read.columns) == ("conll", ["tokens", "tags"])
    assert len(records) == entry["rows"]
    assert not [fault for record in records for fault in record.faults]


TASK_OF = {
    "classification": "text-classification",
    "drift": "text-classification",
    "ner": "ner",
    "relation": "relation-extraction",
    "qa": "question-answering",
    "translation": "translation",
    "summarisation": "summarization",
    "dialogue": "dialogue",
}


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: Path(entry["file"]).stem)
def test_every_row_goes_into_its_task(entry: dict) -> None:
    """With the columns as they are guessed: nothing has to be chosen, and no row is lost."""
    path = DATA / entry["file"]
    task = TASKS[TASK_OF[entry["file"].split("/")[0]]]
    preview = table.preview(path)
    columns = validation.guess_columns(task, preview.columns, preview.rows)
    outcome = validation.check(task, [Source("train", str(path), path.name)], columns)
    assert outcome.rows == entry["rows"]
    assert outcome.gate != "blocked"
    assert outcome.scan.variant.name == (
        "multi" if "goemotions" in path.name else task.variants[0].name
    )


def checked(name: str) -> validation.Outcome:
    files = {
        split: DATA / f"classification/{name}_{split}.csv" for split in ("train", "valid", "test")
    }
    sources = [Source(split, str(path), path.name) for split, path in files.items()]
    return validation.check(TASK, sources, {"text": "text", "label": "label"})


@pytest.mark.parametrize(
    "name", sorted({entry["name"] for entry in entries() if is_classification(entry["file"])})
)
def test_none_is_blocked(name: str) -> None:
    assert checked(name).gate != "blocked"


def test_the_leaked_texts_of_chnsenticorp_are_found() -> None:
    leaks = {
        (finding.values["split"], finding.values["other"]): finding.count
        for finding in checked("chnsenticorp").findings
        if finding.code == "leak.exact"
    }
    assert leaks["test", "train"] == 331
