"""The check of an import: one child process, whose end becomes a version or the reasons why there is none.

Every write names the attempt that makes it. A check that was given up for dead, or delivered twice, writes nothing.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from billing.services import check_rows, check_storage
from projects.datasets import files
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.datasets.selectors import path_of, version_file, versions_in
from projects.datasets.services import CHECK
from projects.jobs import leaving
from projects.jobs.launcher import launch
from projects.jobs.queue import enqueue, queued
from projects.models import Project
from training.problems import Problem
from training.version import flags_path
from web.errors import incident

log = logging.getLogger(__name__)
Status = Import.Status
STALE = timedelta(seconds=45)  # without a heartbeat; one is written at least every BEAT
BEAT = 2.0  # seconds
KICK = timedelta(seconds=20)  # the entry in the queue comes with the commit
ATTEMPTS = 2
LIMIT = 3600.0  # seconds that a check may take
GRACE = 2.0  # seconds between SIGTERM and SIGKILL
FOLDER = ".checks"  # below VERSIONS_DIR: on the disk on which the version will lie


@dataclass
class Outcome:
    """What the child said last, and how it ended."""

    checked: dict[str, Any] = field(default_factory=dict)
    problem: dict[str, Any] = field(default_factory=dict)
    returncode: int | None = None
    stderr: str = ""
    lost: bool = False  # the import is gone, or belongs to another attempt
    leaving: bool = False  # the queue ends


def execute(import_id: UUID | str) -> None:
    """Runs the check unless it has run, is running elsewhere, or has been tried too often."""
    attempt = claim(import_id)
    if attempt is None:
        return
    related = ("train", "valid", "test", "base", "project__workspace")
    job = Import.objects.select_related(*related).get(pk=import_id)
    folder = Path(settings.VERSIONS_DIR) / FOLDER / f"{job.pk}-{attempt}"
    left = False
    try:
        files.discard(folder)
        folder.mkdir(parents=True)
        outcome = run(job, attempt, folder)
        left = outcome.leaving
        settle(job, attempt, outcome, folder)
    except Exception as error:
        fail(job.pk, attempt, incident(error))
    finally:
        files.discard(folder)
    if left:
        give_back(job.pk, attempt)


def claim(import_id: UUID | str) -> int | None:
    """The number of the attempt that now holds the import; None when there is nothing to do."""
    now = timezone.now()
    free = Q(status=Status.QUEUED) | Q(status=Status.CHECKING, heartbeat_at__lt=now - STALE)
    found = Import.objects.filter(free, pk=import_id, attempt__lt=ATTEMPTS)
    if not found.update(
        status=Status.CHECKING, attempt=F("attempt") + 1, heartbeat_at=now, progress=0
    ):
        return None
    return Import.objects.values_list("attempt", flat=True).get(pk=import_id)


def arguments(job: Import, folder: Path) -> list[str]:
    """Of `python -m training`."""
    args = ["--task", job.project.task, "--json", "--out", str(folder), "--seed", str(job.seed)]
    if job.base:
        changes = folder / "changes.json"
        changes.write_text(json.dumps(job.changes), encoding="utf-8")
        return ["revise", *args, str(version_file(job.base)), str(changes)]
    args = ["check", "--fast", *args, f"--split-by={job.split}"]
    args += [f"--variant={job.variant}"] if job.variant else []
    tested = versions_in(job.project).first() if job.keep_test and not job.test else None
    args += [f"--keep-test={version_file(tested)}"] if tested else []
    for role, column in job.columns.items():
        args += ["--column", f"{role}={column}"]
    for role, upload in (("train", job.train), ("valid", job.valid), ("test", job.test)):
        args += [f"--{role}", _named(upload, folder / role)] if upload else []
    args += [f"--encoding={job.encoding}"] if job.encoding else []
    args += [f"--delimiter={job.delimiter}"] if job.delimiter else []
    args += [f"--format={job.format}"] if job.format else []
    args += [] if job.header is None else [f"--header={'yes' if job.header else 'no'}"]
    return args


def _named(upload: Upload, folder: Path) -> str:
    """A link by the name that the user knows the file by: findings and rows name their file."""
    folder.mkdir()
    link = folder / upload.name
    link.symlink_to(path_of(upload).resolve())
    return str(link)


def run(job: Import, attempt: int, folder: Path) -> Outcome:
    """Starts the child and follows it to its end; stops it when the import is no longer this attempt's."""
    child = launch(arguments(job, folder), folder=folder)
    outcome, progress, beaten, started = Outcome(), 0.0, 0.0, time.monotonic()
    try:
        for event in child.lines(timeout=0.3):
            progress = _note(outcome, event, progress)
            if leaving.wanted():
                outcome.leaving = True
                break
            if time.monotonic() - beaten < BEAT:
                continue
            beaten = time.monotonic()
            if not beat(job.pk, attempt, progress):
                outcome.lost = True
                break
            if beaten - started > LIMIT:
                raise TimeoutError(f"The check took longer than {LIMIT:.0f} s")
    finally:
        child.stop(GRACE)
    outcome.returncode, outcome.stderr = child.returncode, child.stderr
    return outcome


