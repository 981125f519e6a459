"""How long a search for better settings may go on, and what it tries: the field `search` of a spec, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.problems import Problem

TRIALS, MINUTES = (2, 500), (1.0, 10_080.0)  # bounds
PARALLEL = (1, 64)  # trials at the same time
PRUNERS = ("asha", "hyperband", "none")
BUDGET = ("trials", "minutes")  # what ends a search: one of them at least
KEYS = ("trials", "minutes", "parallel", "names", "pruner")


def check(given: Mapping[str, Any]) -> dict[str, Any]:
    """With its types; {} is no search. A text, from a form or the command line, is read. Raises Problem(`spec.*`)."""
    found = {name: value for name, value in given.items() if value not in (None, "", [])}
    for name in found:
        if name not in KEYS:
            raise Problem("spec.unknown", field=f"search.{name}", known=", ".join(KEYS))
    if not found:
        return {}
    if not set(BUDGET) & found.keys():
        raise Problem("spec.choice", field="search", value="", choices=", ".join(BUDGET))
    readers = {
        "trials": _trials,
        "minutes": _minutes,
        "parallel": _parallel,
        "names": _names,
        "pruner": _pruner,
    }
    return {name: readers[name](value) for name, value in found.items()}


def _trials(value: Any) -> int:
    return _whole("trials", value, TRIALS)


def _parallel(value: Any) -> int:
    return _whole("parallel", value, PARALLEL)


def _whole(name: str, value: Any, bounds: tuple[float, float]) -> int:
    number = _number(name, value, bounds)
    if number != int(number):
        raise _out(name, value, bounds)
    return int(number)


def _minutes(value: Any) -> float:
    return _number("minutes", value, MINUTES)


def _names(value: Any) -> list[str]:
    """Which of training.space are searched; the names are compared with it where the head is known."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise Problem("spec.choice", field="search.names", value=value, choices="names of settings")
    return sorted({one.strip() for one in found if one.strip()})


def _pruner(value: Any) -> str:
    if value not in PRUNERS:
        choices = ", ".join(PRUNERS)
        raise Problem("spec.choice", field="search.pruner", value=value, choices=choices)
    return str(value)


def _number(name: str, value: Any, bounds: tuple[float, float]) -> float:
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise _out(name, value, bounds) from None
    if not bounds[0] <= number <= bounds[1]:  # also NaN, which compares false
        raise _out(name, value, bounds)
    return number


def _out(name: str, value: Any, bounds: tuple[float, float]) -> Problem:
    low, high = (f"{bound:g}" for bound in bounds)
    return Problem("spec.range", field=f"search.{name}", value=value, low=low, high=high)
