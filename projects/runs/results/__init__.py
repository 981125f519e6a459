"""What a finished run says about its model: the report and the predicted test rows, made ready for pages and files.

The general part is here; what a kind of answers adds is a View, one module a kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.runs.names import HUNDRED, Figure, baseline_title, figure, figure_value
from projects.runs.results import (
    answers,
    entities,
    pairs,
    ranking,
    relations,
    several,
    single,
    texts,
)
from projects.runs.results.downloads import metrics_csv, predictions_csv
from projects.runs.results.predictions import PAGE, Listed, Prediction, examples, rows
from projects.runs.results.shape import Result, View, value_at
from projects.runs.results.tried import tried

__all__ = [
    "PAGE",
    "Listed",
    "Prediction",
    "Result",
    "View",
    "context",
    "examples",
    "metrics_csv",
    "predictions_csv",
    "rows",
    "value_at",
    "view_of",
]

# By head and objective; ("text", "") is what any objective of the head falls back on.
VIEWS: dict[tuple[str, str], View] = {
    ("sequence", "single"): single.VIEW,
    ("sequence", "pairs"): pairs.VIEW,
    ("sequence", "several"): several.VIEW,
    ("sequence", "score"): pairs.SCORES,
    ("token", ""): entities.VIEW,
    ("relation", ""): relations.VIEW,
    ("span", ""): answers.VIEW,
    ("text", ""): texts.VIEW,
}
GENERAL = View(name="", measure=gettext_lazy("correctness per row"), by_row=True)
ORDER = (
    "majority",
    "copy",
    "lead",
    "overlap",
    "dictionary",
    "tfidf",
)  # then the others, and the base


def view_of(result: Result) -> View:
    head, objective = result.head, result.objective
    if head == "pair":  # two texts read by themselves are answered as those read together
        head = "sequence"
    if head == "sequence" and objective in ("", "single"):
        objective = "pairs" if len(result.inputs) > 1 else "single"
        if "confusion" not in result.metrics:
            return GENERAL
    return VIEWS.get((head, objective)) or VIEWS.get((head, "")) or GENERAL


def context(result: Result) -> dict[str, Any]:
    """Everything that the results page shows of a report."""
    view = view_of(result)
    return {
        "view": view,
        "verdict": verdict(result, view) | unearned(result, view),
        "figures": figures(result),
        "compared": compared(result),
        "metrics": result.metrics,
        "test_rows": result.report["test_rows"],
        "details": result.details,
        "seeds": seeds(result),
        "tried": tried(result),
        "strengths": strengths(result),
        "seconds": result.report["seconds"],
        "ranking": ranking.compared(result),
        **view.context(result),
    }


def figures(result: Result) -> list[dict[str, Any]]:
    """The scores that stand on top, the main one first."""
    return [
        {"name": name, "figure": one, "value": figure_value(value_at(result.metrics, path), one.form)}
        for name, path in result.figures.items()
        for one in [figure(name, result.head)]
    ]  # fmt: skip


def strengths(result: Result) -> list[dict[str, Any]]:
    """What a draft tried, by its main score on the validation rows."""
    found = (result.details.get("draft") or {}).get("tried") or []
    form = figure(result.main, result.head).form
    return [
        {"strength": one["strength"], "score": figure_value(one.get(result.main), form)}
        for one in found
    ]


def seeds(result: Result) -> dict[str, Any]:
    """Scores of every training of a run that made several; {} for one that made one."""
    found = result.details.get("seeds") or {}
    if not found:
        return {}
    shown = [(name, figure(name, result.head)) for name in result.figures]

    def cells(values: Mapping[str, Any]) -> list[str]:
        return [figure_value(values.get(name), one.form) for name, one in shown]

    return {
        "figures": [one for _name, one in shown],
        "runs": [run | {"cells": cells(run["test"])} for run in found["runs"]],
        "mean": cells(found["mean"]),
        "deviation": cells(found["deviation"]),
    }


def verdict(result: Result, view: View) -> dict[str, str]:
    """One plain sentence, and its tone."""
    found = result.details.get("verdict") or {}
    code, points = found.get("code"), abs(float(found.get("points") or 0))
    given = {"points": number_format(round(points, 1), 1), "measure": str(view.measure)}
    name = baseline_title(str(found["baseline"])) if found.get("baseline") else ""
    if result.is_draft and code in ("gain", "worse"):
        return _of_draft(code, given) | {"baseline": name}
    if code == "gain":
        title = _("Fine-tuning gained %(points)s points of %(measure)s over the simple baseline.")
        return {"tone": "good", "title": title % given, "baseline": name}
    if code == "worse":
        title = _(
            "The fine-tuned model is worse than the simple baseline by %(points)s points of %(measure)s."
        )
        return {"tone": "bad", "title": title % given, "baseline": name}
    title = _("No better than the simple baseline.")
    return {"tone": "warn", "title": title, "baseline": name}


def _of_draft(code: str, given: Mapping[str, str]) -> dict[str, str]:
    if code == "gain":
        title = _(
            "This draft is better than the simple baseline by %(points)s points of %(measure)s."
        )
        return {"tone": "good", "title": title % given}
    title = _("This draft is worse than the simple baseline by %(points)s points of %(measure)s.")
    return {"tone": "warn", "title": title % given}


def unearned(result: Result, view: View) -> dict[str, str]:
    """What replaces a verdict of `gain` where the base model does as well without being fine-tuned."""
    found, base = result.details.get("verdict") or {}, result.report["baselines"].get("base")
    path = view.judged or result.figures.get(result.main, result.main)
    one = _judged(path, result)
    ours, theirs = value_at(result.metrics, path), value_at(base or {}, path)
    if found.get("code") != "gain" or ours is None or theirs is None:
        return {}
    if (theirs > ours) if one.lower else (theirs < ours):
        return {}
    title = _("Better than the simple baseline, but fine-tuning is not the reason.")
    note = _(
        "%(figure)s of the base model before fine-tuning: %(base)s; of your model: %(ours)s. "
        "Try a longer effort, or more rows."
    )
    values = {"base": figure_value(theirs, one.form), "ours": figure_value(ours, one.form)}
    return {"tone": "warn", "title": title, "note": note % {"figure": one.title, **values}}


def _judged(path: str, result: Result) -> Figure:
    name = next((name for name, own in result.figures.items() if own == path), path)
    return figure(name.replace(".", "_"), result.head)


def compared(result: Result) -> list[dict[str, Any]]:
    """Before and after on the same test rows. `gain`: our main figure minus the row's, so that more is better."""
    baselines = result.report["baselines"]
    first = [name for name in ORDER if name in baselines]
    rest = [name for name in baselines if name not in (*ORDER, "base")]
    names = [*first, *rest, *(["base"] if "base" in baselines else [])]
    return [
        *(_row(name, baselines[name], result) for name in names),
        _row("model", result.metrics, result),
    ]


def _row(name: str, metrics: Mapping[str, Any], result: Result) -> dict[str, Any]:
    path, one = result.figures.get(result.main, ""), figure(result.main, result.head)
    ours = value_at(result.metrics, path)
    theirs = _known(result.main, value_at(metrics, path))
    gain = None
    if ours is not None and theirs is not None:
        # Points are hundredths of what lies between 0 (or -1) and 1.
        scale = 1 if one.lower or one.form == HUNDRED else 100
        gain = (theirs - ours if one.lower else ours - theirs) * scale
    return {
        "name": baseline_title("draft" if name == "model" and result.is_draft else name),
        "ours": name == "model",
        "gain": gain,
        "cells": [
            figure_value(_known(key, value_at(metrics, own)), figure(key, result.head).form)
            for key, own in result.figures.items()
        ],
    }


def _known(name: str, value: float | None) -> float | None:
    """A perplexity below 1 there is not: it stands for one that was not measured."""
    return None if name == "perplexity" and value is not None and value < 1 else value
