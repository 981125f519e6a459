"""What the stages of a fine-tune hand on to one another, and the first two of them: reading and preparing."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from accelerate import Accelerator

from training import backbone, batches, catalogue, defaults, export, loop, version
from training.check import Wish, check
from training.events import Checked, Event, Note, Stage, Started
from training.problems import Problem
from training.spec import Spec
from training.tasks import TASKS
from training.tasks.shape import Row, Trainable
from training.validation import Source

# Where the stages begin, as a share of the whole run; training fills what is between.
BEGINS = {
    "reading": 0.0,
    "preparing": 0.03,
    "baselines": 0.06,
    "training": 0.16,
    "testing": 0.92,
    "saving": 0.96,
}
VERSION, SPEC = "version.parquet", "spec.json"


@dataclass
class Job:
    """What the stages hand on to one another."""

    spec: Spec
    folder: Path
    task: Trainable
    base: Path
    begun: float = field(default_factory=time.monotonic)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    ids: dict[str, list[list[int]]] = field(default_factory=dict)
    targets: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    truncated: float = 0.0
    notes: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.spec.settings)

    def note(self, code: str, **values: Any) -> Note:
        """A note that stands in the report too."""
        self.notes.append({"code": code, "values": values})
        return Note(code, values)


def stage(name: str, share: float = 0.0) -> Stage:
    names = list(BEGINS)
    end = BEGINS[names[names.index(name) + 1]] if name != names[-1] else 1.0
    return Stage(name, round(BEGINS[name] + share * (end - BEGINS[name]), 4))


def task_of(spec: Spec) -> Trainable:
    found = TASKS.get(spec.task)
    if not isinstance(found, Trainable):
        known = ", ".join(name for name, task in TASKS.items() if task.available)
        raise Problem("spec.choice", field="task", value=spec.task, choices=known)
    return found


def base_of(spec: Spec, bases_dir: str | Path) -> Path:
    if not spec.base_folder:
        return _located(spec.base, bases_dir)
    folder = Path(spec.base_folder)
    if missing := catalogue.missing_files(folder):
        raise Problem("base.broken", base=spec.base, base_id=spec.base, missing=missing)
    return folder


def _located(base: str, bases_dir: str | Path) -> Path:
    """The base's folder; what is not here is fetched from the hub where the operator allows it."""
    try:
        return catalogue.locate(base, bases_dir)
    except Problem as problem:
        if problem.code != "base.missing" or not catalogue.hub_allowed():
            raise
    return backbone.fetch(catalogue.find(base), bases_dir)


def read(job: Job) -> Generator[Event, None, None]:
    """Rows by split, out of the version or of the files, which are checked first."""
    spec = job.spec
    if not spec.version:
        for event in check(
            job.task, _sources(spec), spec.columns, wish=Wish(seed=spec.seed), out=job.folder
        ):
            if isinstance(event, Checked):
                _refuse(event)
    path = spec.version or job.folder / VERSION
    if not job.task.variant(version.about(path).variant).trains:
        raise Problem("run.task")
    stored = list(version.read(path))
    for split in ("train", "valid", "test"):
        job.rows[split] = [
            Row(row.row, row.file, row.line, row.values) for row in stored if row.split == split
        ]
    if not job.rows["test"]:
        raise Problem("train.no_test")
    job.labels = job.task.labels(job.rows["train"])
    job.targets = {split: job.task.targets(rows, job.labels) for split, rows in job.rows.items()}
    yield stage("reading", 1.0)


def _sources(spec: Spec) -> list[Source]:
    given = {"train": spec.train, "valid": spec.valid, "test": spec.test}
    if not spec.train:
        raise Problem("spec.choice", field="train", value="", choices="a CSV file, or a version")
    return [
        Source(
            split, path, Path(path).name, spec.encoding, spec.delimiter, spec.format, spec.header
        )
        for split, path in given.items()
        if path
    ]


def _refuse(checked: Checked) -> None:
    """Data that no model can be made of: the first finding that says why."""
    for finding in checked.findings:
        if checked.gate == "blocked" and finding["severity"] == "blocking":
            place = dict(finding["places"][0]) if finding["places"] else {}
            raise Problem(
                finding["code"], **{**place, "count": finding["count"], **finding["values"]}
            )


def prepare(job: Job) -> Generator[Event, None, Any]:
    """Freezes what is chosen, tokenises all rows; returns the tokenizer."""
    spec = job.spec
    tokenizer = backbone.tokenizer(job.base)
    chosen = defaults.settings(spec.effort, len(job.rows["train"]), spec.settings)
    chosen["max_length"] = min(chosen["max_length"], backbone.longest(job.base, tokenizer))
    chosen["precision"] = backbone.precision(chosen["precision"])
    job.spec = replace(spec, settings=chosen)
    export.write_json(job.folder / SPEC, job.spec.as_dict())
    cut = 0
    for split, rows in job.rows.items():
        job.ids[split], too_long = _encoded(job.task, tokenizer, rows, chosen["max_length"])
        cut += too_long
    job.truncated = round(cut / max(1, sum(map(len, job.rows.values()))), 6)
    if cut:
        yield job.note("train.truncated", rows=cut, max_length=chosen["max_length"])
    return tokenizer


def _encoded(
    task: Trainable, tokenizer: Any, rows: Sequence[Row], limit: int
) -> tuple[list[list[int]], int]:
    """Token ids of every row, and how many rows were cut to `limit`."""
    if not rows:
        return [], 0
    ids = task.encode(tokenizer, rows, limit + 1)["input_ids"]
    long = [number for number, row in enumerate(ids) if len(row) > limit]
    if long:
        again = task.encode(tokenizer, [rows[number] for number in long], limit)["input_ids"]
        for number, row in zip(long, again, strict=True):
            ids[number] = row
    return ids, len(long)


def data_of(job: Job, tokenizer: Any) -> loop.Data:
    train, valid = (
        loop.Rows(job.ids[split], job.targets[split].tolist()) for split in ("train", "valid")
    )
    limit = job.settings["max_length"]
    return loop.Data(train, valid, tokenizer.pad_token_id or 0, limit, len(job.labels))


def plan_of(job: Job) -> loop.Plan:
    own = {name: value for name, value in job.settings.items() if name in loop.Plan.__annotations__}
    return loop.Plan(seed=job.spec.seed, **own)


def started(job: Job, data: loop.Data, accelerator: Accelerator) -> Started:
    plan = plan_of(job)
    return Started(
        spec=_shown(job.spec),
        rows={split: len(rows) for split, rows in job.rows.items()},
        labels=tuple(job.labels),
        steps=plan.epochs * batches.steps(len(data.train.ids), plan.batch_size),
        epochs=plan.epochs,
        device=accelerator.device.type,
        precision=job.settings["precision"],
        max_length=data.limit,
        truncated_share=job.truncated,
    )


def _shown(spec: Spec) -> dict[str, Any]:
    """The spec with names in place of paths."""
    given = spec.as_dict()
    paths = ("version", "train", "valid", "test", "base_folder")
    return {**given, **{name: Path(given[name]).name if given[name] else "" for name in paths}}
