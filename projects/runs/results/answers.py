"""Answers that stand in a context: where they are, where they should be, the worst questions first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.datasets.editors import Mark, Segment, segments
from projects.runs.results.predictions import Listed, Prediction, besides, every, truth
from projects.runs.results.shape import Context, Query, Result, View

PAGE = 10


@dataclass(frozen=True)
class Shown:
    row: Prediction
    question: str
    context: list[Segment]
    besides: list[str]  # answers that would be as good


def context(result: Result) -> Context:
    metrics = result.metrics
    parts: list[tuple[str, Any]] = [
        (_("Questions with an answer"), metrics.get("has_answer")),
        (_("Questions without one"), metrics.get("no_answer")),
        (_("All questions"), {**metrics, "rows": metrics.get("rows", result.report["test_rows"])}),
    ]
    shown = [(title, scores) for title, scores in parts if scores and scores.get("rows")]
    filters = [("", _("Wrong answers"), None), ("all", _("All questions"), None)]
    if (metrics.get("no_answer") or {}).get("rows"):
        filters[1:1] = [
            ("has", _("Wrong, and there is an answer"), None),
            ("none", _("Wrong, and there is none"), None),
        ]
    return {"parts": shown, "filters": filters}


def listed(result: Result, query: Query, offset: int) -> Listed:
    """The worst first: of all wrong ones, of those that have an answer, of those that have none."""
    if result.predictions is None:
        return Listed(0, [])
    kind = query.get("kind", "")
    chosen = [row for row in every(result.predictions) if _is_wanted(row, kind)]
    chosen.sort(key=lambda row: (row.score or 0.0, -(row.probability or 0.0), row.row))
    starts = truth(result, "answer_start")
    more = truth(result, "references")
    shown = [_shown(row, starts, besides(row, more)) for row in chosen[offset : offset + PAGE]]
    return Listed(len(chosen), shown, PAGE)


def _is_wanted(row: Prediction, kind: str) -> bool:
    if kind == "all":
        return True
    if kind in ("has", "none") and bool(row.label) != (kind == "has"):
        return False
    return not row.correct


def _shown(row: Prediction, starts: dict[int, str], others: list[str]) -> Shown:
    marks = []
    if row.predicted and row.answer.get("start") is not None:
        name = _("Answer") if row.correct else _("Answer of the model")
        marks.append(Mark(row.answer["start"], row.answer["end"], name, 3 if row.correct else 2))
    start = starts.get(row.row, "")
    if row.label and not row.correct and start.isdecimal():
        mark = Mark(int(start), int(start) + len(row.label), _("Right answer"), 1)
        if not any(mark.start < other.end and other.start < mark.end for other in marks):
            marks.append(mark)
    text = row.inputs.get("context", "")
    return Shown(row, row.inputs.get("question", row.text), segments(text, marks, 1200), others)


VIEW = View(
    name="answers",
    measure=gettext_lazy("answer F1"),
    judged="f1",
    context=context,
    listed=listed,
    rows="answers",
)
