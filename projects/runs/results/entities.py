"""Entities: texts with what is marked and what was found, and lists of every kind of mistake."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.datasets.editors import Mark, Segment, hue, segments
from projects.runs.results.predictions import Listed, Prediction, every, truth
from projects.runs.results.shape import Context, Query, Result, View
from projects.runs.results.single import averages, label_chart, weakest_first
from training import scoring

PAGE = 10
LETTERS = 900  # of a text that is shown
KINDS = {
    "missed": gettext_lazy("Missed"),
    "spurious": gettext_lazy("Not in the data"),
    "wrong_type": gettext_lazy("Wrong label"),
    "boundary": gettext_lazy("Wrong start or end"),
}
MUC = {
    "strict": gettext_lazy("Start, end and label"),
    "exact": gettext_lazy("Start and end, whatever the label"),
    "partial": gettext_lazy("Start and end; an overlap counts half"),
    "type": gettext_lazy("The label; an overlap is enough"),
}


@dataclass(frozen=True)
class Item:
    """A test row with its entities: `true` is None where the version's file is gone."""

    row: Prediction
    true: list[tuple[int, int, str]] | None
    found: list[tuple[int, int, str]]
    mistakes: list[dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    """An item made ready for the page."""

    item: Item
    true: list[Segment]
    found: list[Segment]
    mistakes: list[dict[str, Any]]


def context(result: Result) -> Context:
    metrics = result.metrics
    token = metrics.get("token") or {}
    return {
        "labels": result.labels,
        "per_label": weakest_first(metrics["per_label"]),
        "averages": averages(metrics),
        "measures": [(title, metrics[name]) for name, title in MUC.items() if name in metrics],
        "tokens": [{"label": tag, **row} for tag, row in (token.get("per_label") or {}).items()],
        "token_averages": averages(token),
        "filters": filters(metrics.get("mistakes") or {}),
    }


def filters(counts: dict[str, int]) -> list[tuple[str, Any, int | None]]:
    """(kind, title, how many mistakes) of the lists that can be asked for."""
    kinds = [(name, title, counts.get(name, 0)) for name, title in KINDS.items()]
    return [("", _("Rows with mistakes"), None), *kinds, ("all", _("All rows"), None)]


def items(result: Result) -> list[Item]:
    """Every test row, the worst first."""
    path = result.predictions
    if path is None:
        return []
    marked = truth(result, "entities")
    return _items(path, path.stat().st_mtime_ns, tuple(marked.items()))


@lru_cache(maxsize=4)
def _items(path: Path, changed: int, marked: tuple[tuple[int, str], ...]) -> list[Item]:
    given = dict(marked)
    found = [_item(row, given.get(row.row)) for row in every(path)]
    return sorted(found, key=lambda item: (item.row.score or 0.0, item.row.row))


def _item(row: Prediction, marked: str | None) -> Item:
    text = row.inputs.get("text", row.text)
    found = [(one["start"], one["end"], one["label"]) for one in row.answer.get("entities", ())]
    if marked is None:
        return Item(row, None, found, [])
    true = [(one["start"], one["end"], one["label"]) for one in json.loads(marked or "[]")]
    return Item(row, true, found, scoring.span_mistakes(text, true, found))


def listed(result: Result, query: Query, offset: int) -> Listed:
    """Rows with mistakes, of one kind or of one label where they are named."""
    kind, label = query.get("kind", ""), query.get("label", "")
    chosen = [item for item in items(result) if _is_wanted(item, kind, label)]
    shown = [_shown(item, result.labels) for item in chosen[offset : offset + PAGE]]
    return Listed(len(chosen), shown, PAGE)


def _is_wanted(item: Item, kind: str, label: str) -> bool:
    if kind == "all":
        spans = [*(item.true or ()), *item.found]
        return not label or any(span[2] == label for span in spans)
    if item.true is None:  # nothing is known of its mistakes but that there are some
        return not item.row.correct and not kind
    return any(
        (not kind or one["kind"] == kind)
        and (not label or label in (one["label"], (one["true"] or {}).get("label")))
        for one in item.mistakes
    )


def _shown(item: Item, labels: list[str]) -> Shown:
    text = item.row.inputs.get("text", item.row.text)
    sides = [marked(text, spans, labels) for spans in (item.true or [], item.found)]
    told = [one | {"title": KINDS[one["kind"]], "what": what(one)} for one in item.mistakes]
    return Shown(item, sides[0], sides[1], told)


def marked(text: str, spans: list[tuple[int, int, str]], labels: list[str]) -> list[Segment]:
    marks = [Mark(start, end, label, hue(labels, label)) for start, end, label in spans]
    return segments(text, marks, LETTERS)


def what(mistake: dict[str, Any]) -> str:
    """A mistake in words: “Bern” (city), taken for (person)."""
    true = mistake["true"] or mistake
    given = {"text": mistake["text"], "label": mistake["label"]}
    given |= {"right": true["text"], "right_label": true["label"]}
    if mistake["kind"] == "wrong_type":
        return _("“%(text)s”: %(label)s instead of %(right_label)s") % given
    if mistake["kind"] == "boundary":
        return _("“%(text)s” instead of “%(right)s”: %(label)s") % given
    return _("“%(text)s”: %(label)s") % given


VIEW = View(
    name="entities",
    measure=gettext_lazy("entity F1 per row"),
    by_row=True,
    judged="micro.f1",
    context=context,
    charts={"labels": label_chart},
    listed=listed,
    rows="entities",
)
