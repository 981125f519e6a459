"""The cells of a table of rows as a person reads them: marked texts, turns and lists of labels, never JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from projects.datasets import editors
from training import browse
from training.tasks import TASKS

TURNS = 4  # of a conversation that a table shows
LISTED = {column.role for task in TASKS.values() for column in task.columns if column.listed}


@dataclass(frozen=True)
class Cell:
    """`segments` of a text, or the `turns` of a conversation, of which `more` are not among them."""

    role: str
    value: str
    segments: list[editors.Segment]
    turns: list[editors.Turn]
    more: int = 0
    old: str = ""  # what stands in the version, where it differs
    changed: bool = False


def cells_of(
    editor: editors.Editor,
    labels: list[str],
    values: Mapping[str, str],
    changed: Mapping[str, str] = {},
) -> list[Cell]:
    """One for each role that the editor shows. `changed`: what stood in the changed roles before."""
    marks = editors.marks_of(editor, values, labels)
    return [_cell(editor, role, values.get(role, ""), marks, changed) for role in editor.shown]


def _cell(
    editor: editors.Editor,
    role: str,
    value: str,
    marks: list[editors.Mark],
    changed: Mapping[str, str],
) -> Cell:
    turns = editors.turns(value) if editor.template == "turns" else []
    said = _said(editor, role, value)
    old = changed.get(role, "")
    return Cell(
        role=role,
        value=value,
        segments=editors.segments(said, marks if role == editor.text else []),
        turns=turns[:TURNS],
        more=len(turns[TURNS:]),
        old=_said(editor, role, old),
        changed=role in changed or bool(role == editor.text and changed),
    )


def _said(editor: editors.Editor, role: str, value: str) -> str:
    if role in LISTED:
        return "\n".join(map(str, json.loads(value))) if value else ""
    return editors.spoken(value) if _is_list(editor, role) else value


def _is_list(editor: editors.Editor, role: str) -> bool:
    """Whether the role holds JSON, which nobody should see."""
    lists = editor.labels_as == browse.LIST and role == editor.label
    return lists or editor.template == "turns"
