"""What is in use of a plan's limits. The parts above tell how to count what is theirs."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Workspace

Count = Callable[[Workspace], int]
_COUNTS: dict[str, Count] = {}
NAMES = ("projects", "members", "storage", "endpoints")


def register(name: str, count: Count) -> None:
    """`count(workspace)` gives the number, or the bytes of storage, in use. Called in an app's ready()."""
    if name not in NAMES:
        raise ValueError(f"{name!r} is not counted by others; expected one of {NAMES}")
    _COUNTS[name] = count


def count(name: str, workspace: Workspace) -> int:
    counter = _COUNTS.get(name)
    return counter(workspace) if counter else 0
