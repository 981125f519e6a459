"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.datasets import children
from projects.pools import reading, suggesting


def read(pool_id: str) -> None:
    reading.execute(pool_id)


def suggest(round_id: str) -> None:
    suggesting.execute(round_id)


def sweep() -> None:
    children.revive(reading.KIND)
    children.revive(suggesting.KIND)
