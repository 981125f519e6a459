"""The last stages: test rows, predictions, report and model card."""

from __future__ import annotations

import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from training import catalogue, export, loop, scoring
from training.events import Report, Scored
from training.files import predict
from training.fit.job import Job
from training.fit.simple import Simple

PREDICTIONS = "predictions.parquet"
Floats = npt.NDArray[np.floating[Any]]


def _restore(job: Job, network: predict.Classifier) -> None:
    """The best model's weights, from the disk."""
    best = predict.Model(job.folder / export.CHECKPOINT)
    network.load_state_dict(best.network.state_dict())
    network.eval()


def tested(
    job: Job, network: predict.Classifier, data: loop.Data, simple: Simple, outcome: loop.Outcome
) -> Report:
    """The best model on the test rows, in fp32; writes predictions.parquet."""
    begin = time.monotonic()
    _restore(job, network)
    logits = predict.run(network, job.ids["test"], data.pad, data.limit)
    table = logits.double().softmax(-1).numpy()
    targets = job.targets["test"]
    metrics = job.task.score(targets, table, job.labels)
    write_predictions(job, table)
    job.seconds["test"] = round(time.monotonic() - begin, 3)
    hits = table.argmax(-1) == targets
    return Report(
        task=job.spec.task,
        test_rows=len(targets),
        metrics=metrics,
        baselines=simple.metrics,
        seconds=job.seconds,
        details=_details(job, metrics, outcome, scoring.verdict(hits, dict(simple.hits))),
    )


def write_predictions(job: Job, table: Floats) -> None:
    """One line a test row; `probabilities` in the order of the labels."""
    rows, best = job.rows["test"], table.argmax(-1)
    predicted = [job.labels[number] for number in best]
    columns = {
        "row": pa.array([row.row for row in rows], pa.int64()),
        "file": pa.array([row.file for row in rows], pa.string()),
        "line": pa.array([row.line for row in rows], pa.int64()),
        "text": pa.array([row.values["text"] for row in rows], pa.string()),
        "label": pa.array([row.values["label"] for row in rows], pa.string()),
        "predicted": pa.array(predicted, pa.string()),
        "probability": pa.array(table.max(-1), pa.float64()),
        "correct": pa.array((best == job.targets["test"]).tolist(), pa.bool_()),
        "probabilities": pa.array(list(table.astype(np.float32)), pa.list_(pa.float32())),
    }
    part = job.folder / f".{PREDICTIONS}.part"
    pq.write_table(pa.table(columns), part, compression="zstd")
    part.replace(job.folder / PREDICTIONS)


def _details(
    job: Job, metrics: dict[str, Any], outcome: loop.Outcome, verdict: dict[str, Any]
) -> dict[str, Any]:
    return {
        "labels": job.labels,
        "confusion": metrics["confusion"],
        "verdict": verdict,
        "best_epoch": outcome.best_epoch,
        "epochs_run": outcome.epochs_run,
        "history": [_epoch(event) for event in outcome.history],
        "max_length": job.settings["max_length"],
        "truncated_share": job.truncated,
        "pooling": "mean",
        "rows": {split: len(rows) for split, rows in job.rows.items()},
        "base": job.spec.base,
        "effort": job.spec.effort,
        "seed": job.spec.seed,
        "settings": job.settings,
        "environment": environment(),
        "notes": job.notes,
    }


def _epoch(event: Scored) -> dict[str, Any]:
    kept = {name: value for name, value in asdict(event).items() if name != "metrics"}
    return {**kept, **event.metrics}


def environment() -> dict[str, Any]:
    """What else the figures depend on."""
    names = ("torch", "transformers", "scikit-learn")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return {"device": device, "threads": torch.get_num_threads()} | {n: installed(n) for n in names}


def metrics_file(report: Report) -> dict[str, Any]:
    """metrics.json of the artifact: the report without the times."""
    return {
        name: value for name, value in report.as_dict().items() if name not in ("event", "seconds")
    }


def card(job: Job, report: Report) -> str:
    base, rows = catalogue.BASES.get(job.spec.base), report.details["rows"]
    settings = job.settings | {"seed": job.spec.seed, "effort": job.spec.effort}
    best, run = report.details["best_epoch"], report.details["epochs_run"]
    listed = "\n".join(f"- {name}: {value}" for name, value in settings.items())
    return export.card(
        {
            "licence": base.licence if base else "a licence of its own",
            "licence_tag": base.licence.lower() if base else "other",
            "base_title": base.title if base else job.spec.base,
            "label_count": len(job.labels),
            "version": own_version(),
            "train_rows": rows["train"],
            "valid_rows": rows["valid"],
            "test_rows": rows["test"],
            "compared": export.compared(report.metrics, report.baselines),
            "per_label": export.per_label(report.metrics),
            "text_column": export.cell(job.spec.columns.get("text", "text")),
            "max_length": job.settings["max_length"],
            "truncated": export.percent(job.truncated),
            "training": f"The weights are those after epoch {best} of {run}, the best on validation.\n\n{listed}",
        }
    )


def own_version() -> str:
    try:
        return installed("attune")
    except PackageNotFoundError:  # run from a checkout
        return "(development version)"
