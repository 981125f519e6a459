"""The operator's figures: one function and one definition each, in one table."""

from __future__ import annotations

from projects.portal.figures import money, people, work
from projects.portal.figures.drawing import drawn
from projects.portal.figures.shape import DAYS, Figure, Period, Table

__all__ = ["DAYS", "FIGURES", "Figure", "Period", "Table", "drawn"]

FIGURES: dict[str, Figure] = {
    figure.name: figure for figure in (*people.FIGURES, *work.FIGURES, *money.FIGURES)
}
