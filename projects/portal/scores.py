"""The scores of a project's runs, side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from projects.runs.models import Run
from projects.runs.names import figure, figure_value
from projects.runs.results import Result, value_at
from projects.runs.results.shape import FIGURES

SHOWN = 2  # scores of a run in a list
OLD = "accuracy"  # the main score of reports from before they named it


def main_scores(run_ids: Iterable[UUID]) -> dict[UUID, tuple[Any, str]]:
    """Run -> (title, value) of the score that its task is judged by; whole reports are not read for it."""
    runs = Run.objects.filter(pk__in=list(run_ids))
    fields = ("pk", "report__details__main", "report__details__figures", "report__details__head")
    paths: dict[tuple[str, str, str], list[UUID]] = {}
    for pk, main, figures, head in runs.values_list(*fields):
        name = str(main or OLD)
        paths.setdefault((name, (figures or {}).get(name, name), str(head or "")), []).append(pk)
    found: dict[UUID, tuple[Any, str]] = {}
    for (name, path, head), ids in paths.items():
        key, one = "report__metrics__" + path.replace(".", "__"), figure(name, head)
        for pk, value in runs.filter(pk__in=ids).values_list("pk", key):
            found[pk] = (one.title, figure_value(value, one.form))
    return found


def result_names(run: Run | None) -> list[tuple[str, Any]]:
    """(path, what is known of the score) of the scores that the newest result has, the main one first."""
    if run is None or run.report is None:
        return [(path, figure(name)) for name, path in FIGURES.items()]
    result = Result(run.report)
    return [(path, figure(name, result.head)) for name, path in result.figures.items()][:SHOWN]


def scores_of(run: Run, names: list[tuple[str, Any]]) -> list[str]:
    """A dash for what the run does not have."""
    metrics = (run.report or {}).get("metrics") or {}
    return [figure_value(value_at(metrics, path), one.form) for path, one in names]
