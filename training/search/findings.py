"""What a search found, as the report tells it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from training.events import Trial
from training.search.study import Study
from training.space import Dimension


def told(study: Study, budget: Mapping[str, Any], figure: str, rows: int) -> dict[str, Any]:
    """`best` and `usual` are trials; `error` is the standard error of a share measured on so many validation rows."""
    trials, number = study.ended(), study.best()
    best = next(one for one in trials if one.number == number)
    usual = next((one for one in trials if one.number == 0), None)
    return {
        "budget": dict(budget),
        "figure": figure,
        "rows": rows,
        "space": [described(one) for one in study.dimensions],
        "trials": [_trial(one) for one in trials],
        "best": best.number,
        "value": best.value,
        "usual": usual.value if usual and usual.state == "complete" else None,
        "error": _error(best.value, rows),
        "importance": study.importance(),
        "seconds": round(sum(one.seconds for one in trials), 1),
    }


def described(one: Dimension) -> dict[str, Any]:
    return {**asdict(one), "choices": list(one.choices)}


def _trial(one: Trial) -> dict[str, Any]:
    return {**asdict(one), "values": list(one.values)}


def _error(value: float | None, rows: int) -> float | None:
    if value is None or not 0 <= value <= 1:
        return None
    return math.sqrt(value * (1 - value) / max(1, rows))
