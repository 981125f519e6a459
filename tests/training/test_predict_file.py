"""predict.py as a stranger runs it: out of the unpacked zip, in a process of its own, without this package."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.warm import Warm
from training import heads
from training.files import core, program

LABELS = ["billing", "login", "parcel"]


@pytest.fixture(scope="module")
def unpacked(fitted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stranger")
    with zipfile.ZipFile(fitted / "artifact.zip") as packed:
        packed.extractall(folder)
    return folder / "model"


@pytest.fixture(scope="module")
def model(fitted: Path) -> core.Loaded:
    return heads.load(fitted / "artifact")


def call(warm: Warm, folder: Path, *args: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return warm.run([folder / "predict.py", *args], cwd=folder.parent, env=clean)


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def label(model: core.Loaded, folder: Path, lines: str, column: str = "") -> list[list[str]]:
    source = lines.splitlines(keepends=True)
    header, rows = program.read_rows(source, ",")
    with (folder / "out.csv").open("w", encoding="utf-8", newline="") as target:
        program.answer_rows(model, header, rows, target, [column] if column else [])
    return read(folder / "out.csv")


def test_it_gives_what_the_run_gave(
    fitted: Path, unpacked: Path, tmp_path: Path, warm: Warm
) -> None:
    kept = pq.read_table(fitted / "predictions.parquet").to_pylist()
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *([row["row"], row["text"]] for row in kept)])
    answer = call(warm, unpacked, tmp_path / "in.csv", tmp_path / "out.csv")
    assert answer.returncode == 0, answer.stderr
    header, *rows = read(tmp_path / "out.csv")
    assert header == ["id", "text", "predicted", "probability", *(f"p_{name}" for name in LABELS)]
    for row, before in zip(rows, kept, strict=True):
        assert row[:3] == [str(before["row"]), before["text"], before["predicted"]]
        assert list(map(float, row[4:])) == pytest.approx(before["probabilities"], abs=1e-3)


def test_checksums_are_those_of_sha256sum(unpacked: Path) -> None:
    for line in (unpacked / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ", 1)
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest


def test_the_base_loads_with_the_auto_class(unpacked: Path) -> None:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    assert AutoConfig.from_pretrained(unpacked).id2label == dict(enumerate(LABELS))
    assert AutoModel.from_pretrained(unpacked).config.hidden_size == 32
    assert len(AutoTokenizer.from_pretrained(unpacked)("the parcel")["input_ids"]) == 4


def test_it_says_what_is_wrong_with_the_file(unpacked: Path, tmp_path: Path, warm: Warm) -> None:
    (tmp_path / "in.csv").write_text("id,body\n1,hello\n", encoding="utf-8")
    answer = call(warm, unpacked, tmp_path / "in.csv", tmp_path / "out.csv")
    assert answer.returncode == 2
    assert "No column “text”" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_it_needs_nothing_of_this_package(unpacked: Path) -> None:
    code = (unpacked / "predict.py").read_text(encoding="utf-8")
    assert "import training" not in code
    assert "from training" not in code


def test_another_column_can_be_named(model: core.Loaded, tmp_path: Path) -> None:
    _, row = label(model, tmp_path, "id,body\n1,my invoice\n", "body")
    assert row[2] in LABELS


def test_the_only_column_is_taken(model: core.Loaded, tmp_path: Path) -> None:
    assert len(label(model, tmp_path, "whatever\nmy invoice\na parcel\n")) == 3


def test_a_column_that_is_there_already_stays(model: core.Loaded, tmp_path: Path) -> None:
    header, row = label(model, tmp_path, "text,predicted\nmy invoice,old\n")
    assert header[:3] == ["text", "predicted", "predicted_"]
    assert row[1] == "old"


def test_texts_are_not_changed(model: core.Loaded, tmp_path: Path) -> None:
    text = '=1+1, "quoted"\nsecond line 漢字 '
    quoted = text.replace('"', '""')
    _, row = label(model, tmp_path, f'text\n"{quoted}"\n')
    assert row[0] == text


def test_an_empty_text_has_an_answer(model: core.Loaded, tmp_path: Path) -> None:
    assert label(model, tmp_path, 'id,text\n1,""\n2\n')[2][:2] == ["2", ""]


def test_a_row_with_too_many_cells_is_named(model: core.Loaded, tmp_path: Path) -> None:
    with pytest.raises(program.BadFile, match="Line 3: 3 cells"):
        label(model, tmp_path, "id,text\n1,a\n2,b,c\n")


def test_an_empty_file_is_told(model: core.Loaded, tmp_path: Path) -> None:
    with pytest.raises(program.BadFile, match="empty"):
        label(model, tmp_path, "")


def test_a_lone_surrogate_does_no_harm(model: core.Loaded) -> None:
    assert model.predict(["\ud800 parcel"])[0]["label"] in LABELS


def test_answers_do_not_depend_on_company(model: core.Loaded) -> None:
    texts = ["my invoice", "why is the parcel late and the door locked again", "", "login " * 300]
    together = model.predict(texts)
    for text, found in zip(texts, together, strict=True):
        alone = model.predict([text])[0]
        assert alone["label"] == found["label"]
        assert alone["probabilities"] == pytest.approx(found["probabilities"], abs=1e-6)


def test_nothing_gives_nothing(model: core.Loaded) -> None:
    assert model.predict([]) == []


def test_batches_hold_every_row_once_the_longest_first() -> None:
    lengths = [3, 900, 20, 0, 20, 5000] * 30
    found = list(core.batches(lengths))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    tops = [max(lengths[row] for row in batch) for batch in found]
    assert tops == sorted(tops, reverse=True)
    assert all(len(batch) <= core.ROWS for batch in found)
