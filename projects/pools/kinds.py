"""Which data can be labelled from a pool, and what an answer of its models says. A further task is a further line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import versions_in
from projects.models import Project
from projects.selectors import task_of
from training.problems import Problem
from training.tasks.shape import Column

Shares = list[tuple[str, float]]  # label and probability, best first


@dataclass(frozen=True)
class Kind:
    """`reads`: the roles of an unlabelled row. `answers`: the role that a person fills in."""

    reads: tuple[str, ...]
    answers: str
    shares: Callable[[Mapping[str, Any]], Shares]  # of one output of the serving process


def by_label(output: Mapping[str, Any]) -> Shares:
    found = output["probabilities"].items()
    return sorted(((str(name), float(share)) for name, share in found), key=_best_first)


def _best_first(item: tuple[str, float]) -> tuple[float, str]:
    return -item[1], item[0]


# By task and stored variant.
KINDS: dict[tuple[str, str], Kind] = {
    ("text-classification", "single"): Kind(("text",), "label", by_label),
    ("text-matching", "label"): Kind(("text_a", "text_b"), "label", by_label),
}


def margin(shares: Shares) -> float:
    """How far the best is ahead of the second: small where the model is uncertain."""
    return shares[0][1] - shares[1][1] if len(shares) > 1 else shares[0][1]


def kind_of(version: DatasetVersion) -> Kind | None:
    task = task_of(version.project)
    variant = task.variant(version.variant)
    return KINDS.get((task.name, variant.stored or variant.name))


def target(project: Project) -> tuple[DatasetVersion, Kind]:
    """The version whose draft takes the labels, and how. Raises Problem(`pool.version`)."""
    version = versions_in(project).select_related("project").first()
    kind = kind_of(version) if version else None
    if version is None or kind is None:
        raise Problem("pool.version")
    return version, kind


def columns_of(project: Project, kind: Kind) -> tuple[Column, ...]:
    return tuple(column for column in task_of(project).columns if column.role in kind.reads)
