"""What is in use of a plan's limits. The parts above tell how to count what is theirs, and what projects are called."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from accounts.models import Workspace

Count = Callable[[Workspace], int]
Named = Callable[[Collection[UUID]], dict[UUID, str]]
_COUNTS: dict[str, Count] = {}
_NAMED: list[Named] = []
NAMES = ("projects", "members", "storage", "endpoints")


def register(name: str, count: Count) -> None:
    """`count(workspace)` gives the number, or the bytes of storage, in use. Called in an app's ready()."""
    if name not in NAMES:
        raise ValueError(f"{name!r} is not counted by others; expected one of {NAMES}")
    _COUNTS[name] = count


def count(name: str, workspace: Workspace) -> int:
    counter = _COUNTS.get(name)
    return counter(workspace) if counter else 0


def register_names(named: Named) -> None:
    """`named(ids)` gives what projects are called; those that are gone are left out."""
    _NAMED[:] = [named]


def project_names(ids: Collection[UUID]) -> dict[UUID | None, str]:
    named = _NAMED[0](ids) if _NAMED and ids else {}
    return {key: named[key] for key in named}
