"""Writes about uploads and imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.datastructures import MultiValueDict

from accounts.audit import record
from accounts.models import User
from billing.services import check_dataset, check_storage
from projects.datasets import files
from projects.datasets.models import DatasetVersion, Import, Upload
from projects.datasets.samples import SAMPLES, Sample
from projects.datasets.selectors import (
    Reading,
    further_columns,
    path_of,
    preview_of,
    version_file,
)
from projects.jobs.queue import enqueue
from projects.models import Project
from projects.names import file_name, one_line
from projects.selectors import task_of
from training import edits, table
from training.problems import Problem
from training.tasks.shape import BETWEEN, COMMON, Task

CHECK = "projects.datasets.tasks.check"
SPLIT_BY = {"random": "", "group": "group", "time": "date"}  # how -> the role that it needs
OPEN = (Import.Status.QUEUED, Import.Status.CHECKING)


def lock(project: Project) -> None:
    """Until the transaction ends, nobody else writes to the project's data."""
    Project.objects.select_for_update().get(pk=project.pk)


def one_file(sent: MultiValueDict[str, UploadedFile]) -> UploadedFile:
    """The file of a multipart body. Raises Problem(`upload.missing`) for none, or for several."""
    found = sent.getlist("file")
    if len(found) != 1:
        raise Problem("upload.missing", count=len(found))
    return found[0]


def add_upload(*, project: Project, user: User, file: UploadedFile) -> Upload:
    """Keeps the file if it looks like a text table; leaves nothing behind when it raises.

    Raises Problem(`upload.too_large`, `quota.dataset`, `quota.storage`, `file.*`, `column.*`).
    """
    if (file.size or 0) > settings.MAX_UPLOAD_BYTES:
        raise files.too_large(file.size or 0)
    check_dataset(project.workspace, file.size or 0)
    check_storage(project.workspace, file.size or 0)
    upload = Upload(pk=uuid4(), project=project, name=file_name(file.name or ""), created_by=user)
    upload.path = files.upload_path(project.pk, upload.pk)
    target = files.located(settings.UPLOADS_DIR, upload.path)
    with files.stored(file, target) as (upload.size, upload.sha256):
        look_at(target)
        book(upload)
    return upload


def look_at(path: Path) -> None:
    """What every file must be to be kept. Raises Problem(`file.*`, `column.*`)."""
    table.preview(path, rows=1)


@transaction.atomic
def book(upload: Upload) -> None:
    """Storage is asked for again under the project's lock: two uploads at once must not both take the last bytes."""
    lock(upload.project)
    check_storage(upload.project.workspace, upload.size)
    upload.save(force_insert=True)
    said = {"project": upload.project.name, "bytes": upload.size}
    record(
        upload.project.workspace, "data.uploaded", user=upload.created_by, about=upload.name, **said
    )


def add_sample(*, project: Project, user: User, name: str) -> Import:
    """Takes one of the product's own files as an upload and starts its check."""
    sample = sample_of(project, name)
    with Path(sample.file).open("rb") as source:
        file = UploadedFile(
            File(source), name=Path(sample.file).name, size=Path(sample.file).stat().st_size
        )
        upload = add_upload(project=project, user=user, file=file)
    return start_import(
        project=project,
        user=user,
        train=upload,
        columns=sample.columns,
        variant=sample.variant,
        split=sample.split,
    )


def sample_of(project: Project, name: str) -> Sample:
    found = SAMPLES.get(name)
    if found is None or found.task != project.task:
        known = ", ".join(key for key, sample in SAMPLES.items() if sample.task == project.task)
        raise Problem("spec.choice", field="sample", value=name, choices=known)
    return found


