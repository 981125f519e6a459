"""Texts that a model wrote, beside what was asked for: before and after fine-tuning, the worst first."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from projects.runs.names import FIGURES
from projects.runs.results.predictions import Listed, Prediction, besides, rows, truth
from projects.runs.results.shape import Context, Query, Result, View, value_at

PAGE = 10
MESSAGES = "messages"


@dataclass(frozen=True)
class Shown:
    """`sources`: (role, text) of what was read; `turns`: of a conversation, up to its answer; `besides`: what would
    be as good as the reference."""

    row: Prediction
    sources: list[tuple[str, str]] = field(default_factory=list)
    turns: list[dict[str, str]] = field(default_factory=list)
    besides: list[str] = field(default_factory=list)


def context(result: Result) -> Context:
    """Every figure that is known, and how exactly it was taken."""
    metrics = result.metrics
    known = [name for name in FIGURES if value_at(metrics, name) is not None]
    signatures = [
        (name, metrics[f"{name}_signature"])
        for name in ("bleu", "chrf")
        if metrics.get(f"{name}_signature")
    ]
    filters = [("", _("The worst first"), None), ("best", _("The best first"), None)]
    return {
        "facts": known,
        "signatures": signatures,
        "empty": metrics.get("empty"),
        "filters": filters,
    }


def listed(result: Result, query: Query, offset: int) -> Listed:
    if result.predictions is None:
        return Listed(0, [])
    best = query.get("kind") == "best"
    found = rows(result.predictions, worst=not best, offset=offset, limit=PAGE, best=best)
    more = truth(result, "references")
    said = [shown(row, besides(row, more)) for row in found.rows]
    return Listed(found.total, said, PAGE)


def shown(row: Prediction, others: list[str]) -> Shown:
    if MESSAGES in row.inputs:
        return Shown(row, turns=before_answer(turns_of(row.inputs[MESSAGES])))
    return Shown(row, sources=list(row.inputs.items()), besides=others)


def turns_of(messages: Any) -> list[dict[str, str]]:
    """What a conversation says; a text that is none is what the user says."""
    try:
        found = json.loads(messages) if isinstance(messages, str) else messages
        return [{"role": str(one["role"]), "content": str(one["content"])} for one in found]
    except (ValueError, TypeError, KeyError):
        return [{"role": "user", "content": str(messages)}]


def before_answer(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Without the answers that it ends with: they were to be written."""
    end = len(turns)
    while end and turns[end - 1]["role"] == "assistant":
        end -= 1
    return turns[:end]


VIEW = View(
    name="texts",
    measure=gettext_lazy("likeness to the reference per row"),
    by_row=True,
    context=context,
    listed=listed,
    rows="texts",
)
