"""A fine-tune from the data to the model folder, as a generator of events. To stop it is to stop iterating."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from training import backbone, export, loop, unpadded, vocabulary
from training.events import Event, Report
from training.fit import card as cards
from training.fit import job as jobs
from training.fit import report as reports
from training.fit import simple as simples
from training.fit import training, writing
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
        if lacks_memory(error):
            raise _memory(job) from error
        raise
    finally:
        for left in folder.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)


def lacks_memory(error: Exception) -> bool:
    """The CPU's allocator has no exception of its own."""
    named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return named or "can't allocate memory" in str(error)


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
    report = yield from (writing.made(job) if job.learner.head == "text" else _made(job))
    report = replace(report, details={**report.details, **found})
    yield jobs.stage("saving")
    yield export.save(
        job.folder, job.learner.head, reports.metrics_file(report), cards.card(job, report)
    )
    job.seconds["total"] = round(time.monotonic() - job.begun, 3)
    report = replace(report, seconds=job.seconds)
    export.write_json(job.folder / REPORT, report.as_dict())
    yield report


def _made(job: Job) -> Generator[Event, None, Report]:
    """With a head over an encoder."""
    yield jobs.stage("preparing")
    tokenizer = yield from jobs.prepare(job)
    accelerator = backbone.accelerator(job.settings["precision"])
    backbone.seed(job.spec.seed)
    network = backbone.network(job.base, job.about, job.settings.get("dropout", 0.0))
    network.to(accelerator.device)
    unpadded.prepare(network, job.settings["precision"])
    yield jobs.started(job, accelerator)
    yield jobs.stage("baselines")
    simple = yield from simples.score(job, network, accelerator)
    yield jobs.stage("training")
    begin = time.monotonic()
    outcome = yield from trained(job, network, tokenizer, accelerator)
    job.seconds["train"] = round(time.monotonic() - begin, 3)
    yield jobs.stage("testing")
    return reports.tested(job, network, simple, outcome)


def trained(
    job: Job, network: Any, tokenizer: Any, accelerator: Accelerator
) -> Generator[Event, None, loop.Outcome]:
    judge = Judge(job)
    data = data_of(job, judge)
    pieces = (piece for found in job.pieces.values() for piece in found)
    with vocabulary.cut(network.base, pieces, job.about["pad"]) as words:

        def keep() -> None:
            with words.restored():
                export.checkpoint(job.folder, network, tokenizer, job.about | judge.tuned)

        return (yield from training.followed(job, network, data, accelerator, keep))
