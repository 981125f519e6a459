"""Tells that a run has ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from billing.nearing import look
from notify.services import announce, quietly
from projects.runs.models import Run, Status


def ended(run_id: UUID | str, to: Status) -> None:
    """In the transaction of the end, once a run: who started it, and the webhooks, hear of it when that is written."""
    with quietly(f"the end of run {run_id}"):
        _tell(Run.objects.select_related("project__workspace", "created_by").get(pk=run_id), to)


def _tell(run: Run, to: Status) -> None:
    workspace = run.project.workspace
    announce(
        kind=f"run.{to.value}",
        key=f"run:{run.pk}",
        values=_values(run, to),
        workspace=workspace,
        to=[run.created_by] if run.created_by else [],
        path=reverse("run", args=[workspace.slug, run.project_id, run.pk]),
    )
    look(workspace)


def _values(run: Run, to: Status) -> dict[str, Any]:
    """`metrics` are the figures of the report that are numbers; no text of the data is among these values."""
    found = (run.report or {}).get("metrics") or {}
    metrics = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return {
        "run": str(run.pk),
        "number": run.number,
        "status": to.value,
        "project": run.project.name,
        "project_id": str(run.project_id),
        "seconds": run.total_seconds,
        "metrics": metrics,
        "problem": run.problem,
    }
