"""What comes in, and what it costs."""

from __future__ import annotations

from projects.portal.figures.shape import Figure

FIGURES: tuple[Figure, ...] = ()
