"""The search: what is read once, the trials within the budget, and the fine-tune with the best settings."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import statistics
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import optuna
import torch

from training import export, repair, space
from training.events import Event, Scored, Searching, Stage, Step, Trial
from training.fit import fit, writing
from training.fit import job as jobs
from training.fit.job import BEGINS, VERSION, Job
from training.problems import Problem
from training.search import findings
from training.search.study import SHARES, Study, opened
from training.search.trial import Ready, tried
from training.spec import Spec

PART = ".trial.part"
SHARE = 0.85  # of the whole run that is the search, for its progress; the rest is the fine-tune with the best
EVERY = 1.0  # seconds between two signs of life
HOPELESS = 5  # trials that all failed, after which there are no more


@dataclass
class Search:
    """The state of a search. `spent` is the time of trials before this process."""

    spec: Spec
    folder: Path
    ready: Ready
    study: Study
    begun: float = field(default_factory=time.monotonic)
    spent: float = 0.0
    said: float = 0.0

    @property
    def sign(self) -> int:
        """Models that write are compared by their loss, of which less is better."""
        return -1 if self.ready.job.learner.head == "text" else 1

    @property
    def figure(self) -> str:
        return "loss" if self.sign < 0 else self.ready.job.learner.main

    def value(self, event: Scored) -> float:
        found = event.valid_loss if self.sign < 0 else event.metrics[self.figure]
        return float(found if found is not None else "nan")

    def seconds(self) -> float:
        return self.spent + time.monotonic() - self.begun

    def over(self) -> bool:
        """Of time, once there is something to choose."""
        minutes = self.spec.search.get("minutes")
        late = minutes is not None and self.seconds() >= 60 * minutes
        return late and self.study.best() is not None

    def done(self) -> bool:
        trials = self.study.ended()
        most = self.spec.search.get("trials")
        if self.study.best() is None and len(trials) >= min(HOPELESS, most or HOPELESS):
            reasons = ", ".join(sorted({one.reason for one in trials if one.reason}))
            raise Problem("search.failed", trials=len(trials), reasons=reasons)
        return self.over() or (most is not None and len(trials) >= most)

    def stage(self, share: float = 0.0) -> Stage:
        """`share` is how far the trial is that runs."""
        seconds, ended = self.seconds(), self.study.ended()
        most, minutes = self.spec.search.get("trials"), self.spec.search.get("minutes")
        ways = [(len(ended) + share) / most] if most else []
        ways += [seconds / (60 * minutes)] if minutes else []
        part = min(1.0, max(ways))
        left = seconds / part - seconds + self.usual() if ended and part > 0 else None
        self.said = time.monotonic()
        done = BEGINS["preparing"] + (SHARE - BEGINS["preparing"]) * part
        return Stage("searching", round(done, 4), None if left is None else round(left, 1))

    def usual(self) -> float:
        """Seconds of a trial; the last fine-tune takes about as long."""
        return statistics.median([one.seconds for one in self.study.ended()] or [0.0])


def search(
    spec: Spec, folder: str | Path, bases_dir: str | Path = ""
) -> Generator[Event, None, None]:
    """Writes study.journal into `folder`, then what `fit` writes. Closed before its end, it leaves the best model so
    far as the checkpoint, and a study that goes on when it is called again with the same spec and data.

    Raises Problem for what is the user's.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        found = yield from _begun(spec, folder, bases_dir)
        yield from _trials(found)
    finally:
        for left in folder.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)
    yield from _refit(found, bases_dir)


def _begun(spec: Spec, folder: Path, bases_dir: str | Path) -> Generator[Event, None, Search]:
    """Rows, pieces and the study, with the trials it has already."""
    begun = time.monotonic()
    yield jobs.stage("reading")
    job = Job(replace(spec, search={}), folder, jobs.task_of(spec))
    yield from jobs.read(job)
    if not job.rows["valid"]:
        raise Problem("search.no_valid")
    yield from jobs.located(job, bases_dir)
    job.rows = {**job.rows, "test": job.rows["valid"]}  # no trial sees a test row
    prepare = writing.prepare if job.learner.head == "text" else jobs.prepare
    ready = Ready(job, (yield from prepare(job)))
    names = spec.search.get("names")
    found = space.dimensions(job.learner.head, job.settings, spec.settings, names)
    pruned = str(spec.search.get("pruner") or "asha")
    study = opened(folder, found, spec.seed, pruned, _mark(spec, job))
    result = Search(spec, folder, ready, study, begun)
    result.spent = sum(one.seconds for one in study.ended())
    yield _told(result)
    yield from study.ended()
    return result


