"""A finished model at work: answers, a file labelled, a score on new rows, and the proof that it was saved well."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from safetensors import SafetensorError

from training import artifact, table
from training.events import Report, Verified
from training.export import ARTIFACT, CHECKPOINT
from training.files import predict
from training.problems import Problem
from training.table.reader import clean
from training.tasks import TASKS
from training.tasks.shape import Row, Trainable

MOST = 1000  # inputs in one call
TOLERANCE = 1e-3  # between the probabilities of a run and those of its saved model
PREDICTIONS = "predictions.parquet"
EXAMPLE = '[{"text": "My card has not arrived"}]'


@dataclass
class Predictor:
    """One call at a time: more would only share the same cores."""

    model: predict.Model
    lock: threading.Lock = field(default_factory=threading.Lock)

    def predict(self, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One {"label", "probability", "probabilities": {label: p}} an input. Raises Problem(`serving.inputs`)."""
        texts = _texts(inputs)
        with self.lock:
            found = self.model.predict(texts)
        return [
            {
                "label": item.label,
                "probability": item.probability,
                "probabilities": dict(zip(self.model.labels, item.probabilities, strict=True)),
            }
            for item in found
        ]


def _texts(inputs: Any) -> list[str]:
    if not isinstance(inputs, list | tuple) or not 1 <= len(inputs) <= MOST:
        size = len(inputs) if isinstance(inputs, list | tuple) else type(inputs).__name__
        raise Problem("serving.inputs", most=MOST, found=f"inputs: {size}", example=EXAMPLE)
    for number, item in enumerate(inputs):
        if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
            found = f"Input {number} has no text."
            raise Problem("serving.inputs", most=MOST, found=found, example=EXAMPLE)
    return [item["text"] for item in inputs]


def folder_of(folder: str | Path) -> Path:
    """The model folder in a run's folder, or the folder itself. A stopped run has its checkpoint."""
    folder = Path(folder)
    for found in (folder, folder / ARTIFACT, folder / CHECKPOINT):
        if (found / "attune.json").is_file():
            return found
    raise Problem("artifact.missing", folder=folder.name)


def load(folder: str | Path) -> Predictor:
    """Raises Problem(`artifact.missing`, `artifact.broken`)."""
    found = folder_of(folder)
    try:
        return Predictor(predict.Model(found))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Problem("artifact.broken", found=str(error)[:300], file=found.name) from error


def label_file(folder: str | Path, source: Path, target: Path, column: str = "") -> int:
    """Writes the CSV file with the predictions added; returns the rows. As predict.py, but any encoding is found."""
    read, model = table.read(source), load(folder).model
    rows = ([clean(cell) for cell in record.cells] for record in read)
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            count = predict.label_rows(model, read.columns, rows, out, column)
        part.replace(target)
    except predict.BadFile as error:
        raise Problem("predict.file", found=str(error)) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return count


def verify(run: str | Path) -> Verified:
    """Whether the saved model answers as the run did, on every test row. Raises Problem(`artifact.broken`)."""
    run = Path(run)
    folder = folder_of(run)
    artifact.verify_checksums(folder)
    kept = pq.read_table(run / PREDICTIONS, columns=["text", "predicted", "probabilities"])
    found = load(folder).model.predict(kept["text"].to_pylist())
    before = np.array(kept["probabilities"].to_pylist(), np.float64)
    after = np.array([item.probabilities for item in found], np.float64)
    equal = [item.label for item in found] == kept["predicted"].to_pylist()
    return Verified(len(found), equal, float(np.abs(before - after).max()) if len(found) else 0.0)


def evaluate(folder: str | Path, file: Path, columns: Mapping[str, str] | None = None) -> Report:
    """The model's scores on the rows of a labelled CSV file; there are no baselines. A label that the model does not
    know counts as wrong."""
    about = json.loads((folder_of(folder) / "attune.json").read_text(encoding="utf-8"))
    task = TASKS[about["task"]]
    if not isinstance(task, Trainable):
        raise Problem("spec.choice", field="task", value=about["task"], choices=", ".join(TASKS))
    rows = _rows(task, file, {**about["columns"], **(columns or {})})
    model = load(folder).model
    ids = predict.tokenize(model.tokenizer, [row.values["text"] for row in rows], model.max_length)
    probabilities = model.probabilities(ids).numpy()
    metrics = task.score(task.targets(rows, model.labels), probabilities, model.labels)
    return Report(task.name, len(rows), metrics, {}, {}, {"labels": model.labels})


def _rows(task: Trainable, file: Path, columns: Mapping[str, str]) -> list[Row]:
    """The rows with a text and a label."""
    read = table.read(file)
    places = {column.role: read.index(columns[column.role]) for column in task.columns}
    rows = [
        Row(
            number,
            file.name,
            record.line,
            {role: clean(record.cells[at]) for role, at in places.items()},
        )
        for number, record in enumerate(read)
    ]
    kept = [row for row in rows if all(row.values.values())]
    if not kept:
        raise Problem("row.none", file=file.name)
    return kept
