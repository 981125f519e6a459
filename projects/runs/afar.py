"""States of runs in the storage of finished models, so that another machine goes on with a run whose own is lost.

Only where that storage is another place than the disk of this machine (see storing.elsewhere). Each checkpoint is taken
there while training goes on, the newest state of each seed alone; one that comes while another is on its way is left
out. What arrives is believed when its list has arrived, which is written last; whether the files are whole is looked
at by the training itself, as with any state.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from projects.runs import folders
from projects.runs.guarding import LIMITS
from projects.runs.lifecycle import FINAL
from projects.runs.models import Follows, Run, Status
from projects.runs.storing import elsewhere, storage

log = logging.getLogger(__name__)
STATES, LIST = "states", "files.json"


class Courier:
    """Takes states of one run away, one after the other; `look` is told of each checkpoint and does not wait."""

    def __init__(self, run: Run, attempt: int) -> None:
        self._run, self._folder = run.pk, folders.of_attempt(run, attempt) / folders.RESUME
        self._thread: threading.Thread | None = None

    def look(self) -> None:
        if not elsewhere() or (self._thread and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """For what is on its way; later the folder may be gone, and then it does not arrive."""
        if self._thread:
            self._thread.join(seconds)

    def _take(self) -> None:
        try:
            keep(self._run, self._folder)
        except Exception:
            log.warning("The state of run %s was not stored", self._run, exc_info=True)


def keep(run_id: UUID, folder: Path) -> None:
    """Takes the newest states below `folder` away. Older ones go when these have arrived."""
    kept, root, names = storage(), f"{run_id}/{STATES}", sorted(_newest(folder))
    if not names:
        return
    before = _numbers(kept, root)
    place = f"{root}/{max(before, default=0) + 1:06d}"
    for name in names:
        with (folder / name).open("rb") as file:
            kept.save(f"{place}/{name}", File(file))
    kept.save(f"{place}/{LIST}", ContentFile(json.dumps(names)))
    for number in before:
        _remove(kept, f"{root}/{number:06d}")


def fetch(run: Run, folder: Path) -> bool:
    """Puts the states of the run, or of the one that it goes on from, into `folder`. False: there are none."""
    if not elsewhere():
        return False
    follows = run.origin_id if run.follows == Follows.RESUME else None
    return any(_fetch(run_id, folder) for run_id in (run.pk, follows) if run_id)


def _fetch(run_id: UUID, folder: Path) -> bool:
    kept, root = storage(), f"{run_id}/{STATES}"
    try:
        for number in sorted(_numbers(kept, root), reverse=True):
            place = f"{root}/{number:06d}"
            if kept.exists(f"{place}/{LIST}"):
                _bring(kept, place, folder / folders.RESUME)
                return True
    except Exception:
        log.warning("The state of run %s was not brought back", run_id, exc_info=True)
        folders.discard(folder / folders.RESUME)
    return False


def _bring(kept: Storage, place: str, target: Path) -> None:
    with kept.open(f"{place}/{LIST}") as file:
        names = json.loads(file.read())
    for name in names:
        path = target / name
        if not path.resolve().is_relative_to(target.resolve()):
            raise ValueError(f"A name that leads elsewhere: {name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with kept.open(f"{place}/{name}") as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy)


def _newest(folder: Path) -> Iterator[str]:
    """Names of files below; of numbered folders side by side only those in the newest."""
    children = sorted(folder.iterdir()) if folder.is_dir() else []
    numbered = [path for path in children if path.name.isdigit()]
    for path in [path for path in children if path not in numbered] + numbered[-1:]:
        if path.is_dir() and not path.name.startswith("."):
            yield from (f"{path.name}/{name}" for name in _newest(path))
        elif path.is_file():
            yield path.name


def sweep() -> int:
    """Removes states of runs that have ended, but for a limit of their plan, or that are gone. Returns of how many."""
    if not elsewhere():
        return 0
    kept = storage()
    found = [name for name in _folders(kept, "") if _is_id(name)]
    wanted = {str(pk) for pk in _wanted().filter(pk__in=found).values_list("pk", flat=True)}
    over = [name for name in found if name not in wanted and _numbers(kept, f"{name}/{STATES}")]
    for name in over:
        _remove(kept, f"{name}/{STATES}")
    return len(over)


def _wanted() -> Any:
    """Runs that may go on; those of a limit as long as their own machine keeps them (see keeping.expire_states)."""
    ended = Run.objects.filter(status__in=FINAL)
    limited = [
        run.pk
        for run in ended.filter(status=Status.FAILED, problem__code__in=LIMITS)
        if folders.limited(run)
    ]
    return Run.objects.exclude(pk__in=ended.exclude(pk__in=limited).values("pk"))


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _numbers(kept: Storage, root: str) -> list[int]:
    return [int(name) for name in _folders(kept, root) if name.isdigit()]


def _folders(kept: Storage, root: str) -> list[str]:
    try:
        return list(kept.listdir(root)[0])
    except FileNotFoundError:
        return []


def _remove(kept: Storage, root: str) -> None:
    """The list first: what is left of an interrupted removal is believed by nobody."""
    within, files = kept.listdir(root)
    for name in sorted(files, key=lambda name: name != LIST):
        kept.delete(f"{root}/{name}")
    for name in within:
        _remove(kept, f"{root}/{name}")
    kept.delete(root)  # the folder itself, where the storage has such
