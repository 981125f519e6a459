"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.bases import working
from projects.datasets import children


def work(job_id: str) -> None:
    working.execute(job_id)


def sweep() -> None:
    children.revive(working.KIND)
