"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from billing import sweeping


def sweep() -> None:
    sweeping.sweep()
