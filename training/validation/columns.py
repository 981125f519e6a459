"""Which column plays which role: a guess to begin with, and what is wrong with a choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from training.table import Table
from training.table.reader import shown_list
from training.tasks.shape import BETWEEN, COMMON, Column, Task
from training.validation.findings import Findings, Place

_ID = re.compile(r"(^|[\s_-])(id|uuid|index|no|nr|row|date|time|url)$|^(编号|序号|日期)$", re.I)


def guess_columns(
    task: Task, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Role -> column, by name first and then by content. A role that nothing fits is left out.

    Several columns that play one role stand with BETWEEN between them.
    """
    found: dict[str, str] = {}
    for column in (*task.columns, *COMMON):
        if column.listed:
            continue
        name = _by_name(column, [name for name in header if name not in found.values()])
        if name:
            found[column.role] = name
    for column in task.columns:
        if column.listed:
            found |= _listed(task, column, header, found)
    for column in task.columns:
        if column.required and column.role not in found:
            free = [i for i, name in enumerate(header) if name not in found.values()]
            name = _by_content(column.role, header, rows, free)
            if name:
                found[column.role] = name
    return found


def _listed(
    task: Task, column: Column, header: Sequence[str], found: Mapping[str, str]
) -> dict[str, str]:
    """`reference 2`, `summary3`, or one column of lists. The first one is the answer, where there is no other yet."""
    free = [name for name in header if name not in found.values()]
    plain = {name: re.sub(r"[\s_-]*\d+$", "", name).strip().casefold() for name in free}
    numbered = [n for n, word in plain.items() if word in column.guesses and n[-1:].isdigit()]
    said = {}
    if numbered and task.label_role not in found:
        said[task.label_role] = numbered.pop(0)
    whole = [name for name in free if name.strip().casefold() == column.guesses[0]]
    chosen = numbered or whole
    return said | ({column.role: BETWEEN.join(chosen)} if chosen else {})


def _by_name(column: Column, header: Sequence[str]) -> str:
    plain = {re.sub(r"[\s_-]+", " ", name).strip().casefold(): name for name in reversed(header)}
    for guess in column.guesses:
        if guess in plain:
            return plain[guess]
    for guess in column.guesses:  # `review_text`, `category name`
        for name, original in plain.items():
            if len(guess) > 1 and guess in name.split():
                return original
    return ""


def _by_content(
    role: str, header: Sequence[str], rows: Sequence[Sequence[str]], free: list[int]
) -> str:
    cells = {i: [row[i] for row in rows if i < len(row) and row[i].strip()] for i in free}
    filled = [i for i in free if cells[i] and not _ID.search(header[i])]
    if not filled:
        return ""
    if role == "label":
        marks = [header[i] for i in filled if set(cells[i]) == {"0", "1"}]
        if len(marks) > 1:
            return BETWEEN.join(marks)
        kinds = {i: len(set(cells[i])) / len(cells[i]) for i in filled}
        return header[min(filled, key=lambda i: (kinds[i], fmean(map(len, cells[i]))))]
    return header[max(filled, key=lambda i: fmean(map(len, cells[i])))]


def check_columns(
    task: Task, table: Table, columns: Mapping[str, str], name: str, found: Findings
) -> bool:
    """Whether this file has all that one of the task's variants needs; what is wrong goes into `found`."""
    place = Place(name, table.header_line)
    if len(table.columns) == 1 and len(columns) != 1:
        found.add("column.single", place, key=name, column=table.columns[0])
    missing = _unmapped(task, columns)
    for role in missing:
        values: dict[str, Any] = {"role": role, "columns": shown_list(table.columns)}
        found.add("column.unmapped", place, key=role, **values)
    absent = [column for column in used(task, columns, False) if column not in table.columns]
    for column in absent:
        values = {"column": column, "columns": shown_list(table.columns)}
        place_of = Place(name, table.header_line, column)
        found.add("column.missing", place_of, key=f"{name}:{column}", **values)
    _check_choice(task, table, columns, place, found)
    return not missing and not absent


def _unmapped(task: Task, columns: Mapping[str, str]) -> list[str]:
    """The roles that the nearest variant still needs."""
    lacking = [
        [role for role in variant.needs if not columns.get(role)] for variant in task.variants
    ]
    return min(lacking, key=len)


def check_listed(
    task: Task, tables: Sequence[Table], columns: Mapping[str, str], found: Findings
) -> None:
    """A column of further texts may be lacking in a file, but not in all of them."""
    there = {name for table in tables for name in table.columns}
    needed = used(task, columns, False)
    for column in used(task, columns) if tables else ():
        if column not in needed and column not in there:
            values: dict[str, Any] = {"column": column, "columns": shown_list(tables[0].columns)}
            found.add("column.missing", Place("", 0, column), key=column, **values)


def used(task: Task, columns: Mapping[str, str], listed: bool = True) -> list[str]:
    """The names of the columns that play a part of the task's own, each once; `listed`: with those of further texts."""
    roles = [column.role for column in task.columns if listed or not column.listed]
    chosen = [columns.get(role, "").split(BETWEEN) for role in roles]
    return list(dict.fromkeys(name for names in chosen for name in names if name))


def _check_choice(
    task: Task, table: Table, columns: Mapping[str, str], place: Place, found: Findings
) -> None:
    roles = [column.role for column in (*task.columns, *COMMON)]
    for role in columns:
        if role not in roles:
            found.add("column.role", place, key=role, role=role, roles=", ".join(roles))
    for column in used(task, columns):
        using = [role for role in task.roles if column in columns.get(role, "").split(BETWEEN)]
        if len(using) > 1:
            found.add("column.same", place, key=column, column=column, roles=", ".join(using))
        if column in table.duplicates:
            found.add("column.duplicate", place, key=f"{place.file}:{column}", column=column)
