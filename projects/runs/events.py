"""Rows of a run's history: what its child said and every change of its status."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from projects.runs.models import Run, RunEvent


def append(run_id: UUID | str, items: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Adds (kind, data) rows in order.

    Call it in the transaction of an UPDATE of the run's row: that lock is what keeps the numbers unique.
    """
    attempt = Run.objects.values_list("attempt", flat=True).get(pk=run_id)
    last = RunEvent.objects.filter(run_id=run_id).aggregate(last=Max("seq"))["last"] or 0
    now = timezone.now()
    RunEvent.objects.bulk_create(
        RunEvent(run_id=run_id, attempt=attempt, seq=seq, kind=kind, data=data, at=now)
        for seq, (kind, data) in enumerate(items, last + 1)
    )


def storable(value: Any) -> Any:
    """`value` as every database takes it: no NaN, no infinity, no NUL, no lone surrogate."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
