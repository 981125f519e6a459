"""Uploads that come in pieces and survive a broken connection. The protocol around them is in tus.py.

How much of a file has arrived is its size on the disk and nothing else, so that no crash makes two figures disagree.
Django has the whole body of a request in a temporary file before a view sees it: a connection that breaks loses the
piece that was on its way, which is why clients send small ones.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts.audit import record
from accounts.models import User
from billing.services import check_dataset, check_storage
from projects.datasets import files, services
from projects.datasets.addresses import after_upload
from projects.datasets.models import PartialUpload, Upload
from projects.models import Project
from projects.names import file_name
from training.problems import Problem

LIFE = timedelta(hours=24)  # after the last piece
BLOCK = 1024**2  # bytes
ALGORITHMS = ("sha1", "sha256")


@dataclass(frozen=True)
class Checksum:
    algorithm: str  # of ALGORITHMS
    digest: bytes


def begin(
    *, project: Project, user: User, name: str, size: int, said: Mapping[str, str], metadata: str
) -> PartialUpload:
    """Sets the space aside. `said`: what the upload's form holds besides the file.

    Raises Problem(`file.empty`, `upload.too_large`, `disk.full`, `quota.storage`, `import.upload`).
    """
    if size == 0:
        raise Problem("file.empty")
    if size > settings.MAX_UPLOAD_BYTES:
        raise files.too_large(size)
    files.check_room(size)
    partial = PartialUpload(pk=uuid4(), project=project, size=size, created_by=user)
    partial.name, partial.metadata = file_name(name), metadata
    partial.path = files.partial_path(project.pk, partial.pk)
    partial.location = after_upload(project, partial.pk, said)
    partial.expires_at = timezone.now() + LIFE
    _book(partial)
    return partial


@transaction.atomic
def _book(partial: PartialUpload) -> None:
    """In one transaction, so that two who begin at once do not both get the last bytes of the plan."""
    check_dataset(partial.project.workspace, partial.size)
    check_storage(partial.project.workspace, partial.size)
    partial.save(force_insert=True)
    said = {"project": partial.project.name, "bytes": partial.size}
    record(
        partial.project.workspace,
        "upload.begun",
        user=partial.created_by,
        about=partial.name,
        **said,
    )
    path = path_of(partial)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)


def path_of(partial: PartialUpload) -> Path:
    return files.located(settings.UPLOADS_DIR, partial.path)


def offset_of(partial: PartialUpload) -> int:
    """Bytes that are there. Raises Problem(`upload.expired`, `upload.gone`)."""
    _check_life(partial)
    if partial.ended_at:
        return partial.size
    try:
        return path_of(partial).stat().st_size
    except FileNotFoundError:
        raise Problem("upload.gone", name=partial.name)


def append(
    *, partial: PartialUpload, offset: int, body: Any, length: int, checksum: Checksum | None = None
) -> int:
    """Adds a piece of `length` bytes and gives the new offset; the last one makes the Upload, or refuses the file.

    At the end, an empty piece asks for the outcome again. Raises Problem(`upload.*`, `file.*`, `column.*`,
    `quota.storage`); of a file that is refused nothing is kept but the reason.
    """
    _check_life(partial)
    if partial.ended_at:
        _check_piece(partial, partial.size, offset, length)
        return _outcome(partial)
    with _writing(partial) as file:
        there = file.seek(0, os.SEEK_END)
        _check_piece(partial, there, offset, length)
        there += _write(file, body, partial.size - there, checksum)
        PartialUpload.objects.filter(pk=partial.pk).update(expires_at=timezone.now() + LIFE)
        if there == partial.size:
            _finish(partial)
    return there


def remove(*, partial: PartialUpload) -> None:
    """Forgets it and what has come of it. An Upload that it has become stays."""
    pk, path = partial.pk, path_of(partial)
    target = files.located(settings.UPLOADS_DIR, files.upload_path(partial.project_id, pk))

    def clear() -> None:
        files.discard(path)
        if not Upload.objects.filter(pk=pk).exists():
            files.discard(target)

    record(partial.project.workspace, "upload.dropped", about=partial.name)
    partial.delete()
    transaction.on_commit(clear)


def _check_life(partial: PartialUpload) -> None:
    if partial.expires_at < timezone.now():
        hours = int(LIFE.total_seconds() // 3600)
        raise Problem("upload.expired", name=partial.name, hours=hours)


def _check_piece(partial: PartialUpload, there: int, offset: int, length: int) -> None:
    if offset != there:
        raise Problem("upload.offset", offset=there, found=offset)
    if there + length > partial.size:
        raise Problem("upload.overrun", size=partial.size, found=there + length)


def _outcome(partial: PartialUpload) -> int:
    if partial.problem:
        raise Problem(partial.problem["code"], **partial.problem["values"])
    return partial.size


@contextmanager
def _writing(partial: PartialUpload) -> Iterator[BinaryIO]:
    """The file, for one writer alone. The kernel takes the lock back from a process that dies."""
    try:
        file = path_of(partial).open("r+b")
    except FileNotFoundError:
        raise Problem("upload.gone", name=partial.name)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem("upload.busy", name=partial.name)
        _check_still_open(partial)
        yield file


def _check_still_open(partial: PartialUpload) -> None:
    """What was read before the lock may be old: another request may have ended the upload, or removed it."""
    ended = PartialUpload.objects.filter(pk=partial.pk).values_list("ended_at", flat=True)
    if not ended:
        raise Http404
    if ended[0]:
        raise Problem("upload.busy", name=partial.name)


def _write(file: BinaryIO, body: Any, room: int, checksum: Checksum | None) -> int:
    """Bytes written, at most `room`. They are on the disk when this returns."""
    start = file.tell()
    hasher = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
    while block := body.read(min(BLOCK, room)):
        room -= file.write(block)
        if hasher:
            hasher.update(block)
    file.flush()
    if checksum and hasher and hasher.digest() != checksum.digest:
        file.truncate(start)
        raise Problem("upload.checksum", algorithm=checksum.algorithm)
    os.fsync(file.fileno())
    return file.tell() - start


def _finish(partial: PartialUpload) -> None:
    """The same checks as for a file that comes in one piece."""
    path = path_of(partial)
    try:
        services.look_at(path)
    except Problem as problem:
        said = {"code": problem.code, "values": problem.values}
        _open(partial).update(problem=said, ended_at=timezone.now())
        files.discard(path)
        raise
    size, sha256 = files.digest(path)
    upload = Upload(pk=partial.pk, project=partial.project, name=partial.name)
    upload.path = files.upload_path(partial.project_id, partial.pk)
    upload.size, upload.sha256, upload.created_by = size, sha256, partial.created_by
    _keep(partial, upload)
    partial.ended_at = timezone.now()


def _keep(partial: PartialUpload, upload: Upload) -> None:
    """Row and file change together; when that fails, the upload is where it was and can be ended once more."""
    path, target = path_of(partial), files.located(settings.UPLOADS_DIR, upload.path)
    try:
        with transaction.atomic():
            # First, so that its bytes are not counted twice. Nothing to update: it was removed meanwhile.
            if not _open(partial).update(ended_at=timezone.now()):
                raise Http404
            services.book(upload)
            files.publish(path, target)
    except BaseException:
        if target.exists():
            target.replace(path)
        raise


def _open(partial: PartialUpload) -> Any:
    return PartialUpload.objects.filter(pk=partial.pk, ended_at=None)
