"""What the stages of a fine-tune hand on to one another, and the first two of them: reading and preparing."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from accelerate import Accelerator

from training import (
    augment,
    backbone,
    catalogue,
    clashes,
    defaults,
    draft,
    export,
    freezing,
    heads,
    install,
    vectors,
    version,
)
from training.check import Wish, check
from training.checkpoints import Store
from training.events import Checked, Event, Note, Stage, Started, each
from training.fit import paraphrasing
from training.options import OPTIONS
from training.plan import Plan
from training.problems import Problem
from training.spec import Spec
from training.tasks import TASKS
from training.tasks.shape import Learner, Row, Task, Variant
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
UNUSED = {"head_learning_rate": 0.0, "dropout": 0.0, "class_weights": False}  # by some heads
LOOKED = 500  # training rows whose length is measured
FEW_LONG = 0.02  # share of too long rows up to which they are simply cut


@dataclass
class Job:
    """What the stages hand on to one another. `about` becomes attune.json."""

    spec: Spec
    folder: Path
    task: Task
    bases: str | Path = ""  # folder of the bases
    base: Path = Path()  # known after `located`
    begun: float = field(default_factory=time.monotonic)
    variant: Variant | None = None  # known when the rows are read
    rows: dict[str, list[Row]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    pieces: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    truncated: float = 0.0
    seeds: dict[str, Any] = field(default_factory=dict)  # of several trainings, for the report
    given: frozenset[str] = frozenset()  # settings that a person chose
    tried: list[dict[str, Any]] = field(default_factory=list)  # what was chosen on validation rows
    vectors: dict[str, Any] = field(default_factory=dict)  # of a frozen base, by split
    otherwise: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # rows, translated twice
    notes: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    # What is kept on the way: of all of it, of this training, of the run that it continues, and what it is
    store: Store | None = None
    states: Store | None = None
    origin: Store | None = None
    setup: dict[str, Any] = field(default_factory=dict)
    several: bool = False  # trainings, of which the best on validation is kept

    @property
    def learner(self) -> Learner:
        found = self.variant.chosen(self.spec.settings) if self.variant else None
        if found is None:
            raise Problem("run.task")
        return found

    @property
    def head(self) -> heads.Head:
        return heads.find(self.learner.head)

    @property
    def labels(self) -> list[str]:
        return list(self.about["labels"])

    def records(self, split: str) -> list[Mapping[str, str]]:
        return [row.values for row in self.rows[split]]

    def results(self, split: str, outputs: Any) -> Any:
        """What the network's outputs for the pieces of a split mean, one item a row."""
        coding = self.head.coding
        return coding.results(outputs, self.pieces[split], self.records(split), self.about)

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.spec.settings)

    def tell_tried(
        self, what: str, values: Mapping[str, float], kept: str, rows: int, figure: str = ""
    ) -> None:
        """For the report: the figure of each choice on so many validation rows, and which one was taken."""
        options = [
            {"name": name, "value": value, "kept": name == kept} for name, value in values.items()
        ]
        figure = figure or self.learner.main
        self.tried.append({"what": what, "figure": figure, "rows": rows, "options": options})

    def note(self, code: str, **values: Any) -> Note:
        """A note that stands in the report too."""
        self.notes.append({"code": code, "values": values})
        return Note(code, values)


def stage(name: str, share: float = 0.0) -> Stage:
    names = list(BEGINS)
    end = BEGINS[names[names.index(name) + 1]] if name != names[-1] else 1.0
    return Stage(name, round(BEGINS[name] + share * (end - BEGINS[name]), 4))


def task_of(spec: Spec) -> Task:
    found = TASKS.get(spec.task)
    if found is None or not found.available:
        known = ", ".join(name for name, task in TASKS.items() if task.available)
        raise Problem("spec.choice", field="task", value=spec.task, choices=known)
    return found


def located(job: Job, bases_dir: str | Path) -> Generator[Event, None, None]:
    """Finds the base, and installs it first where that is needed. Raises Problem(`base.*`)."""
    spec, variant = job.spec, job.about["variant"]
    job.spec = spec = replace(spec, base=spec.base or catalogue.default_for(spec.task, variant))
    job.about["base"], job.bases = spec.base, bases_dir
    if spec.base_folder:
        job.base = Path(spec.base_folder)
        if missing := catalogue.missing_files(job.base):
            raise Problem("base.broken", base=spec.base, base_id=spec.base, missing=missing)
        return
    base = catalogue.find(spec.base, bases_dir)
    if not catalogue.suits(base, spec.task, variant):
        raise Problem("base.task", base=base.title, task=spec.task)
    steps = install.ensure(spec.base, bases_dir)
    job.base = yield from each(steps, lambda event: stage("reading", event.progress))


