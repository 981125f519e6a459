"""The check of an import: one child process, whose end becomes a version or the reasons why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from billing.services import check_rows, check_storage
from projects.datasets import children, files, health, telling
from projects.datasets.children import ChildFailed, Kind, Outcome
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.datasets.selectors import path_of, version_file, versions_in
from projects.datasets.services import CHECK
from projects.models import Project
from training.problems import Problem
from training.version import flags_path

Status = Import.Status


def execute(import_id: UUID | str) -> None:
    children.execute(KIND, import_id)


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


def settle(job: Import, attempt: int, outcome: Outcome, folder: Path) -> None:
    """Writes the end of the import."""
    checked = outcome.events.get("checked")
    if outcome.problem:
        end(job, attempt, Status.BLOCKED, problem=outcome.problem)
    elif checked and checked["gate"] == "blocked":
        end(job, attempt, Status.BLOCKED, findings=checked["findings"])
    elif checked and checked["version"] and outcome.returncode == 0:
        _keep(job, attempt, checked, folder)
    else:
        raise ChildFailed(outcome.returncode, outcome.stderr)


def end(job: Import, attempt: int, status: str, **fields: Any) -> bool:
    """False when the import is no longer this attempt's."""
    return children.end(KIND, job.pk, attempt, status, **fields)


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
        said = {"code": problem.code, "values": problem.values}
        end(job, attempt, Status.BLOCKED, problem=said)
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
    if not end(job, attempt, Status.READY, findings=version.findings, progress=1.0):
        return False
    versions = DatasetVersion.objects.filter(project_id=version.project_id)
    version.number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version.save(force_insert=True)
    health.queue(version=version)
    return True


KIND = Kind(
    model=Import,
    task=CHECK,
    cluster="",
    running=Status.CHECKING,
    related=("train", "valid", "test", "base", "project__workspace"),
    arguments=arguments,
    settle=settle,
    ended=telling.ended,
    warm=True,
)
