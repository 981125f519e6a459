"""How the rows of each kind of data are shown and changed in the browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import label_rows
from projects.selectors import task_of
from training import browse
from training.tasks.shape import Task

HUES = 6  # of the marks; see components.css


@dataclass(frozen=True)
class Editor:
    """`template`: what Enter opens. `text`: the role in which places are marked. `shown`: the columns of the table."""

    template: str  # below templates/annotation/
    shown: tuple[str, ...]
    text: str = ""
    labels_as: str = browse.CELL


# By task and stored variant; the JavaScript of each stands in static/js/annotate/, under its template's name.
EDITORS: dict[tuple[str, str], Editor] = {
    ("text-classification", "single"): Editor("picker", ("text", "label")),
    ("text-classification", "multi"): Editor("labels", ("text", "label"), labels_as=browse.LIST),
    ("text-matching", "label"): Editor("picker", ("text_a", "text_b", "label")),
    ("text-matching", "score"): Editor("texts", ("text_a", "text_b", "score")),
    ("ner", "spans"): Editor("spans", ("text",), "text", browse.MARKS),
    ("relation-extraction", "offsets"): Editor("relation", ("text", "label"), "text"),
    ("question-answering", "extractive"): Editor(
        "answer", ("question", "context", "answer_text"), "context"
    ),
    ("question-answering", "generative"): Editor("texts", ("question", "answer_text")),
    ("translation", "pairs"): Editor("texts", ("source", "target")),
    ("summarization", "pairs"): Editor("texts", ("source", "target")),
    ("dialogue", "messages"): Editor("texts", ("messages",)),
}


def editor_of(version: DatasetVersion) -> Editor:
    task = task_of(version.project)
    variant = task.variant(version.variant)
    return EDITORS[task.name, variant.stored or variant.name]


def label_role(version: DatasetVersion) -> str:
    """The role that its labels stand in; empty where rows have none."""
    task = task_of(version.project)
    return task.label_role if version.labels else ""


def label_names(version: DatasetVersion) -> list[str]:
    """The most frequent first, which is what the number keys follow."""
    return [item.label for item in label_rows(version)]


@dataclass(frozen=True)
class Mark:
    """`text[start:end]`, in code points. `name`: what it is called. `hue`: from 1 to HUES."""

    start: int
    end: int
    name: str
    hue: int


@dataclass(frozen=True)
class Segment:
    text: str
    mark: Mark | None = None


def marks_of(editor: Editor, values: Mapping[str, str], labels: list[str]) -> list[Mark]:
    """What is marked in the text of a row; marks that cannot be read are left out."""
    try:
        return _READ[editor.template](values, labels) if editor.text else []
    except (ValueError, KeyError, TypeError):
        return []


def _spans(values: Mapping[str, str], labels: list[str]) -> list[Mark]:
    found = json.loads(values["entities"] or "[]")
    return [
        Mark(span["start"], span["end"], span["label"], hue(labels, span["label"]))
        for span in found
    ]


def _relation(values: Mapping[str, str], labels: list[str]) -> list[Mark]:
    head, tail = (
        (int(values[f"{name}_start"]), int(values[f"{name}_end"])) for name in ("head", "tail")
    )
    return [Mark(*head, str(_("Head")), 1), Mark(*tail, str(_("Tail")), 2)]


def _answer(values: Mapping[str, str], labels: list[str]) -> list[Mark]:
    if not values["answer_text"]:
        return []
    start = int(values["answer_start"])
    return [Mark(start, start + len(values["answer_text"]), str(_("Answer")), 1)]


_READ: dict[str, Any] = {"spans": _spans, "relation": _relation, "answer": _answer}


def hue(labels: list[str], label: str) -> int:
    return labels.index(label) % HUES + 1 if label in labels else HUES


AROUND = 160  # code points before the first mark that a table still shows


def segments(text: str, marks: list[Mark], limit: int = 600) -> list[Segment]:
    """The text cut at its marks, about `limit` code points of it: from shortly before the first mark."""
    first = min((mark.start for mark in marks), default=0)
    begin = max(0, first - AROUND) if len(text) > limit else 0
    at, end = begin, min(len(text), begin + limit)
    found = [Segment("…")] if begin else []
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        if mark.start < at or mark.end > end:
            continue  # overlaps the one before it
        found += [Segment(text[at : mark.start]), Segment(text[mark.start : mark.end], mark)]
        at = mark.end
    found += [Segment(text[at:end] + ("…" if end < len(text) else ""))]
    return [item for item in found if item.text]


def titles(task: Task) -> dict[str, str]:
    return {column.role: column.title for column in task.columns}


def spoken(cell: str) -> str:
    """A JSON list of labels as one reads it; anything else as it is."""
    try:
        found = json.loads(cell) if cell.startswith("[") else cell
    except ValueError:
        return cell
    return ", ".join(map(str, found)) if isinstance(found, list) else cell
