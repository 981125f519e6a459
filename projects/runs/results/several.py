"""Several labels a row: labels with their thresholds, what another threshold would give, and which stand together."""

from __future__ import annotations

import json
from typing import Any

import pyarrow.parquet as pq
from django.utils.translation import gettext_lazy

from projects.runs import charts, curves
from projects.runs.results.predictions import truth
from projects.runs.results.shape import Context, Query, Result, View
from projects.runs.results.single import averages, label_chart, weakest_first
from training import scoring

PAIRS = 12  # of labels that stand together most often


def context(result: Result) -> Context:
    metrics = result.metrics
    return {
        "labels": result.labels,
        "per_label": weakest_first(metrics["per_label"]),
        "averages": averages(metrics),
        "pairs": together(result.labels, metrics.get("cooccurrence") or []),
        "facts": ["subset_accuracy", "hamming_loss", "lrap"],
    }


def together(labels: list[str], counts: list[list[int]]) -> list[dict[str, Any]]:
    """Pairs of labels that rows have at once, the most frequent first."""
    found: list[dict[str, Any]] = [
        {"one": labels[i], "other": labels[j], "rows": counts[i][j]}
        for i in range(len(counts))
        for j in range(i + 1, len(counts))
        if counts[i][j]
    ]
    return sorted(found, key=lambda pair: (-pair["rows"], pair["one"], pair["other"]))[:PAIRS]


def _marks(result: Result) -> tuple[list[list[int]], list[list[float]]]:
    """(1 where a row has a label, probabilities) of the test rows whose labels are known."""
    given = truth(result, "label")
    if result.predictions is None or not given:
        return [], []
    table = pq.read_table(result.predictions, columns=["row", "probabilities"])
    rows, shares = table["row"].to_pylist(), table["probabilities"].to_pylist()
    kept = [(row, share) for row, share in zip(rows, shares, strict=True) if row in given]
    sets = [set(json.loads(given[row])) for row, _share in kept]
    marks = [[int(label in found) for label in result.labels] for found in sets]
    return marks, [share for _row, share in kept]


def threshold_chart(result: Result, query: Query) -> dict[str, Any]:
    marks, shares = _marks(result)
    return curves.thresholds(scoring.threshold_curve(marks, shares) if marks else [])


def curve_chart(result: Result, query: Query) -> dict[str, Any]:
    marks, shares = _marks(result)
    found = scoring.curves(marks, shares, result.labels)
    return curves.figure(found, "roc" if query.get("kind") == "roc" else "pr")


def together_chart(result: Result, query: Query) -> dict[str, Any]:
    return charts.together(result.labels, result.metrics.get("cooccurrence") or [])


VIEW = View(
    name="several",
    measure=gettext_lazy("label overlap per row"),
    by_row=True,
    judged="micro.f1",
    context=context,
    charts={
        "labels": label_chart,
        "thresholds": threshold_chart,
        "curves": curve_chart,
        "together": together_chart,
    },
)
