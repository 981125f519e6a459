"""The search: what is read once, the trials within the budget, and the fine-tune with the best settings."""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from training import space
from training.events import Event, Searching, Stage, Step
from training.fit import fit
from training.fit import job as jobs
from training.fit.job import VERSION, Job
from training.search import findings, together
from training.search.state import SHARE, Search
from training.search.study import opened
from training.search.trial import carried_out, prepared
from training.spec import Spec


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
        yield from _trials(found, bases_dir)
    finally:
        for left in folder.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)
    yield from _refit(found, bases_dir)


def _begun(spec: Spec, folder: Path, bases_dir: str | Path) -> Generator[Event, None, Search]:
    """Rows, pieces and the study, with the trials it has already."""
    begun = time.monotonic()
    yield jobs.stage("reading")
    ready = yield from prepared(spec, folder, bases_dir)
    job = ready.job
    names = spec.search.get("names")
    found = space.dimensions(job.learner.head, job.settings, spec.settings, names)
    pruned = str(spec.search.get("pruner") or "asha")
    study = opened(folder, found, spec.seed, pruned, _mark(spec, job))
    result = Search(spec, folder, ready, study, begun)
    study.parallel = result.parallel > 1
    result.spent = sum(one.seconds for one in study.ended())
    yield _told(result)
    yield from study.ended()
    return result


def _told(found: Search) -> Searching:
    budget = found.spec.search
    dimensions = tuple(findings.described(one) for one in found.study.dimensions)
    head = found.ready.job.learner.head
    return Searching(
        budget.get("trials"), budget.get("minutes"), found.ready.figure, head, dimensions
    )


def _mark(spec: Spec, job: Job) -> str:
    """Of what data and settings a study is; its budget may grow."""
    rows = {name: [row.values for row in job.rows[name]] for name in ("train", "valid")}
    given = {"task": spec.task, "base": job.spec.base, "effort": spec.effort, "seed": spec.seed}
    given |= {"settings": spec.settings, "names": spec.search.get("names"), "rows": rows}
    given |= {"prompt": spec.prompt, "system": spec.system}
    text = json.dumps(given, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _trials(found: Search, bases_dir: str | Path) -> Generator[Event, None, None]:
    yield found.stage()
    if found.parallel > 1:
        yield from together.trials(found, bases_dir)
        return
    while not found.done():
        yield from _trial(found)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _trial(found: Search) -> Generator[Event, None, None]:
    now = found.next()
    answer: str | None = None
    yield now.told
    with closing(carried_out(found.ready, now.told.settings, now.part)) as steps:
        while True:
            try:
                message = steps.send(answer)
            except StopIteration as end:
                yield found.ended(now, end.value)
                break
            answer = None
            if "epoch" in message:
                answer = found.judged(now, message)
                if not answer:
                    yield now.told
            elif found.due():
                yield found.stage(message["share"])
    yield found.stage()


def _refit(found: Search, bases_dir: str | Path) -> Generator[Event, None, None]:
    """The fine-tune with the best settings, tested once; its report says what the search found."""
    best = found.study.best()
    chosen = next(one for one in found.study.ended() if one.number == best)
    spec = found.spec.with_settings(**chosen.settings)
    spec = replace(spec, version=spec.version or str(found.folder / VERSION), search={})
    job = found.ready.job
    told = findings.told(found.study, found.spec.search, found.ready.figure, len(job.rows["valid"]))
    told["head"] = job.learner.head
    for event in fit(spec, found.folder, bases_dir, found={"search": told}):
        if isinstance(event, Stage | Step):
            if isinstance(event, Stage) and event.name == "reading":
                continue
            event = replace(event, progress=round(SHARE + (1 - SHARE) * event.progress, 4))
        yield event
