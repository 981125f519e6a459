"""Relations between two entities, with the official score of SemEval-2010 task 8 for those that have a direction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.scoring import counts
from training.scoring.single import classification

NONE = ("other", "no_relation", "no relation", "none", "其他", "无关系")  # in any case
_DIRECTED = re.compile(r"(.*)\((?:e1,\s*e2|e2,\s*e1)\)", re.DOTALL)


def relations(
    true: ArrayLike,
    predicted: ArrayLike,
    labels: Sequence[str],
    probabilities: ArrayLike | None = None,
) -> dict[str, Any]:
    """All that `classification` gives, and what is usual for relations.

    `true` and `predicted` are indices into `labels`, -1 for one that the model does not know.
    `official_f1`: the mean F1 of the relations that occur in the true rows, 'Other' (see NONE) left out; the two
    directions `Name(e1,e2)` and `Name(e2,e1)` are one relation, and one taken for the other is wrong.
    """
    right, got = np.asarray(true, int), np.asarray(predicted, int)
    names = [undirected(label) for label in labels]
    wrong_way = sum(
        a != b and a >= 0 and b >= 0 and names[a] == names[b]
        for a, b in zip(right, got, strict=True)
    )
    return {
        **classification(right, got, probabilities, labels),
        "official_f1": _official(right, got, names),
        "without_other": _without_other(right, got, labels),
        "direction_errors": int(wrong_way),
    }


def undirected(label: str) -> str:
    found = _DIRECTED.fullmatch(label)
    return found[1] if found else label


def is_none(label: str) -> bool:
    """Whether the label says that there is no relation, or none of those asked for."""
    return label.strip().casefold() in NONE


def _official(right: NDArray[Any], got: NDArray[Any], names: Sequence[str]) -> float:
    kinds = sorted(set(names))
    of = np.array([*(kinds.index(name) for name in names), len(kinds)], int)  # -1 is the last
    support = np.bincount(of[right], minlength=len(kinds) + 1)
    given = np.bincount(of[got], minlength=len(kinds) + 1)
    hits = np.bincount(of[right[(right == got) & (right >= 0)]], minlength=len(kinds) + 1)
    kept = [place for place, kind in enumerate(kinds) if support[place] and not is_none(kind)]
    each = counts.scores(hits[kept], given[kept], support[kept])[2]
    return float(each.mean()) if len(each) else 0.0


def _without_other(
    right: NDArray[Any], got: NDArray[Any], labels: Sequence[str]
) -> dict[str, counts.Scores]:
    """Averages over all labels but 'Other', each direction a label of its own."""
    kept = [place for place, label in enumerate(labels) if not is_none(label)]
    columns = np.array(kept, int)
    hits, given, support = (
        (rows[:, None] == columns).sum(axis=0) for rows in (right[right == got], got, right)
    )
    return counts.averages(hits, given, support)
