"""Settings that cannot go together, and choices that only some heads have: said before the training. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.options import OPTIONS
from training.problems import Problem

ADAPTERS = ("lora", "dora", "rslora", "ia3")
SOFT = ("prompt", "prefix")  # virtual tokens before the text: they stay beside the base for good


@dataclass(frozen=True)
class Clash:
    """Where `name` is one of `values`, `other` has to be one of `allowed`."""

    name: str
    values: tuple[Any, ...]
    other: str
    allowed: tuple[Any, ...]


CLASHES: tuple[Clash, ...] = (
    Clash("method", (*ADAPTERS, *SOFT), "trained", ("all",)),  # beside them nothing else is trained
    Clash("method", SOFT, "packing", (False,)),  # one row would hold several texts
    # What is divided among devices has been tried with these alone.
    Clash("sharding", ("fsdp",), "method", ("auto", "full", "lora", "rslora")),
    Clash("sharding", ("fsdp",), "optimizer", ("adamw", "sgd")),
    # All weights of a base with few bits cannot be trained, nor its parts be given out.
    Clash("quantize", ("8bit", "4bit"), "method", ("auto", *ADAPTERS, *SOFT)),
    Clash("quantize", ("8bit", "4bit"), "sharding", ("none",)),
    Clash("method", ("prefix",), "checkpointing", (False,)),  # a layer that is run again knows none
)


def check(head: str, settings: Mapping[str, Any]) -> None:
    """Raises Problem(`spec.choice`, `spec.together`)."""
    for name, value in settings.items():
        known = OPTIONS[name].of(head).choices
        if known and value not in known:
            raise Problem("spec.choice", field=name, value=value, choices=", ".join(known))
    for one in CLASHES:
        set_, found = settings.get(one.name), settings.get(one.other)
        if set_ in one.values and found is not None and found not in one.allowed:
            choices = ", ".join(str(value).lower() for value in one.allowed)
            values = {"field": one.other, "value": found, "choices": choices}
            raise Problem("spec.together", **values, other=one.name, chosen=set_)
