"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.datasets import checking, children, examining, sweeping


def check(import_id: str) -> None:
    checking.execute(import_id)


def examine(report_id: str) -> None:
    examining.execute(report_id)


def sweep() -> None:
    children.revive(checking.KIND)
    children.revive(examining.KIND)
    sweeping.sweep()
