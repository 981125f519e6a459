"""Relations: texts with head and tail, which relation is taken for which, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.datasets.editors import Mark, Segment, segments
from projects.runs.results import single
from projects.runs.results.predictions import PAGE, Listed, Prediction, every, rows
from projects.runs.results.shape import Context, Query, Result, View
from training.coding.relation import untagged
from training.scoring.relation import is_none, undirected


@dataclass(frozen=True)
class Shown:
    row: Prediction
    text: list[Segment]


def context(result: Result) -> Context:
    metrics = result.metrics
    other = next((label for label in result.labels if is_none(label)), "")
    without = metrics.get("without_other") or {}
    directed = any(undirected(label) != label for label in result.labels)
    turned = metrics.get("direction_errors", 0)
    filters = [("", _("Wrong answers"), None), ("direction", _("Wrong direction only"), turned)]
    return single.context(result) | {
        "directed": directed,
        "direction_errors": turned,
        "filters": filters if directed else [],
        "other": other,
        "scores": [
            (_("Official F1, without %(label)s") % {"label": other or "Other"}, metrics["official_f1"]),
            (_("Macro F1, all relations"), metrics["macro"]["f1"]),
            (_("Macro F1, without %(label)s") % {"label": other or "Other"}, _f1(without, "macro")),
            (_("Micro F1, without %(label)s") % {"label": other or "Other"}, _f1(without, "micro")),
        ],
    }  # fmt: skip


def _f1(averages: dict[str, Any], name: str) -> float | None:
    return (averages.get(name) or {}).get("f1")


def listed(result: Result, query: Query, offset: int) -> Listed:
    """Wrong answers, the surest first; of one pair of relations, or in the wrong direction only."""
    if result.predictions is None:
        return Listed(0, [])
    if query.get("kind") == "direction":
        wrong = [row for row in every(result.predictions) if _is_turned(row)]
        wrong.sort(key=lambda row: (-(row.probability or 0.0), row.row))
        return Listed(len(wrong), [shown(row) for row in wrong[offset : offset + PAGE]])
    pair = {"true": query.get("true"), "predicted": query.get("predicted")}
    wrong_only = pair["true"] is None
    found = rows(result.predictions, wrong=wrong_only, offset=offset, **pair)  # type: ignore[arg-type]
    return Listed(found.total, [shown(row) for row in found.rows])


def _is_turned(row: Prediction) -> bool:
    return row.label != row.predicted and undirected(row.label) == undirected(row.predicted)


def shown(row: Prediction) -> Shown:
    text, (a, b, c, d) = untagged(row.inputs)
    marks = [Mark(a, b, str(_("Head")), 1), Mark(c, d, str(_("Tail")), 2)]
    return Shown(row, segments(text, marks))


VIEW = View(
    name="relations",
    measure=gettext_lazy("accuracy"),
    judged="accuracy",
    context=context,
    charts=single.CHARTS,
    listed=listed,
    rows="relations",
)
