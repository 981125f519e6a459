"""What was chosen on validation rows, and what else was tried: the report says it, this makes it ready for pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from projects.runs.names import figure, figure_value, setting_value
from projects.runs.results.shape import Result

WHAT = {"pooling": gettext_noop("Pooling"), "training": gettext_noop("Way of training")}
WAYS = {
    "plain": gettext_noop("Plain fine-tuning"),
    "few_shot": gettext_noop("From pairs of rows (few-shot)"),
}


def tried(result: Result) -> list[dict[str, Any]]:
    """One item a choice: {"title", "figure", "rows", "options": [{"title", "value", "kept"}]}."""
    return [_choice(found, result.head) for found in result.details.get("tried") or []]


def _choice(found: dict[str, Any], head: str) -> dict[str, Any]:
    one = figure(found["figure"], head)
    options = [
        {**item, "title": _title(item["name"]), "value": figure_value(item["value"], one.form)}
        for item in found["options"]
    ]
    title = _(WHAT[found["what"]]) if found["what"] in WHAT else found["what"]
    return {"title": title, "figure": one, "rows": found["rows"], "options": options}


def _title(name: str) -> str:
    return _(WAYS[name]) if name in WAYS else str(setting_value(name))
