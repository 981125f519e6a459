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
    """`template`: what Enter opens. `text`: the role in which places are marked. `shown`: the columns of the table.

    `label`: the role in which labels stand, as `labels_as` says; empty where rows have none. `typed`: the variant of
    the task in which a person types a row, where the places in a text are counted in the one that is stored.
    """

    template: str  # below templates/annotation/
    shown: tuple[str, ...]
    text: str = ""
    label: str = ""
    labels_as: str = browse.CELL
    typed: str = ""

    @property
    def suggests(self) -> bool:
        """Whether a row has one label, for which another one can be suggested."""
        return bool(self.label) and self.labels_as == browse.CELL


# By task and stored variant; the JavaScript of each stands in static/js/annotate/, under its template's name.
EDITORS: dict[tuple[str, str], Editor] = {
    ("text-classification", "single"): Editor("picker", ("text", "label"), label="label"),
    ("text-classification", "multi"): Editor(
        "labels", ("text", "label"), label="label", labels_as=browse.LIST
    ),
    ("text-matching", "label"): Editor("picker", ("text_a", "text_b", "label"), label="label"),
    ("text-matching", "score"): Editor("texts", ("text_a", "text_b", "score")),
    ("ner", "spans"): Editor("spans", ("text",), "text", "entities", browse.MARKS, typed="inline"),
    ("relation-extraction", "offsets"): Editor(
        "relation", ("text", "label"), "text", "label", typed="markers"
    ),
    ("question-answering", "extractive"): Editor(
        "answer", ("question", "context", "answer_text"), "context", typed="extractive"
    ),
    ("question-answering", "generative"): Editor("texts", ("question", "answer_text")),
    ("translation", "pairs"): Editor("texts", ("source", "target")),
    ("summarization", "pairs"): Editor("texts", ("source", "target")),
    ("dialogue", "messages"): Editor("turns", ("messages",)),
}


def editor_of(version: DatasetVersion) -> Editor:
    task = task_of(version.project)
    variant = task.variant(version.variant)
    return EDITORS[task.name, variant.stored or variant.name]


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


def spoken(value: str) -> str:
    """A list of labels or a conversation as one reads it; anything else as it is."""
    found = _listed(value)
    if found is None or not all(isinstance(item, str | int) or _is_turn(item) for item in found):
        return value
    said = [f"{role_title(item['role'])}: {item['content']}" for item in found if _is_turn(item)]
    return "\n".join(said) if said else ", ".join(map(str, found))


def _is_turn(item: Any) -> bool:
    return isinstance(item, dict) and {"role", "content"} <= item.keys()


def _listed(value: str) -> list[Any] | None:
    """The items of a JSON list; None for anything else."""
    try:
        found = json.loads(value) if value.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def labels_in(editor: Editor, value: str) -> list[str]:
    """The labels that stand in the label role of a row."""
    if editor.labels_as == browse.CELL:
        return [value]
    found = _listed(value) or []
    named = [item.get("label") if isinstance(item, dict) else item for item in found]
    return [str(label) for label in named if label]


@dataclass(frozen=True)
class Turn:
    role: str
    title: str
    content: str


SPEAKERS = {"system": _("System"), "user": _("User"), "assistant": _("Assistant")}


def role_title(role: str) -> str:
    return str(SPEAKERS.get(role, role))


def turns(value: str) -> list[Turn]:
    """A conversation turn by turn; none where it cannot be read."""
    found = [item for item in _listed(value) or [] if _is_turn(item)]
    return [Turn(item["role"], role_title(item["role"]), str(item["content"])) for item in found]


def answer_text(editor: Editor, values: Mapping[str, str]) -> str:
    """What somebody says of a row, as a line of text."""
    if editor.labels_as == browse.MARKS:
        spans = marks_of(editor, values, [])
        return ", ".join(f"{values[editor.text][at.start : at.end]} ({at.name})" for at in spans)
    if editor.template == "relation":
        ends = [values[editor.text][at.start : at.end] for at in marks_of(editor, values, [])]
        return f"{values[editor.label]} ({' → '.join(ends)})"
    return spoken(values[editor.label or editor.shown[-1]])
