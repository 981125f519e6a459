"""The files that a finished run can be taken away as: its predicted test rows, its scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from projects.runs.results.predictions import BEFORE, names_in
from projects.runs.results.shape import Result
from training.exports.shape import csv_lines

PLACE = ("row", "file", "line")
SAID = ("label", "predicted", BEFORE, "probability", "score", "correct")
WHOLE = ("token", "span")  # heads whose answers say more than the column `predicted`
AVERAGES = ("macro", "micro", "weighted")


def predictions_csv(result: Result, path: Path, *, spreadsheet: bool = False) -> Iterator[str]:
    """Every test row as CSV: place, inputs by role, what was right and what was said, a column a label's probability.

    `spreadsheet` makes formulas harmless text.
    """
    said = [name for name in SAID if name in names_in(path) and _is_given(path, name)]
    inputs = list(result.inputs) if "inputs" in names_in(path) else ["text"]
    answers = ["answer"] if result.head in WHOLE else []
    labels = result.labels if _is_given(path, "probabilities") else []
    head = [*PLACE, *inputs, *said, *answers, *(f"p_{label}" for label in labels)]
    yield csv_lines([head], safe=spreadsheet)
    for batch in pq.ParquetFile(path).iter_batches(2000):
        records = batch.to_pylist()
        lines = (_line(record, inputs, [*said, *answers], bool(labels)) for record in records)
        yield csv_lines(lines, safe=spreadsheet)


def _is_given(path: Path, column: str) -> bool:
    values = pq.read_table(path, columns=[column])[column]
    return bool(values.null_count < len(values))


def _line(record: Mapping[str, Any], inputs: list[str], said: list[str], shares: bool) -> list[Any]:
    given = _read(record.get("inputs")) or {"text": record["text"]}
    return [
        *(record[name] for name in PLACE),
        *(given.get(role, "") for role in inputs),
        *(record[name] for name in said),
        *((record["probabilities"] or ()) if shares else ()),
    ]


def _read(text: str | None) -> dict[str, str]:
    return dict(json.loads(text)) if text else {}


def metrics_csv(result: Result, *, spreadsheet: bool = False) -> str:
    """One line a label, average and single score of the model and of the baselines."""
    table: list[list[Any]] = [
        ["model", "scope", "precision", "recall", "f1", "support", "accuracy", "value"]
    ]
    for label, scores in (result.metrics.get("per_label") or {}).items():
        table.append(["model", label, *_scores(scores), scores.get("support", ""), "", ""])
    for key, found in {"model": result.metrics, **result.report["baselines"]}.items():
        rows, right = result.report["test_rows"], found.get("accuracy", "")
        for average in AVERAGES:
            if average in found:
                scores = _scores(found[average])
                table.append([key, f"{average} average", *scores, rows, right, ""])
        table += [[key, name, "", "", "", "", "", value] for name, value in numbers(found)]
    return csv_lines(table, safe=spreadsheet)


def numbers(metrics: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    """(name, value) of single scores, those of a group under its name; tables of labels are left out."""
    for name, value in metrics.items():
        if isinstance(value, Mapping) and name not in (*AVERAGES, "per_label"):
            yield from numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{before}{name}", value


def _scores(scores: Mapping[str, float]) -> list[float]:
    return [scores[name] for name in ("precision", "recall", "f1")]
