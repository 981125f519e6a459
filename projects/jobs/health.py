"""Whether a queue cluster is at work: its pusher touches a file, a page looks at the file's age."""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings

EVERY = 2.0  # seconds between two touches
# Longer than a write may wait for the database (20 s), so that a busy site isn't taken for a dead one.
STALE = 25.0
# The clusters that train, by the hardware that a run gets.
CPU, GPU = "train-cpu", "train-gpu"
DRAFT = "draft"  # drafts, which take a minute
_beaten: dict[str, float] = {}


def beat(cluster: str) -> None:
    """Called by the broker at every look into the queue."""
    now = time.monotonic()
    if now - _beaten.get(cluster, -EVERY) < EVERY:
        return
    _beaten[cluster] = now
    path = _path(cluster)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def rest(cluster: str) -> None:
    """The cluster ends: pages need not wait for the file to grow old."""
    _path(cluster).unlink(missing_ok=True)


def worker_alive(cluster: str = CPU) -> bool:
    try:
        age = time.time() - _path(cluster).stat().st_mtime
    except OSError:
        return False
    return age < STALE


def _path(cluster: str) -> Path:
    return Path(settings.ATTUNE_HOME) / "queue" / f"{cluster}.beat"