def read(job: Job) -> Generator[Event, None, None]:
    """Rows by split, out of the version or of the files, which are checked first."""
    spec = job.spec
    if not spec.version:
        wish = Wish(seed=spec.seed, variant=spec.variant)
        for event in check(job.task, _sources(spec), spec.columns, wish=wish, out=job.folder):
            if isinstance(event, Checked):
                _refuse(event)
    path = spec.version or job.folder / VERSION
    job.variant = job.task.variant(version.about(path).variant)
    stored = list(version.read(path))
    for split in ("train", "valid", "test"):
        job.rows[split] = [
            Row(row.row, row.file, row.line, row.values) for row in stored if row.split == split
        ]
    if not job.rows["test"]:
        raise Problem("train.no_test")
    _settle(job)
    draft.check_head(spec.effort, job.learner.head, spec.task)
    job.about = about(job)
    yield stage("reading", 1.0)


def _settle(job: Job) -> None:
    """What is left to us and decides how the rows are read; a folder without a name is no base that is known."""
    spec, variant = job.spec, job.variant
    if variant:
        usual = "" if spec.base_folder else catalogue.default_for(spec.task, variant.name)
        base = catalogue.BASES.get(spec.base or usual)
        compares = bool(base and base.compares)
        settings = variant.settled(spec.settings, job.rows["train"], compares)
        if spec.effort == draft.EFFORT:
            settings = variant.drafted(spec.settings, job.rows["train"])
        job.spec = replace(spec, settings=settings)


def about(job: Job) -> dict[str, Any]:
    """What attune.json says, as far as the training rows tell it."""
    learner, spec = job.learner, job.spec
    columns = {column.role: column.role for column in job.task.columns} | dict(spec.columns)
    return {
        "task": spec.task,
        "variant": job.variant.name if job.variant else "",
        "head": learner.head,
        "objective": learner.objective,
        "inputs": list(learner.inputs),
        "optional": list(learner.optional),
        "columns": {role: columns[role] for role in columns if role in job.task.roles},
        "labels": learner.labels(job.rows["train"]),
        **learner.about(job.rows["train"]),
    }


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
    # Of a run that goes on, the settings are what had been chosen; what a person chose is told apart.
    asked = job.setup["mark"]["asked"] if job.setup else spec.settings
    job.given = frozenset(n for n, v in asked.items() if v not in (None, "auto"))
    tokenizer = backbone.tokenizer(job.base)
    chosen = defaults.settings(
        spec.effort, len(job.rows["train"]), spec.settings, job.learner.head, job.learner.objective
    )
    if "learning_rate" in chosen and spec.settings.get("learning_rate") is None:
        chosen["learning_rate"] = defaults.rate_for(
            chosen["learning_rate"], backbone.hidden(job.base)
        )
    chosen["max_length"] = min(chosen["max_length"], room(job, tokenizer, chosen))
    chosen["precision"] = backbone.precision(chosen["precision"])
    job.about |= {"max_length": chosen["max_length"], "pad": tokenizer.pad_token_id or 0}
    if shapes := _shapes(job, tokenizer, chosen):
        job.about["shapes"] = shapes
    if "long_text" in chosen:
        chosen["long_text"] = job.about["long"] = _long(job, tokenizer, chosen["long_text"])
    # What one vector says of two texts is little: such a head only disturbs the first epochs (banking77 in 1,500 pairs:
    # 64 % of the validation pairs right after the first epoch instead of 71 %, 82 % after the fourth instead of 84 %).
    if "probe_head" in chosen and spec.settings.get("probe_head") is None:
        chosen["probe_head"] = job.learner.head != "sequence" or len(job.learner.inputs) == 1
    check_metric(job, chosen.get("stop_metric", "auto"))
    clashes.check(job.learner.head, chosen)
    freeze(job, chosen)
    for split, rows in job.rows.items():
        job.pieces[split] = _pieces(job, tokenizer, split)
        job.learner.teach(rows, job.pieces[split], job.about)
    if chosen.get("augmentation") == augment.BACK:
        yield from _said_otherwise(job, tokenizer)
    cut = sum(len({p["row"] for p in found if "cut" in p}) for found in job.pieces.values())
    job.truncated = round(cut / max(1, sum(map(len, job.rows.values()))), 6)
    if cut:
        yield job.note("train.truncated", rows=cut, max_length=chosen["max_length"])
    return tokenizer


