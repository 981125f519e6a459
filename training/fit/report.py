"""The last stages: test rows, predictions, report and model card."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from training import export, loop, scoring
from training.events import Report, Scored
from training.files import core
from training.files.soft import with_soft
from training.fit import provenance
from training.fit.job import Job
from training.fit.simple import Simple
from training.tasks.shape import Row

PREDICTIONS = "predictions.parquet"


def tested(job: Job, network: Any, simple: Simple, outcome: loop.Outcome) -> Report:
    """The best model on the test rows, in fp32; writes predictions.parquet."""
    begin, rows, learner = time.monotonic(), job.rows["test"], job.learner
    best = _restore(job, network)
    read = time.monotonic()
    outputs = core.run(network, job.pieces["test"])
    job.seconds["predicting"] = round(time.monotonic() - read, 4)
    results = job.results("test", outputs)
    metrics = learner.score(rows, results, job.about)
    metrics |= learner.search(rows, best.results, job.about)
    hits = learner.hits(rows, results, job.about)
    answers = job.head.coding.answers(results, job.records("test"), job.about)
    write_predictions(job, rows, answers, hits)
    job.seconds["test"] = round(time.monotonic() - begin, 3)
    # The base as it comes is no simple baseline: it is what is being fine-tuned.
    others = {name: values for name, values in simple.hits.items() if name != "base"}
    verdict = scoring.verdict(hits, others, job.spec.seed)
    compared = details(job, outcome, verdict) | intervals(job, {"model": hits, **simple.hits})
    return Report(
        task=job.spec.task,
        test_rows=len(rows),
        metrics=metrics,
        baselines=simple.metrics,
        seconds=job.seconds,
        details=compared,
    )


def _restore(job: Job, network: Any) -> core.Loaded:
    """The best model, from the disk; its weights and what was chosen for it are put in place."""
    best = job.head.load(job.folder / export.CHECKPOINT)
    soft = best.network.soft
    with_soft(best.network, None)
    network.load_state_dict(best.network.state_dict())
    for one in (network, best.network):
        with_soft(one, soft)
    job.about |= told_by(best)
    network.eval()
    return best


def told_by(model: core.Loaded) -> dict[str, Any]:
    """What a saved model says of itself, for `Job.about`."""
    return {name: value for name, value in model.about.items() if name != "format"}


def write_predictions(
    job: Job,
    rows: Sequence[Row],
    answers: list[dict[str, Any]],
    hits: Any,
    before: Sequence[str] | None = None,
) -> None:
    """One line a test row: what was read, what should have been answered, what was, and how good that is (0 to 1).

    `inputs` and `answer` are JSON; `probabilities` are in the order of the labels, which `answer` then leaves out.
    `before` is what the untouched base wrote.
    """
    learner = job.learner
    shown = [learner.shown(row, answer) for row, answer in zip(rows, answers, strict=True)]
    shares = [answer.pop("probabilities", None) for answer in answers]
    inputs = [{role: row.values[role] for role in learner.inputs} for row in rows]
    columns = {
        "row": pa.array([row.row for row in rows], pa.int64()),
        "file": pa.array([row.file for row in rows], pa.string()),
        "line": pa.array([row.line for row in rows], pa.int64()),
        "text": pa.array([item[0] for item in shown], pa.string()),
        "label": pa.array([item[1] for item in shown], pa.string()),
        "predicted": pa.array([item[2] for item in shown], pa.string()),
        "probability": pa.array([item.get("probability") for item in answers], pa.float64()),
        "score": pa.array(np.asarray(hits, float), pa.float64()),
        "correct": pa.array([bool(hit >= 1) for hit in hits], pa.bool_()),
        "probabilities": pa.array(
            [None if item is None else list(item.values()) for item in shares],
            pa.list_(pa.float32()),
        ),
        "inputs": pa.array([json.dumps(item, ensure_ascii=False) for item in inputs], pa.string()),
        "answer": pa.array([json.dumps(item, ensure_ascii=False) for item in answers], pa.string()),
        "before": pa.array(before) if before else pa.nulls(len(rows), pa.string()),
    }
    part = job.folder / f".{PREDICTIONS}.part"
    pq.write_table(pa.table(columns), part, compression="zstd")
    part.replace(job.folder / PREDICTIONS)


def intervals(job: Job, hits: Mapping[str, Any]) -> dict[str, Any]:
    """The mean of how good each answer is, with the bounds of a 95 % bootstrap, for the model and the baselines.

    {"measure": its name, "intervals": {name: {"mean", "low", "high"}}}
    """
    found = {}
    for name, values in hits.items():
        low, high = scoring.bootstrap.interval(values, job.spec.seed)
        mean = float(np.mean(values)) if len(values) else 0.0
        found[name] = {"mean": mean, "low": float(low), "high": float(high)}
    return {"measure": job.learner.measure, "intervals": found}


def details(job: Job, outcome: loop.Outcome, verdict: dict[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {"seeds": job.seeds} if job.seeds else {}
    more |= {"tried": job.tried} if job.tried else {}
    return more | {
        "variant": job.about["variant"],
        "head": job.learner.head,
        "objective": job.learner.objective,
        "inputs": list(job.learner.inputs),
        "figures": dict(job.learner.summary),
        "main": job.learner.main,
        "labels": job.labels,
        "verdict": verdict,
        "best_epoch": outcome.best_epoch,
        "epochs_run": outcome.epochs_run,
        "history": [_epoch(event) for event in outcome.history],
        "max_length": job.settings["max_length"],
        "truncated_share": job.truncated,
        "long_text": job.settings.get("long_text", "head"),
        "rows": {split: len(rows) for split, rows in job.rows.items()},
        "base": job.spec.base,
        "effort": job.spec.effort,
        "seed": job.spec.seed,
        "settings": job.settings,
        "environment": provenance.environment(),
        "data": provenance.data(job),
        "base_digest": provenance.base(job),
        "notes": job.notes,
    }


def _epoch(event: Scored) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(event).items() if name != "metrics"}
    return {**kept, **event.metrics}


def metrics_file(report: Report) -> dict[str, Any]:
    """metrics.json of the artifact: the report without what differs from time to time."""
    apart = ("event", "seconds", "memory")
    return {name: value for name, value in report.as_dict().items() if name not in apart}