def _told(found: Search) -> Searching:
    budget = found.spec.search
    dimensions = tuple(findings.described(one) for one in found.study.dimensions)
    head = found.ready.job.learner.head
    return Searching(budget.get("trials"), budget.get("minutes"), found.figure, head, dimensions)


def _mark(spec: Spec, job: Job) -> str:
    """Of what data and settings a study is; its budget may grow."""
    rows = {name: [row.values for row in job.rows[name]] for name in ("train", "valid")}
    given = {"task": spec.task, "base": job.spec.base, "effort": spec.effort, "seed": spec.seed}
    given |= {"settings": spec.settings, "names": spec.search.get("names"), "rows": rows}
    given |= {"prompt": spec.prompt, "system": spec.system}
    text = json.dumps(given, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _trials(found: Search) -> Generator[Event, None, None]:
    yield found.stage()
    while not found.done():
        yield from _trial(found)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _trial(found: Search) -> Generator[Event, None, None]:
    trial, begun = found.study.ask(), time.monotonic()
    told = Trial(trial.number, "running", found.study.settings(trial))
    yield told
    told, value = yield from _ended(found, trial, told)
    told = replace(told, seconds=round(time.monotonic() - begun, 2))
    best = found.study.best()
    found.study.tell(trial, told, value)
    if found.study.best() != best:
        _keep(found.folder)
    shutil.rmtree(found.folder / PART, ignore_errors=True)
    yield told
    yield found.stage()


def _ended(
    found: Search, trial: optuna.Trial, told: Trial
) -> Generator[Event, None, tuple[Trial, float | None]]:
    """The trial's event without its seconds, and its value. What is no fault of ours fails the trial alone."""
    try:
        return (yield from _followed(found, trial, told))
    except Problem as problem:
        if not problem.code.startswith("train."):
            raise
        return replace(told, state="failed", reason=problem.code), None
    except (MemoryError, RuntimeError) as error:
        if not repair.out_of_memory(error):
            raise
        return replace(told, state="failed", reason="train.memory"), None


def _followed(
    found: Search, trial: optuna.Trial, told: Trial
) -> Generator[Event, None, tuple[Trial, float | None]]:
    part = found.folder / PART
    part.mkdir(exist_ok=True)
    kept: float | None = None
    with closing(tried(found.ready, told.settings, part)) as steps:
        for event in steps:
            if isinstance(event, Scored) and event.best:
                kept = found.value(event)
            if isinstance(event, Scored) and event.epoch:
                told = replace(told, value=kept, values=(*told.values, found.value(event)))
                if reason := _given_up(found, trial, told, event):
                    return replace(told, state="pruned", reason=reason), None
                yield told
            if isinstance(event, Step | Stage) and time.monotonic() - found.said >= EVERY:
                yield found.stage(_share(event))
    value = None if kept is None else found.sign * kept
    return replace(told, state="complete", value=kept), value


def _share(event: Step | Stage) -> float:
    """How far the trial is."""
    begin, end = BEGINS["training"], BEGINS["testing"]
    return max(0.0, (event.progress - begin) / (end - begin))


def _given_up(found: Search, trial: optuna.Trial, told: Trial, event: Scored) -> str:
    """Why the trial ends before its time: it promises less than others at the same part of theirs, or time is over."""
    epochs = int(told.settings.get("epochs") or found.ready.job.settings["epochs"])
    if event.epoch >= epochs:
        return ""
    trial.report(found.sign * found.value(event), max(1, SHARES * event.epoch // epochs))
    if trial.should_prune():
        return "promise"
    return "time" if found.over() else ""


def _keep(folder: Path) -> None:
    """The trial's model is the best so far."""
    made = folder / PART / export.CHECKPOINT
    if made.is_dir():
        with export.whole(folder / export.CHECKPOINT) as place:
            shutil.copytree(made, place, dirs_exist_ok=True)


def _refit(found: Search, bases_dir: str | Path) -> Generator[Event, None, None]:
    """The fine-tune with the best settings, tested once; its report says what the search found."""
    best = found.study.best()
    chosen = next(one for one in found.study.ended() if one.number == best)
    spec = found.spec.with_settings(**chosen.settings)
    spec = replace(spec, version=spec.version or str(found.folder / VERSION), search={})
    job = found.ready.job
    told = findings.told(found.study, found.spec.search, found.figure, len(job.rows["valid"]))
    told["head"] = job.learner.head
    for event in fit(spec, found.folder, bases_dir, found={"search": told}):
        if isinstance(event, Stage | Step):
            if isinstance(event, Stage) and event.name == "reading":
                continue
            event = replace(event, progress=round(SHARE + (1 - SHARE) * event.progress, 4))
        yield event
