"""Writes about runs: start, stop, end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q

from accounts.audit import record
from accounts.models import User, Workspace
from billing.services import hold, no_room, release, settle
from projects import room
from projects.datasets import diagnosis
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import trainable
from projects.jobs.queue import enqueue
from projects.models import Project
from projects.runs import allowed, folders, holding, lifecycle, planning, refunding, telling
from projects.runs.models import Artifact, Run, Status
from training import clashes
from training.problems import Problem
from web.errors import incident

EXECUTE = "projects.runs.tasks.execute"
LOSSES = 3  # times that a run's worker may be lost without progress in between
AHEAD = 1000  # runs of a workspace that may be ahead: a queue is no store


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
    origin: Run | None = None,
    follows: str = "",
) -> Run:
    """A run that is queued, or that waits while all places of the plan are taken. The same `start_key` again is the
    same run.

    `confirmed`: the person has seen that the data's gate is red; findings that are ignored do not make it so. Raises
    Problem(`spec.*`, `base.*`, `run.version`, `run.gate`, `disk.full`, `plan.*`, `quota.*` but `quota.runs`).
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
    clashes.check(planning.head_of(version), spec.settings)
    planning.check_effort(spec, version)
    planning.check_base(spec, version.variant)
    planning.check_devices(spec)
    planning.check_quantize(spec)
    allowed.check(project.workspace, spec)
    room.check(planning.bytes_kept(spec))
    run = Run(project=project, version=version, start_key=key, created_by=user)
    run.origin, run.follows = origin, follows
    run.spec = planning.portable(spec)
    run.cluster = planning.cluster(run.spec)
    run.data_state = {
        "gate": gate, "confirmed": gate == "red", "ignored": diagnosis.acknowledged(version)
    }  # fmt: skip
    learnt = planning.learnt(spec.base, spec.effort)
    estimate = planning.estimate(version, spec, learnt)
    run.estimated_seconds = estimate.seconds
    run.estimate = planning.kept(estimate, learnt)
    # How long a search takes is its budget: it teaches nothing about the next estimate (see planning.learnt).
    run.estimate_factor = 0.0 if spec.search else learnt.factor
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
    run.status = Status.WAITING
    run.save(force_insert=True)
    short = _admit(run, project.workspace)
    if short and short.code != "quota.runs":
        raise short
    _check_ahead(project.workspace)
    run.refresh_from_db(fields=["status", "waits_for"])
    note("run.started", run, user=run.created_by, base=run.spec.get("base", ""))
    return run


def _check_ahead(workspace: Workspace) -> None:
    ahead = Run.objects.filter(project__workspace=workspace, status__in=lifecycle.AHEAD)
    if (waiting := ahead.count()) > AHEAD:
        raise Problem("quota.ahead", limit=AHEAD, waiting=waiting - 1)


@transaction.atomic
def _admit(run: Run, workspace: Workspace) -> Problem | None:
    """Gives a run that waits its place in the plan and puts it into the queue; or says what is lacking."""
    needed: dict[str, Any] = {
        "seconds": holding.of_run(run),
        "meter": holding.meter_of(run.cluster),
    }
    short = no_room(workspace, run_id=run.pk, **needed)
    if short:
        waits_for = "runs" if short.code == "quota.runs" else "minutes"
        Run.objects.filter(pk=run.pk, status=Status.WAITING).update(waits_for=waits_for)
        return short
    if lifecycle.move(run.pk, Status.QUEUED, only_from=Status.WAITING, reason="place"):
        hold(workspace=workspace, run_id=run.pk, project_id=run.project_id, **needed)
        enqueue(EXECUTE, run.pk, cluster=run.cluster)
    return None


def admit(workspace: Workspace) -> int:
    """Lets runs that wait for the plan into the queue, the oldest first, while there is room. Returns how many."""
    waiting = Run.objects.filter(project__workspace=workspace, status=Status.WAITING)
    admitted = 0
    for run in waiting.order_by("created_at", "number").only(
        "spec", "cluster", "project", "estimated_seconds"
    ):
        if _admit(run, workspace):
            break
        admitted += 1
    return admitted


def _admit_next(run_id: UUID) -> None:
    """Call it once a place has been given back, after the commit: the plan's row is locked before those of runs."""
    workspace = Workspace.objects.filter(projects__runs=run_id).first()
    if workspace:
        admit(workspace)


def request_stop(*, run: Run, user: User) -> Run:
    """A run that no worker has is cancelled at once, a running one within two seconds, one that has ended stays."""
    reason = f"user:{user.pk}"
    # One that is to be paused has the word already: it means something else now.
    Run.objects.filter(pk=run.pk, status=Status.STOPPING).update(pausing=False)
    ahead = Q(status__in=(*lifecycle.AHEAD, Status.PAUSED))
    for _again in range(3):  # it may be claimed or given back between the two
        if end(run.pk, Status.CANCELLED, where=ahead, reason=reason):
            break
        if lifecycle.move(run.pk, Status.STOPPING, reason=reason):
            break
    run.refresh_from_db()
    note("run.cancelled", run, user=user)
    return run