@transaction.atomic
def start_import(
    *,
    project: Project,
    user: User,
    train: Upload,
    columns: Mapping[str, str],
    valid: Upload | None = None,
    test: Upload | None = None,
    encoding: str = "",
    delimiter: str = "",
    format: str = "",
    header: bool | None = None,
    variant: str = "",
    split: str = "random",
    keep_test: bool = True,
    seed: int = 13,
) -> Import:
    """Queues a check. The same one asked for while it is still under way is the one that is under way."""
    lock(project)
    reading = Reading(encoding, delimiter, format, header)
    preview = preview_of(train, reading)
    further = further_columns(project, preview, (valid, test), reading)
    wanted = {
        "train": train,
        "valid": valid,
        "test": test,
        "encoding": encoding,
        "delimiter": delimiter,
        "format": format,
        "header": header,
        "columns": clean_columns(task_of(project), columns, preview.columns, further),
        "variant": clean_variant(task_of(project), variant),
        "split": clean_split(split, columns),
        "keep_test": keep_test,
        "seed": seed,
    }
    running = Import.objects.filter(project=project, status__in=OPEN, **wanted).first()
    if running:
        return running
    job = Import.objects.create(project=project, created_by=user, **wanted)
    record(project.workspace, "data.imported", user=user, about=train.name, project=project.name)
    enqueue(CHECK, job.pk)
    return job


@transaction.atomic
def start_revision(
    *,
    project: Project,
    user: User,
    base: DatasetVersion,
    changes: Sequence[Mapping[str, Any]],
    note: str,
) -> Import:
    """Queues a new version out of an older one. Asked for twice while it is under way, it is made once."""
    lock(project)
    edits.planned(version_file(base), changes)
    wanted = {"base": base, "changes": list(changes)}
    running = Import.objects.filter(project=project, status__in=OPEN, **wanted).first()
    if running:
        return running
    job = Import.objects.create(
        project=project, created_by=user, note=one_line(note)[:200], **wanted
    )
    said = {"project": project.name, "note": job.note, "changes": len(changes)}
    record(project.workspace, "data.changed", user=user, about=str(base), **said)
    enqueue(CHECK, job.pk)
    return job


def clean_columns(
    task: Task, columns: Mapping[str, str], header: list[str], further: Sequence[str] = ()
) -> dict[str, str]:
    """role -> column, checked against the task and the file. Raises Problem(`import.*`).

    A role that several columns may play has them with BETWEEN between them. `further`: see further_columns.
    """
    roles = {column.role: column for column in (*task.columns, *COMMON)}
    for role in columns:
        if role not in roles:
            raise Problem("import.role", role=str(role)[:40], known=", ".join(roles))
    given = {role: columns[role] for role in roles if columns.get(role)}
    known = table.reader.shown_list(header)
    for role, name in given.items():
        names = name.split(BETWEEN) if roles[role].several else [name]
        there = [*header, *further] if roles[role].listed else header
        if wrong := next((name for name in names if name not in there), None):
            raise Problem("import.column", role=role, column=wrong[:120], known=known)
    if task.suggested(given) is None:
        role = _lacking(task, given)
        raise Problem("import.column", role=role, column="", known=known)
    _check_shared({role: name for role, name in given.items() if role in task.roles})
    return given


def _lacking(task: Task, given: Mapping[str, str]) -> str:
    """A role that the nearest variant still needs."""
    return min(
        ([role for role in variant.needs if role not in given] for variant in task.variants),
        key=len,
    )[0]


def _check_shared(given: Mapping[str, str]) -> None:
    for name in given.values():
        sharing = [role for role, other in given.items() if other == name]
        if len(sharing) > 1:
            raise Problem("import.column_twice", column=name, roles=", ".join(sharing))


def clean_variant(task: Task, name: str) -> str:
    known = [variant.name for variant in task.variants]
    if name and name not in known:
        raise Problem("spec.choice", field="variant", value=name[:40], choices=", ".join(known))
    return name


def clean_split(how: str, columns: Mapping[str, str]) -> str:
    """Raises Problem(`split.column`) where there is no column to split by."""
    if how not in SPLIT_BY:
        raise Problem("spec.choice", field="split", value=how[:40], choices=", ".join(SPLIT_BY))
    if how != "random" and not columns.get(SPLIT_BY[how]):
        raise Problem("split.column", split=how)
    return how


def remove_upload(*, upload: Upload) -> None:
    """Deletes a file that no import uses."""
    path = path_of(upload)
    upload.delete()
    transaction.on_commit(lambda: files.discard(path))