def _said_otherwise(job: Job, tokenizer: Any) -> Generator[Event, None, None]:
    """The training texts are translated there and back."""
    (role, *more) = job.learner.inputs
    if more:
        known = ", ".join(one for one in OPTIONS["augmentation"].choices if one != augment.BACK)
        raise Problem("spec.choice", field="augmentation", value=augment.BACK, choices=known)
    records = job.records("train")
    steps = paraphrasing.said_otherwise([record[role] for record in records], job.bases)
    texts = yield from each(steps, lambda share: stage("preparing", share))
    rows = [row for row, text in enumerate(texts) if text]
    said = [{**records[row], role: texts[row]} for row in rows]
    found = job.head.coding.pieces(tokenizer, said, job.about["max_length"], job.about)
    others = [{**piece, "row": rows[piece["row"]]} for piece in found]
    job.otherwise = paraphrasing.alternatives(job.pieces["train"], others)
    yield job.note("train.said_otherwise", rows=len(job.otherwise), all=len(records))


def room(job: Job, tokenizer: Any, chosen: Mapping[str, Any]) -> int:
    """The most tokens that the base reads of a row: some of its places are taken by virtual ones."""
    taken = chosen["virtual_tokens"] if chosen.get("method") in clashes.SOFT else 0
    return max(1, backbone.longest(job.base, tokenizer) - int(taken))


def check_metric(job: Job, name: str) -> None:
    """Raises Problem(`spec.choice`) for a score that the task does not have."""
    known = ("auto", "loss", *job.learner.summary)
    if name not in known:
        raise Problem("spec.choice", field="stop_metric", value=name, choices=", ".join(known))


def freeze(job: Job, chosen: Mapping[str, Any]) -> None:
    """What was chosen stands in the spec before the first step."""
    job.spec = replace(job.spec, settings=dict(chosen))
    export.write_json(job.folder / SPEC, job.spec.as_dict())


def _shapes(job: Job, tokenizer: Any, chosen: Mapping[str, Any]) -> int:
    """As backbone.shapes; 0 where the base does not learn what they mean."""
    full = chosen.get("method", "full") == "full"
    learns = full and freezing.embeddings_learn(chosen.get("trained"))
    return backbone.shapes(job.base, tokenizer, job.learner.head) if learns else 0


def _pieces(job: Job, tokenizer: Any, split: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job.head.coding.pieces(
        tokenizer, job.records(split), job.about["max_length"], job.about
    )
    return found


def _long(job: Job, tokenizer: Any, wanted: str) -> str:
    """How texts are read that are longer than the model: by the measured length of some training rows."""
    one = len(job.learner.inputs) == 1
    if wanted != "auto" or not one:
        return "head" if wanted == "auto" else wanted
    limit, role = job.about["max_length"], job.learner.inputs[0]
    texts = [
        row.values[role] for row in job.rows["train"][:: max(1, len(job.rows["train"]) // LOOKED)]
    ]
    lengths = np.array([len(ids) for ids in tokenizer(texts, verbose=False)["input_ids"]])
    if np.mean(lengths > limit) <= FEW_LONG:
        return "head"
    return "head_tail" if np.quantile(lengths, 0.9) <= 2 * limit else "windows"


def plan_of(job: Job) -> Plan:
    own = {name: value for name, value in job.settings.items() if name in Plan.__annotations__}
    return Plan(**{"seed": job.spec.seed, "smaller": job.spec.smaller, **UNUSED, **own})


def planned(job: Job, ways: int = 1) -> tuple[int, int]:
    """(steps, epochs) of all trainings, of which there is one for each of several ways; a draft has none."""
    if job.spec.effort == draft.EFFORT:
        return 0, 0
    plan, seeds = plan_of(job), job.settings.get("seeds", 1)
    if ways > 1:
        seeds = ways + (seeds if seeds > 1 else 0)
    return seeds * plan.steps(len(job.pieces["train"])), seeds * plan.epochs


def store_of(job: Job) -> vectors.Store:
    """What the base makes of the rows: beside the version, for all who ask for it."""
    return vectors.of_version(job.spec.version, job.base)


def started(
    job: Job, accelerator: Accelerator, figures: tuple[str, ...] = (), ways: int = 1
) -> Started:
    steps, epochs = planned(job, ways)
    return Started(
        spec=_shown(job.spec),
        rows={split: len(rows) for split, rows in job.rows.items()},
        labels=tuple(job.labels),
        steps=steps,
        epochs=epochs,
        device=accelerator.device.type,
        precision=job.settings["precision"],
        max_length=job.settings["max_length"],
        truncated_share=job.truncated,
        figures=figures or tuple(job.learner.summary),
    )


def _shown(spec: Spec) -> dict[str, Any]:
    """The spec with names in place of paths."""
    given = spec.as_dict()
    paths = ("version", "train", "valid", "test", "base_folder", "continues")
    return {**given, **{name: Path(given[name]).name if given[name] else "" for name in paths}}
