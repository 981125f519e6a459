"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from projects.portal import impersonating, limiting, tips


def sweep() -> None:
    impersonating.sweep()
    limiting.sweep()
    tips.sweep()
