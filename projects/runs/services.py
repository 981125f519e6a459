"""Writes about runs: start, stop, end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from billing.services import hold, release, settle
from projects.datasets import diagnosis
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import trainable
from projects.jobs.queue import enqueue
from projects.models import Project
from projects.runs import lifecycle, planning
from projects.runs.models import Artifact, Run, Status
from training.problems import Problem

EXECUTE = "projects.runs.tasks.execute"


def start(
    *,
    project: Project,
    version: DatasetVersion,
    user: User,
    base: str,
    effort: str,
    seed: int = 13,
    settings: Mapping[str, Any] | None = None,
    prompt: str = "",
    system: str = "",
    search: Mapping[str, Any] | None = None,
    start_key: str = "",
    confirmed: bool = False,
) -> Run:
    """A queued run that holds its place in the plan. The same `start_key` again is the same run.

    `confirmed`: the person has seen that the data's gate is red; findings that are ignored do not make it so. Raises
    Problem(`spec.*`, `base.*`, `run.version`, `run.gate`, `quota.*`).
    """
    key = start_key or uuid4().hex
    found = Run.objects.filter(project=project, start_key=key).first()
    if found:
        return found
    if version.project_id != project.pk:
        raise Problem("run.version")
    gate = diagnosis.standing(version)
    if gate == "red" and not confirmed:
        raise Problem("run.gate", version=str(version))
    if not trainable(version):
        raise Problem("run.task")
    chosen: dict[str, Any] = {"base": base, "effort": effort, "seed": seed}
    asked: dict[str, Any] = {"prompt": prompt, "system": system, "search": search}
    spec = planning.spec(project, **chosen, settings=settings or {}, **asked)
    planning.check_effort(spec, version)
    planning.check_base(spec, version.variant)
    run = Run(project=project, version=version, start_key=key, created_by=user)
    run.spec = planning.portable(spec)
    run.data_state = {
        "gate": gate, "confirmed": gate == "red", "ignored": diagnosis.acknowledged(version)
    }  # fmt: skip
    factor = planning.correction(spec.effort)
    run.estimated_seconds = planning.estimate(version, spec, factor).seconds
    # How long a search takes is its budget: it teaches nothing about the next estimate (see planning.correction).
    run.estimate_factor = 0.0 if spec.search else factor
    return _book(run)


def _book(run: Run) -> Run:
    """Two starts with one key may come this far at once; the second finds the first one's row."""
    try:
        return _create(run)
    except IntegrityError:
        found = Run.objects.filter(project_id=run.project_id, start_key=run.start_key).first()
        if found is None:
            raise
        return found


@transaction.atomic
def _create(run: Run) -> Run:
    """The project's lock numbers runs without a gap, and keeps the project from being deleted meanwhile."""
    project = Project.objects.select_for_update().filter(pk=run.project_id).first()
    if project is None:
        raise Problem("run.version")
    runs = Run.objects.filter(project=project)
    run.number = (runs.aggregate(last=Max("number"))["last"] or 0) + 1
    run.save(force_insert=True)
    minutes = math.ceil(run.spec.get("search", {}).get("minutes") or 1)
    hold(workspace=project.workspace, run_id=run.pk, project_id=project.pk, minutes=minutes)
    enqueue(EXECUTE, run.pk, cluster=planning.cluster(run.spec))
    return run


def request_stop(*, run: Run, user: User) -> Run:
    """A queued run is cancelled at once, a running one within seconds, one that has ended stays as it is."""
    reason = f"user:{user.pk}"
    for _again in range(3):  # it may be claimed or given back between the two
        if end(run.pk, Status.CANCELLED, only_from=Status.QUEUED, reason=reason):
            break
        if lifecycle.move(run.pk, Status.STOPPING, reason=reason):
            break
    run.refresh_from_db()
    return run


@transaction.atomic
def end(
    run_id: UUID,
    to: Status,
    *,
    attempt: int | None = None,
    seconds: float = 0.0,
    only_from: Status | None = None,
    unheard_since: datetime | None = None,
    reason: str = "",
    **fields: Any,
) -> bool:
    """A final status, what it used and its place in the plan given back: all three or none.

    `seconds` are booked to the workspace; nothing is booked for what failed on our side.
    """
    narrow: dict[str, Any] = {
        "attempt": attempt,
        "only_from": only_from,
        "unheard_since": unheard_since,
    }
    if not lifecycle.move(run_id, to, reason=reason, **narrow, **fields):
        return False
    if attempt is not None and seconds > 0:
        settle(run_id=run_id, attempt=attempt, seconds=seconds)
    release(run_id=run_id)
    return True


@transaction.atomic
def succeed(*, run: Run, attempt: int, seconds: float, report: Any, artifact: Artifact) -> bool:
    """The run and its artifact, or neither."""
    times = report.get("seconds") or {}
    fields = {
        "progress": 1.0,
        "report": report,
        "train_seconds": times.get("train"),
        "total_seconds": seconds,
    }
    if not end(run.pk, Status.SUCCEEDED, attempt=attempt, seconds=seconds, **fields):
        return False
    artifact.run = run
    artifact.save(force_insert=True)
    return True


@transaction.atomic
def requeue(
    run_id: UUID, *, attempt: int, reason: str, unheard_since: datetime | None = None
) -> bool:
    """Back into the queue; it keeps its place in the plan."""
    to = Status.QUEUED
    narrow: dict[str, Any] = {"attempt": attempt, "unheard_since": unheard_since}
    if not lifecycle.move(run_id, to, reason=reason, **narrow):
        return False
    spec = Run.objects.values_list("spec", flat=True).get(pk=run_id)
    enqueue(EXECUTE, run_id, cluster=planning.cluster(spec))
    return True
