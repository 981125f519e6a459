"""The effort `draft`: a linear model over vectors of the base as it is. What of a run's choices it knows. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.problems import Problem

EFFORT = "draft"
# Heads that a linear model can be. Where an answer begins, and what is to be written, no linear model says.
HEADS = ("sequence", "relation", "token", "pair")
SETTINGS = ("max_length", "long_text", "matching", "class_weights", "pooling")


def check(effort: str, settings: Mapping[str, Any], search: Mapping[str, Any]) -> None:
    """Raises Problem(`draft.setting`) for what would change nothing about a draft."""
    if effort != EFFORT:
        return
    idle = [name for name, value in settings.items() if value is not None and name not in SETTINGS]
    if search:
        idle.append("search")
    if idle:
        raise Problem("draft.setting", field=idle[0], known=", ".join(SETTINGS))


def check_head(effort: str, head: str, task: str) -> None:
    """Raises Problem(`draft.task`)."""
    if effort == EFFORT and head not in HEADS:
        raise Problem("draft.task", task=task)


def settings(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is chosen for a fine-tune the part that a draft knows; it is always computed in fp32."""
    return {name: chosen[name] for name in SETTINGS if name in chosen} | {"precision": "fp32"}
