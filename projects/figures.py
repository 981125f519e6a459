"""What all charts share: labels of users made fit for plotly.js, which renders a part of HTML in labels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

LONGEST = 28  # characters of a label on an axis


def shorten(label: str) -> str:
    """A label for an axis: escaped, and cut in the middle so that both ends stay readable."""
    if len(label) > LONGEST:
        half = LONGEST // 2
        label = f"{label[: half - 1]}…{label[-half:]}"
    return escape(label, quote=False)


def unique(labels: Sequence[str]) -> list[str]:
    """Short labels, all different: plotly would draw two equal categories as one."""
    seen: dict[str, int] = {}
    result = []
    for label in map(shorten, labels):
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return result
