"""Reads wheels, zips and npm's tarballs. What would be written outside the folder that it is meant for is refused."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

from training.problems import Problem

# Of a folder in an archive only these are taken: no code, no pickle.
WANTED = (
    "*.json",
    "*.txt",
    "*.model",
    "*.spm",
    "*.jinja",
    "*.safetensors",
    "LICENSE*",
    "NOTICE*",
    "README*",
)
LARGEST = 40 * 1024**3  # bytes that one archive may unpack to
Member = tuple[str, int, Callable[[], IO[bytes]]]


def members(archive: Path) -> Iterator[Member]:
    """(path, bytes, how to open it) of the plain files, in their order. Raises Problem(`base.archive`)."""
    total = 0
    try:
        for name, size, opened in _zipped(archive) if _is_zip(archive) else _tarred(archive):
            total += size
            if total > LARGEST:
                raise _refused(archive, f"{total} B")
            yield name, size, opened
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise _refused(archive, str(error)) from error


def _is_zip(archive: Path) -> bool:
    return zipfile.is_zipfile(archive)


def _zipped(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as whole:
        for item in whole.infolist():
            if not item.is_dir():
                yield item.filename, item.file_size, lambda item=item: whole.open(item)  # type: ignore[misc]


def _tarred(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as whole:
        for item in whole:
            if item.issym() or item.islnk():
                raise _refused(archive, f"{item.name} → {item.linkname}")
            if item.isfile():
                yield item.name, item.size, lambda item=item: whole.extractfile(item)  # type: ignore[misc]


def read(archive: Path, *endings: str) -> list[bytes]:
    """The contents of the first member with each of the endings, in one pass. Raises Problem(`base.archive`)."""
    found: dict[str, bytes] = {}
    for name, _size, opened in members(archive):
        for ending in endings:
            if ending not in found and _ends(name, ending):
                with opened() as file:
                    found[ending] = file.read()
        if len(found) == len(endings):
            break
    for ending in endings:
        if ending not in found:
            raise _refused(archive, f"– {ending}")
    return [found[ending] for ending in endings]


def _ends(name: str, ending: str) -> bool:
    return name.endswith(ending) if ending.startswith(".") else f"/{name}".endswith(f"/{ending}")


def save(archive: Path, ending: str, target: Path) -> None:
    """Writes the first member with the ending to `target`. Raises Problem(`base.archive`)."""
    for name, _size, opened in members(archive):
        if _ends(name, ending):
            with opened() as source, target.open("wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            return
    raise _refused(archive, f"– {ending}")


def unpack(archive: Path, folder: str, out: Path) -> None:
    """Writes what lies in `folder` of the archive into `out`. Raises Problem(`base.archive`)."""
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, _size, opened in members(archive):
        safe = inside(archive, name)
        below = _below(safe, folder)
        if below is None or not any(fnmatch(below.name, pattern) for pattern in WANTED):
            continue
        target = out / below
        target.parent.mkdir(parents=True, exist_ok=True)
        with opened() as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        count += 1
    if not count:
        raise _refused(archive, f"– {folder}")


def inside(archive: Path, name: str) -> PurePosixPath:
    """The member's path, when it stays where it is put."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or ":" in path.parts[0]:
        raise _refused(archive, name)
    return path


def _below(path: PurePosixPath, folder: str) -> PurePosixPath | None:
    """The path without `folder`, which may lie in others (npm puts all into `package`); None when it is not in it."""
    wanted = PurePosixPath(folder).parts
    if not wanted:
        return path
    for at in range(len(path.parts) - len(wanted)):
        if path.parts[at : at + len(wanted)] == wanted:
            return PurePosixPath(*path.parts[at + len(wanted) :])
    return None


def _refused(archive: Path, found: str) -> Problem:
    return Problem("base.archive", archive=archive.name, found=found[:200])
