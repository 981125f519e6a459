"""Where finished models are kept: the zip of a run lies in the storage `artifacts` of settings.STORAGES.

By default that is the folder of runs, where training has written it. Another storage, such as S3, gets the zip soon
after the run has ended; until then, and whenever it cannot be reached, the local file serves. What a model is served
from (the folder beside the zip) and the rows of the results stay on the local disk.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils import timezone

from projects.runs import folders
from projects.runs.models import Artifact
from training.problems import Problem
from web.files import CHUNK, stream
from web.streams import file_chunks

log = logging.getLogger(__name__)
ALIAS = "artifacts"


def storage() -> Storage:
    return storages[ALIAS]


def elsewhere() -> bool:
    """Whether zips are kept anywhere else than where training writes them."""
    return not isinstance(storage(), FileSystemStorage)


def is_here(artifact: Artifact) -> bool:
    """A file of another size is a part of one, and no model."""
    path = folders.artifact_zip(artifact)
    return path.is_file() and path.stat().st_size == artifact.size


def body(artifact: Artifact) -> AsyncIterator[bytes | str]:
    """The zip, piece by piece. Raises Problem(`artifact.expired`, `artifact.gone`)."""
    path = folders.artifact_zip(artifact)
    check_kept(artifact)
    if is_here(artifact):
        return file_chunks(path)
    if artifact.stored_at is None or not _kept(artifact):
        raise Problem("artifact.gone", name=path.name)
    return stream(_pieces(artifact))


def check_kept(artifact: Artifact) -> None:
    """Raises Problem(`artifact.expired`)."""
    if artifact.removed_at is not None:
        raise Problem("artifact.expired", at=f"{artifact.removed_at:%Y-%m-%d}")


def _kept(artifact: Artifact) -> bool:
    kept = storage()
    return kept.exists(artifact.zip_path) and kept.size(artifact.zip_path) == artifact.size


def _pieces(artifact: Artifact) -> Iterator[bytes]:
    with storage().open(artifact.zip_path) as file:
        yield from file.chunks(CHUNK)


def store(artifact: Artifact) -> bool:
    """Takes the zip into the storage, looks at it there, and only then removes it here. False: another time."""
    path = folders.artifact_zip(artifact)
    if not elsewhere() or not is_here(artifact):
        return False
    try:
        kept = storage()
        if kept.exists(artifact.zip_path):  # of a try that was interrupted
            kept.delete(artifact.zip_path)
        with path.open("rb") as file:
            kept.save(artifact.zip_path, File(file))
        if not _kept(artifact):
            raise OSError(f"{artifact.zip_path} is of another size in the storage")
    except Exception:
        log.warning("Artifact %s was not stored yet", artifact.pk, exc_info=True)
        return False
    Artifact.objects.filter(pk=artifact.pk).update(stored_at=timezone.now())
    path.unlink(missing_ok=True)
    return True


def remove(artifact: Artifact) -> None:
    """The model goes, wherever it lies; its row stays and says when. Report and predictions stay."""
    Artifact.objects.filter(pk=artifact.pk, removed_at=None).update(removed_at=timezone.now())
    if artifact.stored_at is not None:
        storage().delete(artifact.zip_path)
    folders.discard(folders.artifact_zip(artifact), folders.artifact_folder(artifact))
