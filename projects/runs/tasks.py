"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.runs import sweeping, worker


def execute(run_id: str) -> None:
    worker.take_turn(run_id)


def sweep() -> None:
    sweeping.sweep()
