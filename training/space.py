"""What a search tries: one table of settings with their ranges around what is chosen without it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.clashes import SOFT
from training.options import OPTIONS, READING
from training.problems import Problem

SHARED = (
    0.1  # of a process, that each more of them adds on the same cores; a guess until it is measured
)
OVERHEAD = (0.4, 0.8, 1.3)  # of one run, that a trial takes: at the least, usually, at the most


@dataclass(frozen=True)
class Range:
    """One setting that is searched. With `times`, `low` and `high` are multiples of what is chosen without a search.

    `log`: as many tries between 1 and 10 as between 10 and 100. `when`: searched only with such settings.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    times: bool = False
    log: bool = False
    choices: tuple[Any, ...] = ()
    heads: tuple[str, ...] = ()  # that search it; empty: all
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()


RANKED = ("lora", "dora", "rslora")
SPACE: tuple[Range, ...] = (
    Range("learning_rate", 0.2, 5, times=True, log=True),
    Range("head_learning_rate", 0.2, 5, times=True, log=True, heads=READING),
    Range("epochs", 0.5, 2, times=True),
    Range("batch_size", choices=(8, 16, 32, 64), heads=READING),
    Range("batch_size", choices=(4, 8, 16, 32), heads=("text", "pair")),
    Range("warmup", 0, 0.3),
    Range("weight_decay", 0, 0.1),
    Range("dropout", 0, 0.4, heads=READING),
    Range("layer_decay", 0.7, 1, heads=READING),
    Range("label_smoothing", 0, 0.2, heads=("sequence", "token", "relation")),
    Range("schedule", choices=("linear", "cosine", "constant")),
    Range("class_weights", choices=(False, True), heads=("sequence", "relation")),
    Range("rank", choices=(4, 8, 16, 32, 64), when=(("method", RANKED),)),
    Range("virtual_tokens", choices=(5, 10, 20, 50), when=(("method", SOFT),)),
)


@dataclass(frozen=True)
class Dimension:
    """A Range for one run. `usual` is what is chosen without a search, and lies within it."""

    name: str
    usual: Any
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()


def dimensions(
    head: str, chosen: Mapping[str, Any], given: Mapping[str, Any], names: list[str] | None = None
) -> list[Dimension]:
    """What is searched for a head; `chosen` has a value for every setting. What a person has set is left as it is.

    Raises Problem(`spec.choice`) for a name that cannot be searched, Problem(`search.nothing`) where nothing is left.
    """
    fitting = [one for one in SPACE if _fits(one, head, chosen)]
    known = [one.name for one in fitting]
    for name in names or ():
        if name not in known:
            raise Problem("spec.choice", field="search.names", value=name, choices=", ".join(known))
    wanted = [one for one in fitting if not names or one.name in names]
    fixed = {name for name, value in given.items() if value not in (None, "auto")}
    found = [_dimension(one, chosen[one.name]) for one in wanted if one.name not in fixed]
    found = [one for one in found if one.choices or one.low < one.high]
    if not found:
        raise Problem("search.nothing")
    return found


def _fits(one: Range, head: str, chosen: Mapping[str, Any]) -> bool:
    here = not one.heads or head in one.heads
    return (
        here and one.name in chosen and all(chosen.get(name) in values for name, values in one.when)
    )


def _dimension(one: Range, usual: Any) -> Dimension:
    if one.choices:
        choices = one.choices if usual in one.choices else (*one.choices, usual)
        return Dimension(one.name, usual, choices=choices)
    option, by = OPTIONS[one.name], (usual if one.times else 1)
    whole = option.kind is int
    low = max(option.low or 0, one.low * by)
    high = min(option.high if option.high is not None else one.high * by, one.high * by)
    if whole:
        low, high = max(1, round(low)), round(high)
    return Dimension(one.name, usual, min(low, usual), max(high, usual), one.log, whole)


def faster(search: Mapping[str, Any]) -> float:
    """How much sooner a search with several trials at a time is over, whose processes share the cores: small models
    leave cores idle, which others use."""
    return 1 + SHARED * (int(search.get("parallel") or 1) - 1)


def takes(search: Mapping[str, Any], run: tuple[float, float, float]) -> tuple[float, ...]:
    """Seconds of a run with a search: (least, usual, most), given those of one run without it."""
    minutes = float(search.get("minutes") or 0) * 60
    rounds = faster(search)
    found = []
    for seconds, share in zip(run, OVERHEAD, strict=True):
        tries = float(search.get("trials") or 0) * share * seconds / rounds
        limits = [limit for limit in (minutes, tries) if limit]
        found.append(round(seconds + min(limits, default=0.0), 1))
    return tuple(found)
