"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.housekeeping import keeping


def sweep() -> None:
    keeping.sweep()
