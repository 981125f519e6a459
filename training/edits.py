"""Changes to a version, which make a new one: a list of plain dicts, one change each.

{"op": "set", "row": 12, "values": {"label": "refund"}}          a row's values by role
{"op": "drop", "rows": [3, 7]}                                   rows, or {"finding": "row.duplicate"} in place of them
{"op": "move", "rows": [3], "split": "train"}                    the same
{"op": "rename", "labels": ["Pos", "pos "], "to": "pos"}
{"op": "mask", "kinds": ["email", "phone"]}                      personal data in texts
{"op": "add", "values": {"text": "…", "label": "…"}, "split": "train"}
{"op": "resplit"}                                                all rows are divided anew
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training import splits, version
from training.problems import Problem
from training.table import strings
from training.tasks.shape import Task
from training.validation import NONE, Rows, personal

OPS = ("set", "drop", "move", "rename", "mask", "add", "resplit")
_FIXED = ("row", "file", "line", "split")
BY_HAND = ""  # the file of a row that was typed in


@dataclass
class Plan:
    """The changes by what they do to a row."""

    values: dict[int, dict[str, str]] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    moved: dict[int, int] = field(default_factory=dict)  # row -> index into SPLITS
    renamed: dict[str, str] = field(default_factory=dict)
    masked: set[str] = field(default_factory=set)
    added: list[Mapping[str, Any]] = field(default_factory=list)
    resplit: bool = False


def read(path: str | Path) -> list[dict[str, Any]]:
    """The changes in a JSON file."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(found, list):
        raise Problem("edit.unknown", op=type(found).__name__, known=", ".join(OPS))
    return found


def planned(path: str | Path, changes: Sequence[Mapping[str, Any]]) -> Plan:
    """Raises Problem(`edit.*`) for a change that makes no sense; rows that there are not are passed over."""
    plan = Plan()
    for change in changes:
        if change.get("op") not in OPS:
            raise Problem("edit.unknown", op=str(change.get("op"))[:40], known=", ".join(OPS))
        try:
            _plan(plan, path, change)
        except (KeyError, TypeError, ValueError) as error:
            raise Problem("edit.broken", op=change["op"], field=str(error)[:80]) from error
    return plan


def _plan(plan: Plan, path: str | Path, change: Mapping[str, Any]) -> None:
    op = change["op"]
    if op == "set":
        values = {str(role): str(value) for role, value in change["values"].items()}
        plan.values.setdefault(int(change["row"]), {}).update(values)
    elif op == "drop":
        plan.dropped.update(_rows(path, change))
    elif op == "move":
        plan.moved.update(dict.fromkeys(_rows(path, change), splits.SPLITS.index(change["split"])))
    elif op == "rename":
        plan.renamed.update(dict.fromkeys(map(str, change["labels"]), str(change["to"])))
    elif op == "mask":
        plan.masked.update(kind for kind in change["kinds"] if kind in personal.KINDS)
    elif op == "add":
        plan.added.append({"values": dict(change["values"]), "split": change.get("split", "")})
    else:
        plan.resplit = True


def _rows(path: str | Path, change: Mapping[str, Any]) -> list[int]:
    if "finding" in change:
        found = version.read_flags(path, str(change["finding"]))
        return [int(row) for rows in found.values() for row in rows]
    return [int(row) for row in change["rows"]]


def rows_of(
    path: str | Path, task: Task, changes: Sequence[Mapping[str, Any]], only: str = ""
) -> Iterator[Rows]:
    """The rows of a version (or of one split of it) after the changes, piece by piece."""
    plan = planned(path, changes)
    roles, extra = version.columns(path)
    for table in version.tables(path):
        table = table.combine_chunks()
        kept = _kept(table, plan)
        if only:
            kept &= pc.equal(table["split"], only).to_numpy(zero_copy_only=False)
        yield _changed(table.filter(pa.array(kept)), plan, task, roles, extra)
    if plan.added and not only:
        yield _added(plan, roles, extra)


def _kept(table: Any, plan: Plan) -> NDArray[np.bool_]:
    rows = table["row"].to_numpy()
    if not plan.dropped:
        return np.ones(len(rows), bool)
    return ~np.isin(rows, np.fromiter(plan.dropped, np.int64, len(plan.dropped)))


def _changed(table: Any, plan: Plan, task: Task, roles: list[str], extra: list[str]) -> Rows:
    rows = table["row"].to_numpy()
    columns = {role: _whole(table, role) for role in roles}
    touched = (
        [at for at, row in enumerate(rows.tolist()) if row in plan.values] if plan.values else []
    )
    for role in roles if touched else ():
        cells = columns[role].to_pylist()
        for at in touched:
            cells[at] = plan.values[int(rows[at])].get(role, cells[at])
        columns[role] = strings(cells)
    if plan.renamed:
        columns |= _renamed(task, columns, plan.renamed)
    if plan.masked:
        columns |= {role: _masked(columns[role], plan.masked) for role in maskable(task, roles)}
    names = {name: number for number, name in enumerate(splits.SPLITS)}
    given = np.array([names[name] for name in table["split"].to_pylist()], np.uint8)
    if plan.moved:
        given = np.array(
            [plan.moved.get(row, old) for row, old in zip(rows.tolist(), given, strict=True)],
            np.uint8,
        )
    given = np.full(len(given), NONE, np.uint8) if plan.resplit else given
    others = {name: _whole(table, f"x:{name}") for name in extra}
    lines = table["line"].to_numpy().astype(np.uint32)
    return Rows(lines, table["file"].to_pylist(), given, columns, others)


def _whole(table: Any, name: str) -> Any:
    """The column as one array."""
    found = table[name].combine_chunks()
    return found if isinstance(found, pa.Array) else pa.concat_arrays(found.chunks)


def _renamed(task: Task, columns: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Labels stand alone in their cell, in a JSON list, or in the marks of a text."""
    role = task.label_role
    if role not in columns:
        return {}
    cells = [_cell(cell, names) for cell in columns[role].to_pylist()]
    return {role: strings(cells)}


def _cell(cell: str, names: Mapping[str, str]) -> str:
    if not cell.startswith("["):
        return names.get(cell, cell)
    try:
        found = json.loads(cell)
    except ValueError:
        return names.get(cell, cell)
    return json.dumps([_item(item, names) for item in found], ensure_ascii=False)


def _item(item: Any, names: Mapping[str, str]) -> Any:
    if isinstance(item, dict) and "label" in item:
        return {**item, "label": names.get(item["label"], item["label"])}
    return names.get(item, item) if isinstance(item, str) else item


def maskable(task: Task, roles: Sequence[str]) -> list[str]:
    """The roles whose texts can be masked; none where marks count their characters."""
    if {"entities", "head_start", "answer_start", "messages"} & set(roles):
        return []
    return [role for role in roles if role not in ("label", "score")]


def _masked(column: Any, kinds: set[str]) -> Any:
    return strings(personal.mask(text, kinds) for text in column.to_pylist())


def _added(plan: Plan, roles: list[str], extra: list[str]) -> Rows:
    size = len(plan.added)
    columns = {
        role: strings(str(row["values"].get(role, "")) for row in plan.added) for role in roles
    }
    given = [
        splits.SPLITS.index(row["split"]) if row["split"] in splits.SPLITS else NONE
        for row in plan.added
    ]
    others = {name: strings([""] * size) for name in extra}
    lines = np.zeros(size, np.uint32)
    return Rows(lines, [BY_HAND] * size, np.array(given, np.uint8), columns, others)