def note(verb: str, run: Run, **said: Any) -> None:
    """In the audit trail, by the number that the run has in its project."""
    project = run.project
    record(project.workspace, verb, about=f"{project.name} · {run.number}", **said)


@transaction.atomic
def end(
    run_id: UUID,
    to: Status,
    *,
    attempt: int | None = None,
    seconds: float = 0.0,
    where: Q | None = None,
    reason: str = "",
    **fields: Any,
) -> bool:
    """A final status, what it used and its place in the plan given back: all three or none.

    `seconds` are booked to the workspace, and booked back for what failed on our side or has not trained.
    """
    if not lifecycle.move(run_id, to, attempt=attempt, where=where, reason=reason, **fields):
        return False
    _settle(run_id, attempt, seconds)
    refunding.give_back(run_id, to)
    release(run_id=run_id)
    transaction.on_commit(lambda: _admit_next(run_id), robust=True)
    if to != Status.SUCCEEDED:  # whoever had the run may be dead, and tidies nothing
        transaction.on_commit(lambda: _tidy(run_id), robust=True)
    telling.ended(run_id, to)
    return True


def _settle(run_id: UUID, attempt: int | None, seconds: float) -> None:
    """A minute on two devices is two of the plan."""
    if attempt is not None and seconds > 0:
        devices = planning.devices_of(Run.objects.only("spec").get(pk=run_id))
        settle(run_id=run_id, attempt=attempt, seconds=seconds * devices)


def _tidy(run_id: UUID) -> None:
    for run in Run.objects.filter(pk=run_id).only("pk", "attempt", "status", "problem"):
        folders.tidy(run, run.attempt, kept=False)


@transaction.atomic
def lay_down(
    run_id: UUID,
    *,
    attempt: int | None = None,
    seconds: float = 0.0,
    where: Q | None = None,
    reason: str = "",
) -> bool:
    """Paused, what it used booked and its place in the plan given back: all three or none."""
    if not lifecycle.move(run_id, Status.PAUSED, attempt=attempt, where=where, reason=reason):
        return False
    _settle(run_id, attempt, seconds)
    release(run_id=run_id)
    transaction.on_commit(lambda: _admit_next(run_id), robust=True)
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
    run_id: UUID,
    *,
    attempt: int,
    reason: str,
    seconds: float = 0.0,
    where: Q | None = None,
    **fields: Any,
) -> bool:
    """Back into the queue; it keeps its place in the plan. `seconds` of work that was kept are booked."""
    narrow: dict[str, Any] = {"attempt": attempt, "where": where}
    if not lifecycle.move(run_id, Status.QUEUED, reason=reason, **narrow, **fields):
        return False
    _settle(run_id, attempt, seconds)
    enqueue(EXECUTE, run_id, cluster=Run.objects.values_list("cluster", flat=True).get(pk=run_id))
    return True


def give_back(run_id: UUID, *, attempt: int, where: Q | None = None, reason: str = "lost") -> bool:
    """Who carried out this attempt is gone: back into the queue, unless that happens again and again.

    What was to stop is stopped. Whoever makes progress, such as a checkpoint, has its losses forgotten (see Recorder).
    """
    here: dict[str, Any] = {"attempt": attempt, "reason": reason}
    stopping = Q(status=Status.STOPPING) & (where or Q())
    if lay_down(run_id, where=stopping & Q(pausing=True), **here):
        return True
    if end(run_id, Status.CANCELLED, where=stopping, **here):
        return True
    few = Q(losses__lt=LOSSES - 1) & (where or Q())
    return requeue(run_id, where=few, losses=F("losses") + 1, **here)


def lose(run_id: UUID, *, attempt: int, where: Q | None = None) -> bool:
    """The worker of this attempt is gone: its run is given back, or comes to an end."""
    if give_back(run_id, attempt=attempt, where=where):
        return True
    many = Q(losses__gte=LOSSES - 1) & (where or Q())
    if not Run.objects.filter(many, pk=run_id, attempt=attempt, status__in=lifecycle.HELD).exists():
        return False
    number = incident(RuntimeError(f"run {run_id} lost its worker {LOSSES} times"))
    problem = {"code": "run.lost", "values": {"attempts": LOSSES}, "incident": number}
    given: dict[str, Any] = {"attempt": attempt, "reason": "lost", "problem": problem}
    return end(run_id, Status.FAILED, where=many, **given)
