"""What a training has come to, on the disk: each state of it whole and verified, or not there at all. No torch.

A state is a folder with state.json, other files and manifest.json, which names all of them with their size and SHA-256.
It is written beside its place, brought to the disk, and then renamed. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training import artifact

RESUME = "resume"  # of a run that has not ended, in its folder
TRAINED = "trained"  # of one that has: more epochs can be added to it
MANIFEST, STATE = "manifest.json", "state.json"
FORMAT = 1
DEPTH = 2  # states that are kept: should the newest one not be whole, there is the one before


def lent(folder: Path, other: Path) -> Path:
    """`other`, with the states of `folder` in it to go on from; whoever borrows them writes none."""
    for name in (RESUME, TRAINED):
        if (folder / name).is_dir():
            (other / name).symlink_to((folder / name).resolve())
    return other


class Broken(Exception):
    """A state that cannot be used; the text says why."""


@dataclass(frozen=True)
class Checkpoint:
    """A state that was found whole."""

    folder: Path
    state: dict[str, Any]


@dataclass
class Store:
    """States of one training in a folder: numbered ones, of which the last few are kept, and others by name."""

    folder: Path
    # (device, inode, size, time) -> SHA-256 of files that are on the disk: the same file may stand in many states
    _known: dict[tuple[int, ...], str] = field(default_factory=dict)

    def numbers(self) -> list[int]:
        """Of all states, the newest first; by their names, since clocks may jump."""
        with suppress(OSError):
            names = [path.name for path in self.folder.iterdir()]
            return sorted((int(name) for name in names if name.isdigit()), reverse=True)
        return []

    def newest(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest that is whole, and what is wrong with those after it."""
        faults: list[str] = []
        for number in self.numbers():
            try:
                return self.read(_name(number)), faults
            except Broken as error:
                faults.append(str(error))
        return None, faults

    def read(self, name: str) -> Checkpoint:
        """Raises Broken where it is missing, unreadable or not as it was written."""
        folder = self.folder / name
        try:
            files = _manifest(folder)
            for file, known in files.items():
                _check(folder / file, known)
            state = read_json(folder / STATE)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Broken(f"{name}: {type(error).__name__}") from error
        return Checkpoint(folder, state)

    @contextmanager
    def next(self) -> Iterator[Path]:
        """A folder to write the next state into; older ones go when it has taken its place."""
        numbers = self.numbers()
        with self.writing(_name(max(numbers, default=0) + 1)) as part:
            yield part
        for number in self.numbers()[DEPTH:]:
            self.remove(number)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A folder that takes its place whole when all went well, and else is gone."""
        part, place = self.folder / f".{name}.part", self.folder / name
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
            self._seal(part)
            shutil.rmtree(place, ignore_errors=True)
            part.rename(place)
            _to_disk(self.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def remove(self, number: int) -> None:
        shutil.rmtree(self.folder / _name(number), ignore_errors=True)

    def size(self, name: str) -> int:
        """Bytes that only this state takes: what it shares with another one is counted once."""
        files = [path.stat() for path in (self.folder / name).rglob("*") if path.is_file()]
        return sum({one.st_ino: one.st_size for one in files}.values())

    def _seal(self, part: Path) -> None:
        """Brings the files to the disk; the manifest last."""
        files = {path.relative_to(part).as_posix(): self._sealed(path) for path in _files(part)}
        write_json(part / MANIFEST, {"format": FORMAT, "files": files})
        _to_disk(part / MANIFEST)
        for folder in (*(path for path in part.rglob("*") if path.is_dir()), part):
            _to_disk(folder)

    def _sealed(self, path: Path) -> dict[str, Any]:
        found = path.stat()
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if key not in self._known:
            _to_disk(path)
            self._known[key] = artifact.sha256(path)
        return {"size": found.st_size, "sha256": self._known[key]}


def write_json(path: Path, value: Any) -> None:
    """Numbers come back as they were, infinite ones too."""
    path.write_text(json.dumps(value), encoding="ascii")


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def link(source: Path, target: Path) -> None:
    """The same file in two places, or a copy where that cannot be. Neither is changed later, only replaced."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def link_tree(source: Path, target: Path) -> None:
    """`target` may be there, and keeps what else it holds. What is being written in `source` is left out."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_dir() and not path.name.endswith(".part"):
            link_tree(path, target / path.name)
        elif path.is_file():
            link(path, target / path.name)


def _name(number: int) -> str:
    return f"{number:06}"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _manifest(folder: Path) -> dict[str, Mapping[str, Any]]:
    found = read_json(folder / MANIFEST)
    if found["format"] != FORMAT or STATE not in found["files"]:
        raise ValueError(MANIFEST)
    return dict(found["files"])


def _check(path: Path, known: Mapping[str, Any]) -> None:
    if path.stat().st_size != known["size"] or artifact.sha256(path) != known["sha256"]:
        raise Broken(f"{path.parent.name}/{path.name}: not as it was written")


def _to_disk(path: Path) -> None:
    """A file's content, or a folder's names. Raises OSError: what is not on the disk is not kept."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
