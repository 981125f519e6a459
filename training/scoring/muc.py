"""Entities in the four ways of MUC-5 and SemEval-2013 task 9, pairing spans one by one as nervaluate does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Span = tuple[int, int, str]
LEAST = 0.01  # of a true span has to be covered, or the two have nothing to do with each other

# What makes a predicted span right; it has to touch the true one in any case.
_RIGHT: dict[str, Callable[[Span, Span], bool]] = {
    "strict": lambda span, true: span == true,
    "exact": lambda span, true: span[:2] == true[:2],
    "partial": lambda span, true: span[:2] == true[:2],
    "type": lambda span, true: span[2] == true[2],
}
NAMES = ("partial", "type", "exact", "strict")


def scores(name: str, pairs: Iterable[tuple[Sequence[Span], Sequence[Span]]]) -> dict[str, Any]:
    """Counts and P, R, F1 over rows of (true, predicted) spans; what is `partial` counts half."""
    tally = dict.fromkeys(("correct", "incorrect", "partial", "missed", "spurious"), 0)
    for true, predicted in pairs:
        _count(name, true, predicted, tally)
    common = tally["correct"] + tally["incorrect"] + tally["partial"]
    actual, possible = common + tally["spurious"], common + tally["missed"]
    credit = tally["correct"] + 0.5 * tally["partial"]
    return {
        "precision": credit / actual if actual else 0.0,
        "recall": credit / possible if possible else 0.0,
        "f1": 2 * credit / (actual + possible) if actual + possible else 0.0,
        **tally,
        "actual": actual,
        "possible": possible,
    }


def _count(
    name: str, true: Sequence[Span], predicted: Sequence[Span], tally: dict[str, int]
) -> None:
    free = list(true)
    for span in predicted:
        touching = [other for other in free if _touches(span, other)]
        right = [other for other in touching if _RIGHT[name](span, other)]
        if not touching:
            tally["spurious"] += 1
            continue
        found = min(right, key=lambda other: _distance(span, other)) if right else touching[0]
        free.remove(found)
        tally["correct" if right else "partial" if name == "partial" else "incorrect"] += 1
    tally["missed"] += len(free)


def _distance(span: Span, other: Span) -> int:
    return abs(span[0] - other[0]) + abs(span[1] - other[1])


def _touches(span: Span, true: Span) -> bool:
    common = min(span[1], true[1]) - max(span[0], true[0])
    return common > 0 and common >= LEAST * (true[1] - true[0])
