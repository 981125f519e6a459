"""Filters for the pages of projects."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from training.tasks import TASKS

register = template.Library()


@register.filter
def task_title(name: str) -> str:
    task = TASKS.get(name)
    return _(task.title) if task else name


@register.filter
def ago(value: datetime | None) -> str:
    """How long ago, in one unit: “3 days ago”, “just now”."""
    if value is None:
        return ""
    if timezone.now() - value < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(value, depth=1)}


@register.filter
def of(mapping: Any, key: Any) -> Any:
    """The value of a key that is itself a variable; empty when it is not there."""
    return mapping.get(key, "") if hasattr(mapping, "get") else ""


@register.filter
def split_title(name: str) -> str:
    return {"train": _("Training"), "valid": _("Validation"), "test": _("Test")}.get(name, name)
