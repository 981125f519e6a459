"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.datasets import checking, sweeping


def check(import_id: str) -> None:
    checking.execute(import_id)


def sweep() -> None:
    checking.revive()
    sweeping.sweep()
