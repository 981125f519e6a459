"""A finished model at work: answers, a file labelled, a score on new rows, and the proof that it was saved well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError

from training import artifact, heads, table, vectors
from training.events import Report, Verified, last_of
from training.export import ARTIFACT, CHECKPOINT
from training.files import core, program
from training.problems import Problem
from training.table.reader import clean
from training.tasks import TASKS
from training.tasks.shape import BETWEEN, Row, Task, Variant, read_plain
from training.validation.parts import as_list, texts_in
from training.validation.rows import joined

MOST = 1000  # inputs in one call
TOLERANCE = 1e-3  # between the probabilities of a run and those of its saved model
PREDICTIONS = "predictions.parquet"
PROOF = 16  # test rows that a model that writes is tried on; the run wrote the same ones together
LONGEST = 4096  # tokens of a text that are counted where a model does not say how many it reads
EXAMPLE = "My card has not arrived"


@dataclass
class Predictor:
    """One call at a time: more would only share the same cores."""

    model: core.Loaded
    lock: threading.Lock = field(default_factory=threading.Lock)

    def predict(
        self, inputs: Sequence[Mapping[str, Any]], store: vectors.Store | None = None
    ) -> list[dict[str, Any]]:
        """One answer an input, as `training.coding` gives it. Raises Problem(`serving.inputs`).

        `store`: where a draft, whose base is as it came, looks for the vectors of texts before it reads them.

        A model that compares two texts also takes {first role: text, "candidates": [texts], "most": 10} and answers
        {"nearest": […]}, best first.
        """
        if _searches(self.model, inputs):
            asked = _searched(inputs, self.model.inputs[0])
            with self.lock:
                return [{"nearest": self.model.nearest(*item)} for item in asked]  # type: ignore[attr-defined]
        records = _records(inputs, self.model.inputs, self.model.about.get("optional") or ())
        with self.lock:
            if store is not None:
                return _recalled(self.model, records, store)
            return self.model.predict(records)

    def tokens(
        self, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]
    ) -> int:
        """How many were read, each text up to what the model reads of it, and how many were written."""
        given = [text for item in inputs for text in _texts(item)]
        written = [str(item["text"]) for item in outputs if isinstance(item.get("text"), str)]
        most = int(self.model.about.get("max_length") or LONGEST)
        with self.lock:
            pieces = self.model.tokenizer(given + written, add_special_tokens=False)["input_ids"]
        return sum(min(len(one), most) for one in pieces)


def _texts(item: Mapping[str, Any]) -> list[str]:
    values = (value if isinstance(value, list) else [value] for value in item.values())
    return [text for each in values for text in each if isinstance(text, str) and text]


def _recalled(
    model: core.Loaded, records: Sequence[Mapping[str, str]], store: vectors.Store
) -> list[dict[str, Any]]:
    head = heads.find(model.about["head"])
    pieces = head.coding.pieces(model.tokenizer, records, model.about["max_length"], model.about)
    with store.lock:
        found = np.stack(last_of(store.of(model.network, pieces)))
    with torch.inference_mode():
        outputs = model.network.head(torch.from_numpy(found).to(model.device)).cpu().numpy()
    return model.answers(head.coding.results(outputs, pieces, records, model.about), records)


def store_of(model: core.Loaded, folder: Path) -> vectors.Store | None:
    """What takes up the vectors that this model makes of texts; None for one whose base has been trained, and for one
    that reads word by word."""
    frozen = model.about.get("frozen")
    if not frozen or model.about["head"] == "token":
        return None
    return vectors.Store(folder, frozen, growing=True)


def _records(inputs: Any, roles: Sequence[str], optional: Sequence[str]) -> list[dict[str, str]]:
    """Places in a text are taken as numbers as well."""
    example = json.dumps([dict.fromkeys(roles, EXAMPLE)])
    if not isinstance(inputs, list | tuple) or not 1 <= len(inputs) <= MOST:
        size = len(inputs) if isinstance(inputs, list | tuple) else type(inputs).__name__
        raise Problem("serving.inputs", most=MOST, found=f"inputs: {size}", example=example)
    for number, item in enumerate(inputs):
        for role in roles:
            given = item.get(role) if isinstance(item, Mapping) else None
            if given is None and isinstance(item, Mapping) and role in optional:
                continue
            place = role in optional and isinstance(given, int)
            if not (isinstance(given, str) or place):
                found = f"Input {number} has no {role}."
                raise Problem("serving.inputs", most=MOST, found=found, example=example)
    return [
        {name: str(value) if isinstance(value, int) else value for name, value in item.items()}
        for item in inputs
    ]


def _searches(model: core.Loaded, inputs: Any) -> bool:
    """Whether all inputs are of the kind that is searched for in a list."""
    able = getattr(model, "searches", False) and isinstance(inputs, list | tuple) and bool(inputs)
    return able and all(isinstance(item, Mapping) and "candidates" in item for item in inputs)


def _searched(inputs: Sequence[Mapping[str, Any]], role: str) -> list[tuple[str, list[str], int]]:
    """(text, candidates, how many to find); no more than MOST texts in all."""
    example = json.dumps([{role: EXAMPLE, "candidates": [EXAMPLE], "most": 10}])
    texts = 0
    for number, item in enumerate(inputs):
        known, most = item["candidates"], item.get("most", 10)
        whole = isinstance(known, list | tuple) and all(isinstance(text, str) for text in known)
        if (
            not whole
            or not isinstance(item.get(role), str)
            or not isinstance(most, int)
            or most < 1
        ):
            found = f"Input {number} has no {role}, or its candidates are no list of texts."
            raise Problem("serving.inputs", most=MOST, found=found, example=example)
        texts += 1 + len(known)
    if texts > MOST:
        raise Problem("serving.inputs", most=MOST, found=f"texts: {texts}", example=example)
    return [(item[role], list(item["candidates"]), item.get("most", 10)) for item in inputs]


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
        return Predictor(heads.load(found))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise Problem("artifact.broken", found=str(error)[:300], file=found.name) from error


def label_file(
    folder: str | Path,
    source: Path,
    target: Path,
    columns: Sequence[str] = (),
    among: Path | None = None,
    most: int = program.NEAREST,
) -> int:
    """Writes the CSV file with the answers added, or with the `most` nearest texts of the file `among`; returns the
    rows. As predict.py, but any encoding is found."""
    read, model = table.read(source), load(folder).model
    form = heads.find(model.about["head"]).form
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            given = read.columns, _cells(read), out, columns
            if among:
                count = program.search_rows(model, _listed(among, model, columns), *given, most)
            else:
                count = program.answer_rows(model, *given, form)
        part.replace(target)
    except program.BadFile as error:
        raise Problem("predict.file", found=str(error)) from error
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    return count


def _cells(read: table.Table) -> Iterator[list[str]]:
    return ([clean(cell) for cell in record.cells] for record in read)


def _listed(file: Path, model: core.Loaded, columns: Sequence[str]) -> list[str]:
    read = table.read(file)
    return program.list_of(read.columns, _cells(read), model, columns)


def verify(run: str | Path) -> Verified:
    """Whether the saved model answers as the run did, on every test row. Raises Problem(`artifact.broken`)."""
    run = Path(run)
    folder = folder_of(run)
    artifact.verify_checksums(folder)
    kept = pq.read_table(run / PREDICTIONS, columns=["inputs", "answer", "probabilities"])
    model = load(folder).model
    if model.about["head"] == "text":  # writing all of it again would double the time
        kept = kept.slice(0, PROOF)
    found = model.predict([json.loads(text) for text in kept["inputs"].to_pylist()])
    shares = [list(answer.pop("probabilities", {}).values()) for answer in found]
    before = [json.loads(text) for text in kept["answer"].to_pylist()]
    numbers = [list(values or ()) for values in kept["probabilities"].to_pylist()]
    pairs = [*zip(before, found, strict=True), *zip(numbers, shares, strict=True)]
    differences = [difference(*pair) for pair in pairs]
    equal = all(item is not None for item in differences)
    return Verified(len(found), equal, max((item or 0.0 for item in differences), default=0.0))


def difference(before: Any, after: Any) -> float | None:
    """The largest one between the fractions in two answers; None where anything else differs."""
    if isinstance(before, float) and isinstance(after, float):
        return abs(before - after)
    parts: list[tuple[Any, Any]] = []
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        parts = [(before[name], after[name]) for name in before]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        parts = list(zip(before, after, strict=True))
    elif before != after or isinstance(before, dict | list):
        return None
    found = [difference(*pair) for pair in parts]
    return None if None in found else max((item or 0.0 for item in found), default=0.0)


def evaluate(folder: str | Path, file: Path, columns: Mapping[str, str] | None = None) -> Report:
    """The model's scores on the rows of a labelled CSV file; there are no baselines. A label that the model does not
    know counts as wrong."""
    model = load(folder).model
    about = model.about
    task = TASKS[about["task"]]
    learner = task.variant(about["variant"]).of_head(about["head"])
    if learner is None:
        raise Problem("spec.choice", field="task", value=about["task"], choices=", ".join(TASKS))
    rows = _rows(task, file, {**about["columns"], **(columns or {})})
    results = model.results([row.values for row in rows])
    metrics = learner.score(rows, results, about)
    metrics |= learner.search(rows, model.results, about)
    return Report(task.name, len(rows), metrics, {}, {}, {"labels": model.labels})


def _rows(task: Task, file: Path, columns: Mapping[str, str]) -> list[Row]:
    """The rows that the task understands."""
    read = table.read(file)
    here = {role: names for role in columns if (names := _there(columns[role], read.columns))}
    for column in task.columns:
        if column.required and column.role not in here:
            read.index(columns[column.role])  # says which columns there are
    variant, records = task.suggested(here), list(read)
    cells = {role: _column(task, role, names, read, records) for role, names in here.items()}
    kept = [
        row
        for number, record in enumerate(records)
        if variant
        and (row := _row(task, variant, Row(number, file.name, record.line, _at(cells, number))))
    ]
    if not kept:
        raise Problem("row.none", file=file.name)
    return kept


def _there(names: str, header: Sequence[str]) -> str:
    """Those of the columns that the file has."""
    return BETWEEN.join(name for name in names.split(BETWEEN) if name in header)


def _column(task: Task, role: str, columns: str, read: Any, records: Sequence[Any]) -> list[str]:
    """What stands in a role, row by row; several columns as one, as the check reads them."""
    names = columns.split(BETWEEN)
    found = [[clean(record.cells[read.index(name)]) for record in records] for name in names]
    if len(names) == 1:
        return found[0]
    whole = joined(names, [table.strings(column) for column in found], role == task.label_role)
    return list(whole.to_pylist())


def _at(cells: Mapping[str, Sequence[str]], number: int) -> dict[str, str]:
    return {role: column[number] for role, column in cells.items()}


def _row(task: Task, variant: Variant, row: Row) -> Row | None:
    """As a version would hold it."""
    values = {**dict.fromkeys(task.roles, ""), **row.values}
    found = variant.parse(values) if variant.parse else read_plain(variant, values)
    kept = dict(zip(variant.keeps, found.values, strict=False))
    kept |= {role: as_list(texts_in(values[role])) for role in variant.may}
    return replace(row, values=kept) if found.key else None
