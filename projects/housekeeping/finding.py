"""Finds what should not be there, and what should be there and is not.

A file is written before its row, so that only what has lain for a while is an orphan; a row that is missing its file is
told and never removed: a backup may still have the file.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef

from billing.models import Hold
from billing.services import release
from projects.datasets.files import PART, PARTIAL, located
from projects.datasets.models import DatasetVersion, PartialUpload, Upload
from projects.models import Project
from projects.runs import folders, storing
from projects.runs.lifecycle import FINAL
from projects.runs.models import Artifact, Run, Status
from training.version import flags_path

SETTLED = 6 * 3600.0  # seconds that a file has to have lain before it can be an orphan


@dataclass(frozen=True)
class Orphan:
    """`name` is below the home, or names a row. `remove` does away with it."""

    kind: str
    name: str
    size: int
    remove: Callable[[], Any]


@dataclass(frozen=True)
class Lost:
    kind: str
    name: str


def orphans() -> Iterator[Orphan]:
    yield from _runs()
    yield from _left()
    yield from _files("uploads", Path(settings.UPLOADS_DIR), _known_uploads)
    yield from _files("versions", Path(settings.VERSIONS_DIR), _known_versions)
    yield from _temporary()
    yield from _holds()


def lost() -> Iterator[Lost]:
    for version in DatasetVersion.objects.only("pk", "path").iterator():
        if not located(settings.VERSIONS_DIR, version.path).is_file():
            yield Lost("version", version.path)
    for artifact in Artifact.objects.filter(removed_at=None, stored_at=None).iterator():
        if not storing.is_here(artifact):
            yield Lost("artifact", artifact.zip_path)
    for upload in Upload.objects.only("pk", "path").iterator():
        if not located(settings.UPLOADS_DIR, upload.path).is_file():
            yield Lost("upload", upload.path)


def _runs() -> Iterator[Orphan]:
    """Folders of runs that are not there any more."""
    root = Path(settings.RUNS_DIR)
    found = {path.name: path for path in _children(root) if path.is_dir() and _is_id(path.name)}
    known = set(map(str, Run.objects.filter(pk__in=found).values_list("pk", flat=True)))
    for name, path in found.items():
        if name not in known and settled(path):
            yield _of_file("run", path)


def _left() -> Iterator[Orphan]:
    """What a run has no more use for, and whose worker died in the moment between its end and its tidying up."""
    ended = Run.objects.filter(status__in=FINAL)
    for run in ended.only("pk", "attempt", "status", "problem").iterator():
        kept = run.status == Status.SUCCEEDED
        for path in folders.leftovers(run, run.attempt, kept=kept):
            if settled(path):
                yield _of_file("leftover", path)


def _files(kind: str, root: Path, known: Callable[[set[str]], set[str]]) -> Iterator[Orphan]:
    """Files below root/<project>/ that no row names. Parts of files have sweeps of their own."""
    projects = [path for path in _children(root) if path.is_dir() and _is_id(path.name)]
    here = set(
        map(
            str,
            Project.objects.filter(pk__in=[p.name for p in projects]).values_list("pk", flat=True),
        )
    )
    for folder in projects:
        files = [path for path in _children(folder) if not path.name.endswith((PART, PARTIAL))]
        names = {f"{folder.name}/{path.name}" for path in files}
        kept = known(names) if folder.name in here else set()
        for path in files:
            if f"{folder.name}/{path.name}" not in kept and settled(path):
                yield _of_file(kind, path)


def _known_uploads(names: set[str]) -> set[str]:
    mine = Upload.objects.filter(path__in=names).values_list("path", flat=True)
    return {*mine, *PartialUpload.objects.filter(path__in=names).values_list("path", flat=True)}


def _known_versions(names: set[str]) -> set[str]:
    """Each with the file beside it."""
    projects = [UUID(name.partition("/")[0]) for name in names]
    paths = DatasetVersion.objects.filter(project__in=projects).values_list("path", flat=True)
    return {name for path in paths for name in (path, flags_path(path).as_posix())}


def _temporary() -> Iterator[Orphan]:
    """What uploads leave when their process is killed."""
    for path in _children(Path(settings.FILE_UPLOAD_TEMP_DIR)):
        if settled(path):
            yield _of_file("temporary", path)


def _holds() -> Iterator[Orphan]:
    """Places in a plan that a run which has ended, or is gone, still takes."""
    active = Run.objects.filter(pk=OuterRef("run_id")).exclude(status__in=FINAL)
    for hold in Hold.objects.filter(~Exists(active), released_at=None):
        if time.time() - hold.made_at.timestamp() > SETTLED:
            yield Orphan("hold", str(hold.run_id), 0, partial(release, run_id=hold.run_id))


def _of_file(kind: str, path: Path) -> Orphan:
    home = Path(settings.ATTUNE_HOME)
    name = path.relative_to(home).as_posix() if path.is_relative_to(home) else path.name
    return Orphan(kind, name, weight(path), lambda: folders.discard(path))


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def settled(path: Path) -> bool:
    """Nothing in it was touched for a while."""
    try:
        newest = max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
    except OSError:  # it is being removed
        return False
    return time.time() - newest > SETTLED


def weight(path: Path) -> int:
    """Bytes."""
    try:
        return sum(one.lstat().st_size for one in (path, *path.rglob("*")) if one.is_file())
    except OSError:
        return 0
