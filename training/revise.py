"""A new version out of an older one and a list of changes."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training import catalogue, edits, version
from training.check import Wish, concluded, give_back
from training.events import Event, Progress
from training.spool import Spool
from training.tasks.shape import Task
from training.validation import Scan


def revise(
    task: Task,
    path: str | Path,
    changes: Sequence[Mapping[str, Any]],
    *,
    wish: Wish = Wish(),  # noqa: B008 - frozen
    out: str | Path = "",
    base: str = catalogue.DEFAULT,
    bases_dir: str | Path = "",
) -> Generator[Event, None, None]:
    """Progress … and then Checked, as of a check. Raises Problem(`edit.*`, `version.broken`)."""
    give_back()
    with Spool(out) as spool:
        scan = loaded(task, path, spool, changes)
        yield Progress(0.7)
        yield from concluded(scan, wish, out, base, bases_dir)


def loaded(
    task: Task, path: str | Path, spool: Spool, changes: Sequence[Mapping[str, Any]] = ()
) -> Scan:
    """The rows of a version after the changes, as a scan of files would have them."""
    about = version.about(path)
    scan = Scan(task, about.columns, spool, about.variant)
    scan.extra = version.columns(path)[1]
    for rows in edits.rows_of(path, task, changes):
        scan.take_rows(rows)
    return scan
