"""One label a row: labels, which is taken for which, curves, and the worst mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.runs import charts, curves
from projects.runs.results.predictions import probabilities
from projects.runs.results.shape import Context, Query, Result, View
from training import scoring

SHOWN_CONFUSIONS = 12


def context(result: Result) -> Context:
    metrics = result.metrics
    return {
        "labels": result.labels,
        "per_label": weakest_first(metrics["per_label"]),
        "averages": averages(metrics),
        "confusions": confusions(result.labels, metrics["confusion"]),
    }


def weakest_first(per_label: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """By F1: what should be looked at stands on top."""
    rows: list[dict[str, Any]] = [{"label": label, **scores} for label, scores in per_label.items()]
    return sorted(rows, key=lambda row: (row["f1"], row["label"]))


def averages(metrics: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float]]]:
    named = {
        "macro": _("Macro average"),
        "micro": _("Micro average"),
        "weighted": _("Weighted average"),
    }
    return [(title, metrics[name]) for name, title in named.items() if name in metrics]


def confusions(labels: list[str], matrix: list[list[int]]) -> list[dict[str, Any]]:
    """The most frequent mistakes: which label was taken for which, how often, and how large a share of its rows."""
    wrong: list[dict[str, Any]] = [
        {"true": labels[i], "predicted": labels[j], "rows": cell, "share": cell / sum(row)}
        for i, row in enumerate(matrix)
        for j, cell in enumerate(row)
        if i != j and cell
    ]
    wrong.sort(key=lambda item: (-item["rows"], -item["share"], item["true"], item["predicted"]))
    return wrong[:SHOWN_CONFUSIONS]


def label_chart(result: Result, query: Query) -> dict[str, Any]:
    return charts.label_bars(result.metrics["per_label"])


def confusion_chart(result: Result, query: Query) -> dict[str, Any]:
    whole = query.get("labels") == "all"
    return charts.confusion(result.labels, result.metrics["confusion"], whole)


def curve_chart(result: Result, query: Query) -> dict[str, Any]:
    """Precision against recall, or hits against false alarms, of the labels with most rows."""
    numbers = {label: number for number, label in enumerate(result.labels)}
    true, shares = probabilities(result.predictions) if result.predictions else ([], [])
    found = scoring.curves([numbers.get(label, -1) for label in true], shares, result.labels)
    return curves.figure(found, "roc" if query.get("kind") == "roc" else "pr")


CHARTS = {"labels": label_chart, "confusion": confusion_chart, "curves": curve_chart}
VIEW = View(
    name="single",
    measure=gettext_lazy("accuracy"),
    judged="accuracy",
    context=context,
    charts=CHARTS,
)