def _note(outcome: Outcome, event: dict[str, Any] | None, progress: float) -> float:
    kind = event.get("event") if event else None
    if event and kind == "checked":
        outcome.checked = event
    elif event and kind == "problem":
        outcome.problem = event
    elif event and kind == "progress":
        return float(event["progress"])
    return progress


def beat(import_id: UUID, attempt: int, progress: float) -> bool:
    """False when the import is no longer this attempt's."""
    held = _held(import_id, attempt)
    return bool(held.update(heartbeat_at=timezone.now(), progress=min(max(progress, 0.0), 1.0)))


def settle(job: Import, attempt: int, outcome: Outcome, folder: Path) -> None:
    """Writes the end of the import."""
    checked = outcome.checked
    if outcome.lost or outcome.leaving:
        return
    if outcome.problem:
        problem = {"code": outcome.problem["code"], "values": outcome.problem["values"]}
        end(job.pk, attempt, Status.BLOCKED, problem=problem)
    elif checked and checked["gate"] == "blocked":
        end(job.pk, attempt, Status.BLOCKED, findings=checked["findings"])
    elif checked and checked["version"] and outcome.returncode == 0:
        _keep(job, attempt, checked, folder)
    else:
        raise ChildFailed(outcome.returncode, outcome.stderr)


class ChildFailed(Exception):
    def __init__(self, returncode: int | None, stderr: str) -> None:
        super().__init__(f"The check ended with {returncode}: {stderr[-2000:]}")


def _keep(job: Import, attempt: int, checked: dict[str, Any], folder: Path) -> None:
    """The version's file and row, or neither."""
    version_id = uuid4()
    path = files.version_path(job.project_id, version_id)
    target = files.located(settings.VERSIONS_DIR, path)
    written = folder / Path(checked["version"]["path"]).name
    files.publish(flags_path(written), flags_path(target))
    files.publish(written, target)
    size, sha256 = files.digest(target)
    version = DatasetVersion(
        pk=version_id,
        project_id=job.project_id,
        source=job,
        name=job.base.name if job.base else job.title,
        parent=job.base,
        variant=checked["stats"]["variant"],
        test_hash=checked["stats"]["test_hash"],
        path=path,
        sha256=sha256,
        size=size,
        rows=checked["rows"],
        splits=checked["splits"],
        labels=checked["labels"],
        stats=checked["stats"],
        findings=checked["findings"],
        gate=checked["gate"],
        created_by_id=job.created_by_id,
    )
    kept = False
    try:
        kept = make_version(job, attempt, version)
    except Problem as problem:
        end(
            job.pk,
            attempt,
            Status.BLOCKED,
            problem={"code": problem.code, "values": problem.values},
        )
    finally:
        if not kept:
            files.discard(target, flags_path(target))


@transaction.atomic
def make_version(job: Import, attempt: int, version: DatasetVersion) -> bool:
    """Exactly one version an import, numbered without gaps; False when the import is not this attempt's.

    Raises Problem(`quota.rows`, `quota.storage`). The project's lock makes the number and the quota certain.
    """
    if not Project.objects.select_for_update().filter(pk=version.project_id).exists():
        return False
    check_rows(job.project.workspace, version.rows)
    check_storage(job.project.workspace, version.size)
    if not end(job.pk, attempt, Status.READY, findings=version.findings, progress=1.0):
        return False
    versions = DatasetVersion.objects.filter(project_id=version.project_id)
    version.number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version.save(force_insert=True)
    return True


def end(import_id: UUID, attempt: int, status: str, **fields: Any) -> bool:
    ended = _held(import_id, attempt).update(status=status, ended_at=timezone.now(), **fields)
    return bool(ended)


def fail(import_id: UUID, attempt: int, number: str) -> None:
    end(import_id, attempt, Status.FAILED, problem={"incident": number})


def _held(import_id: UUID, attempt: int) -> Any:
    return Import.objects.filter(pk=import_id, attempt=attempt, status=Status.CHECKING)


def revive() -> int:
    """Gives imports whose worker died, or whose queue entry was lost, to the queue again; fails hopeless ones."""
    now = timezone.now()
    dead = Import.objects.filter(status=Status.CHECKING, heartbeat_at__lt=now - STALE)
    for job in dead.filter(attempt__gte=ATTEMPTS):
        fail(job.pk, job.attempt, incident(ChildFailed(None, f"import {job.pk} lost its worker")))
    lost = list(dead.filter(attempt__lt=ATTEMPTS).values_list("pk", flat=True))
    lost += _unheard(now)
    for import_id in lost:
        enqueue(CHECK, import_id)
    return len(lost)


def _unheard(now: datetime) -> list[UUID]:
    """Queued, but not in the queue's table: the entry was lost."""
    waiting = Import.objects.filter(status=Status.QUEUED, created_at__lt=now - KICK)
    found = list(waiting.values_list("pk", flat=True))
    known = queued(CHECK, cluster=settings.QUEUE_CLUSTERS[0]) if found else set()
    return [pk for pk in found if str(pk) not in known]


def give_back(import_id: UUID, attempt: int) -> None:
    """The queue ends: the check waits for its next start, and this attempt does not count."""
    given = {"status": Status.QUEUED, "attempt": attempt - 1, "progress": 0}
    if _held(import_id, attempt).update(**given):
        enqueue(CHECK, import_id)
