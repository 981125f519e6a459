"""Filters for the pages of projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext as _

from training.tasks import TASKS

register = template.Library()


@register.filter
def task_title(name: str) -> str:
    task = TASKS.get(name)
    return _(task.title) if task else name


@dataclass(frozen=True)
class Needed:
    """One way to give a task's data. `columns`: (title, what an example row has there)."""

    title: str
    columns: list[tuple[str, str]]


@register.filter
def task_needs(name: str) -> list[Needed]:
    """The ways to give the data of a task, the usual one first."""
    task = TASKS[name]
    titles = {column.role: _(column.title) for column in task.columns}
    return [
        Needed(
            _(variant.title),
            [(titles[r], cell) for r, cell in zip(variant.needs, variant.example, strict=True)],
        )
        for variant in task.variants
    ]


@register.filter
def of(mapping: Any, key: Any) -> Any:
    """The value of a key that is itself a variable; empty when it is not there."""
    return mapping.get(key, "") if hasattr(mapping, "get") else ""


@register.filter
def split_title(name: str) -> str:
    return {"train": _("Training"), "valid": _("Validation"), "test": _("Test")}.get(name, name)
