"""Where the files of uploads and versions lie. Names on the disk are generated; those of users are only shown."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from projects import room
from projects.models import Project
from training.problems import Problem

PART = ".part"  # of a file that is still being written; old ones are swept away
PARTIAL = ".tus"  # of a file that comes in pieces, see `resuming`


def upload_path(project_id: UUID, upload_id: UUID) -> str:
    """Below UPLOADS_DIR."""
    return f"{project_id}/{upload_id}"


def partial_path(project_id: UUID, partial_id: UUID) -> str:
    """Below UPLOADS_DIR, in the folder that goes with its project."""
    return f"{project_id}/{partial_id}{PARTIAL}"


def version_path(project_id: UUID, version_id: UUID) -> str:
    """Below VERSIONS_DIR."""
    return f"{project_id}/{version_id}.parquet"


VECTORS = "*.vectors/*.safetensors"  # below a project's folder, see training.vectors


def vectors_size(project: Project) -> int:
    """Bytes of what base models made of a project's texts."""
    return sum(map(_size, (Path(settings.VERSIONS_DIR) / str(project.pk)).glob(VECTORS)))


def _size(path: Path) -> int:
    with suppress(OSError):  # swept away in this moment
        return path.stat().st_size
    return 0


def located(root: Path, path: str) -> Path:
    return Path(root) / path


@contextmanager
def stored(file: UploadedFile, target: Path) -> Iterator[tuple[int, str]]:
    """Brings an uploaded file to `target` and gives its (bytes, sha256); an error inside removes it again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    try:
        measured = _take(file, part)
        publish(part, target)
        yield measured
    except BaseException:
        discard(part, target)
        raise


def publish(part: Path, target: Path) -> None:
    """The file appears under its name whole or not at all, also after a loss of power."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(part)
    part.replace(target)
    _sync(target.parent)


def discard(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def digest(path: Path) -> tuple[int, str]:
    """(bytes, sha256) of a file."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
        return file.tell(), found.hexdigest()


def _take(file: UploadedFile, part: Path) -> tuple[int, str]:
    """Django's temporary file is moved, not copied: it lies on the same disk."""
    if isinstance(file, TemporaryUploadedFile):
        file.file.flush()  # type: ignore[union-attr]
        shutil.move(file.temporary_file_path(), part)
        part.chmod(0o600)
    else:
        with part.open("wb") as out:
            for chunk in file.chunks():
                out.write(chunk)
                _check_size(out.tell())
    size, sha256 = digest(part)
    _check_size(size)
    return size, sha256


def _check_size(size: int) -> None:
    if size > settings.MAX_UPLOAD_BYTES:
        raise too_large(size)


def too_large(size: int) -> Problem:
    from django.template.defaultfilters import filesizeformat

    limit = settings.MAX_UPLOAD_BYTES
    texts = {"size_text": filesizeformat(size), "limit_text": filesizeformat(limit)}
    return Problem("upload.too_large", size=size, limit=limit, **texts)


def check_room(size: int) -> None:
    """Raises Problem(`disk.full`) where a file of `size` bytes would not fit."""
    room.check(size)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
