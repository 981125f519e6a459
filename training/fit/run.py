"""A fine-tune from the data to the model folder, as a generator of events. To stop it is to stop iterating."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from training import (
    augment,
    backbone,
    draft,
    export,
    freezing,
    loop,
    repair,
    unpadded,
    vocabulary,
)
from training.events import Event, Report
from training.fit import (
    adapting,
    drafting,
    few_shot,
    keeping,
    pooling,
    resuming,
    training,
    ways,
    writing,
)
from training.fit import card as cards
from training.fit import job as jobs
from training.fit import report as reports
from training.fit import simple as simples
from training.fit.job import Job
from training.fit.judging import Judge, data_of
from training.problems import Problem
from training.spec import Spec

REPORT = "report.json"


def fit(
    spec: Spec,
    folder: str | Path,
    bases_dir: str | Path = "",
    found: Mapping[str, Any] | None = None,
) -> Generator[Event, None, None]:
    """Writes spec.json, predictions.parquet, report.json, checkpoint/, artifact/ and artifact.zip into `folder`.

    Raises Problem for what is the user's. Closed before its end, it leaves the best checkpoint so far. `found` is what
    a search before it has to add to the details of the report.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    job = Job(spec, folder, jobs.task_of(spec))
    try:
        yield from _stages(job, bases_dir, found or {})
    except (MemoryError, RuntimeError) as error:
        if repair.out_of_memory(error):
            raise _memory(job) from error
        raise
    finally:
        for left in folder.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)


def _memory(job: Job) -> Problem:
    chosen = job.settings
    return Problem(
        "train.memory",
        batch_size=chosen.get("batch_size", "–"),
        max_length=chosen.get("max_length", "–"),
    )


def _stages(
    job: Job, bases_dir: str | Path, found: Mapping[str, Any]
) -> Generator[Event, None, None]:
    yield jobs.stage("reading")
    yield from jobs.read(job)
    yield from jobs.located(job, bases_dir)
    resuming.begin(job)
    report = yield from _maker(job)(job)
    report = replace(report, details={**report.details, **found})
    yield jobs.stage("saving")
    yield export.save(
        job.folder, job.learner.head, reports.metrics_file(report), cards.card(job, report)
    )
    job.seconds["total"] = round(time.monotonic() - job.begun, 3)
    held = repair.most_memory("cuda" if torch.cuda.is_available() else "cpu")
    report = replace(report, seconds=job.seconds, memory=held)
    export.write_json(job.folder / REPORT, report.as_dict())
    yield report
    resuming.finish(job)


def _maker(job: Job) -> Callable[[Job], Generator[Event, None, Report]]:
    if job.spec.effort == draft.EFFORT:
        return drafting.made
    return writing.made if job.learner.head == "text" else _made


def _made(job: Job) -> Generator[Event, None, Report]:
    """With a head over an encoder."""
    yield jobs.stage("preparing")
    tokenizer = yield from jobs.prepare(job)
    accelerator = backbone.accelerator(job.settings["precision"])
    backbone.seed(job.spec.seed)
    network = network_of(job, accelerator)
    yield from pooling.settle(job, network, accelerator)
    yield jobs.started(job, accelerator, ways=len(ways.of(job)))
    yield jobs.stage("baselines")
    simple = yield from simples.score(job, network, accelerator)
    yield jobs.stage("training")
    begin = time.monotonic()
    head = {name: item.clone() for name, item in network.head.state_dict().items()}

    def train(own: Job, anew: bool) -> Generator[Event, None, loop.Outcome]:
        """With the seed of `own`; a head that came out of the baselines is the same for all seeds."""
        if not anew:
            return (yield from trained(own, network, tokenizer, accelerator))
        backbone.seed(own.spec.seed)
        another = network_of(own, accelerator)
        if own.settings.get("probe_head"):
            another.head.load_state_dict(head)
        return (yield from trained(own, another, tokenizer, accelerator))

    outcome = yield from ways.tried(job, train)
    job.seconds["train"] = round(outcome.earlier + time.monotonic() - begin, 3)
    yield jobs.stage("testing")
    return reports.tested(job, network, simple, outcome)


def network_of(job: Job, accelerator: Accelerator) -> Any:
    network = backbone.network(job.base, job.about, job.settings.get("dropout", 0.0))
    network.to(accelerator.device)
    again = bool(job.settings.get("checkpointing"))
    if again:
        backbone.save_memory(network)
    unpadded.prepare(network, job.settings["precision"], again=again)
    return network


def trained(
    job: Job, network: Any, tokenizer: Any, accelerator: Accelerator
) -> Generator[Event, None, loop.Outcome]:
    judge, plan = Judge(job), jobs.plan_of(job)
    table = network.base.get_input_embeddings().weight
    change = augment.changer(plan, tokenizer, table, job.pieces["train"], job.otherwise)
    seen = few_shot.Refit(job, judge) if plan.few_shot == "on" else judge
    data = data_of(job, seen, change)
    follow = partial(training.followed, job, network, data, accelerator)
    if job.settings["method"] != "full":
        return (yield from adapting.adapted(job, network, tokenizer, accelerator, judge, follow))
    known = [(job.pieces[split], found) for split, found in job.vectors.items()]
    reading = freezing.stored(network, known) if known else nullcontext()
    pieces = (piece for found in job.pieces.values() for piece in found)
    learns, more = freezing.embeddings_learn(plan.trained), change.tokens if change else ()
    with vocabulary.cut(network.base, pieces, job.about["pad"], learns, more) as words, reading:

        def save() -> None:
            with words.restored():
                export.checkpoint(job.folder, network, tokenizer, job.about | judge.tuned)

        return (yield from follow(keeping.Whole(job.folder / export.CHECKPOINT, save)))
