"""A draft by one click, from a draft to a fine-tune by another, and how the two compare."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Action
from projects.datasets import diagnosis
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import versions_in
from projects.people import user_of
from projects.runs import selectors, services
from projects.runs.forms import SEED, default_base
from projects.runs.models import Run, Status
from projects.runs.names import figure, figure_value
from projects.runs.results.shape import value_at
from projects.selectors import project_for
from training import draft as drafts

FINE_TUNE = "balanced"  # the effort that a draft is followed by


@require_POST
def version_draft(
    request: HttpRequest, slug: str, project_id: UUID, version_id: UUID
) -> HttpResponse:
    """Starts one with everything chosen; data that asks for a confirmation gets to the wizard."""
    project = project_for(request, project_id, Action.TRAIN, slug)
    version = get_object_or_404(versions_in(project), pk=version_id)
    return _start(request, version, default_base(project.task, version), drafts.EFFORT, SEED, {})


@require_POST
def run_fine_tune(request: HttpRequest, slug: str, project_id: UUID, run_id: UUID) -> HttpResponse:
    """Starts a fine-tune with what a draft was started with."""
    found = selectors.run_for(request, run_id, Action.TRAIN, project_id, slug)
    spec = found.spec
    chosen = spec["base"], FINE_TUNE, spec["seed"], spec.get("settings") or {}
    return _start(request, found.version, *chosen)


def _start(
    request: HttpRequest,
    version: DatasetVersion,
    base: str,
    effort: str,
    seed: int,
    settings: dict[str, Any],
) -> HttpResponse:
    project = version.project
    ids = [project.workspace.slug, project.pk]
    if diagnosis.standing(version) == "red":
        query = {"step": "data", "version": str(version.pk), "base": base, "effort": effort}
        query |= {"seed": str(seed), **{f"set-{name}": str(v) for name, v in settings.items()}}
        return redirect(f"{reverse('train', args=ids)}?{urlencode(query)}")
    run = services.start(
        project=project,
        version=version,
        user=user_of(request),
        base=base,
        effort=effort,
        seed=seed,
        settings=settings,
        start_key=str(request.POST.get("start_key") or "")[:64],
    )
    return redirect("run", *ids, run.pk)


def is_draft(run: Run) -> bool:
    return bool(run.spec.get("effort") == drafts.EFFORT)


def beside(run: Run) -> dict[str, Any]:
    """A draft and a fine-tune of the same test rows, the newest of the other kind beside this one; {} without one."""
    rows = Run.objects.filter(
        project_id=run.project_id,
        status=Status.SUCCEEDED,
        version__test_hash=run.version.test_hash,
    ).select_related("artifact")
    mine = {"spec__effort": drafts.EFFORT}
    other = (rows.exclude(**mine) if is_draft(run) else rows.filter(**mine)).first()
    if other is None:
        return {}
    pair = [run, other] if is_draft(run) else [other, run]
    figures = selectors.result_of(run).figures
    head = selectors.result_of(run).head
    return {
        "figures": [figure(name, head) for name in figures],
        "rows": [_row(one, figures, head, ours=one.pk == run.pk) for one in pair],
    }


def _row(run: Run, figures: dict[str, str], head: str, *, ours: bool) -> dict[str, Any]:
    report = run.report or {}
    metrics, seconds = report.get("metrics") or {}, report.get("seconds") or {}
    return {
        "run": run,
        "ours": ours,
        "draft": is_draft(run),
        "cells": [
            figure_value(value_at(metrics, path), figure(name, head).form)
            for name, path in figures.items()
        ],
        "size": run.artifact.size,
        "speed": _per_second(report.get("test_rows"), seconds.get("predicting")),
        "seconds": run.total_seconds,
    }


def _per_second(rows: int | None, seconds: float | None) -> str:
    """No finer than it was measured."""
    if not rows or not seconds:
        return "–"
    speed = rows / seconds
    shown = number_format(float(f"{speed:.2g}"), 0 if speed >= 10 else 1)
    return _("%(rows)s a second") % {"rows": shown}
