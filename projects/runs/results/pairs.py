"""Two texts and a label, or how alike they are."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
from django.utils.translation import gettext_lazy

from projects.runs import curves
from projects.runs.results import single
from projects.runs.results.predictions import Listed, probabilities, rows
from projects.runs.results.shape import Context, Query, Result, View

LEVELS = 5  # of true scores that a histogram tells apart


def context(result: Result) -> Context:
    found = single.context(result)
    return found | {"binary": result.metrics.get("binary"), "two": len(result.labels) == 2}


def label_histogram(result: Result, query: Query) -> dict[str, Any]:
    """Of two labels: the probability of the second; of more: that of the true label."""
    true, shares = probabilities(result.predictions) if result.predictions else ([], [])
    labels = result.labels
    groups: dict[str, list[float]] = {label: [] for label in labels}
    for label, row in zip(true, shares, strict=True):
        if label in groups:
            place = 1 if len(labels) == 2 else labels.index(label)
            groups[label].append(row[place])
    return curves.histogram(groups, (0.0, 1.0), labels[1] if len(labels) == 2 else "")


VIEW = View(
    name="pairs",
    measure=gettext_lazy("accuracy"),
    judged="accuracy",
    context=context,
    charts=single.CHARTS | {"histogram": label_histogram},
)


# --- a score instead of a label ---------------------------------------------------------------------------------------


def _scores(result: Result) -> list[tuple[float, float]]:
    """(true, predicted) of every test row."""
    if result.predictions is None:
        return []
    table = pq.read_table(result.predictions, columns=["label", "predicted"])
    pairs = zip(table["label"].to_pylist(), table["predicted"].to_pylist(), strict=True)
    return [(float(true), float(found)) for true, found in pairs]


def score_histogram(result: Result, query: Query) -> dict[str, Any]:
    """Predicted scores, by what the true one is."""
    pairs = _scores(result)
    values = [value for pair in pairs for value in pair]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return curves.histogram(by_level(pairs), (low, high if high > low else low + 1))


def by_level(pairs: list[tuple[float, float]]) -> dict[str, list[float]]:
    """Predicted scores under the true one, or under the part of the range that it is in where there are many."""
    levels = sorted({true for true, _found in pairs})
    groups: dict[str, list[float]] = {}
    if len(levels) <= LEVELS:
        for true, found in sorted(pairs):
            groups.setdefault(f"{true:g}", []).append(found)
        return groups
    low, width = levels[0], (levels[-1] - levels[0]) / LEVELS
    for true, found in sorted(pairs):
        step = min(LEVELS - 1, int((true - low) / width))
        name = f"{low + step * width:.3g} – {low + (step + 1) * width:.3g}"
        groups.setdefault(name, []).append(found)
    return groups


def scatter_chart(result: Result, query: Query) -> dict[str, Any]:
    return curves.scatter(_scores(result))


def furthest(result: Result, query: Query, offset: int) -> Listed:
    if result.predictions is None:
        return Listed(0, [])
    return rows(result.predictions, worst=True, offset=offset)


SCORES = View(
    name="scores",
    measure=gettext_lazy("closeness to the true score per row"),
    by_row=True,
    context=lambda result: {"facts": ["pearson", "spearman", "mse", "mae"]},
    charts={"histogram": score_histogram, "scatter": scatter_chart},
    listed=furthest,
)
