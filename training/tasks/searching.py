"""How well a text finds what belongs to it: among all second texts of the test rows, the first texts are looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training import baselines, scoring
from training.coding.shares import SCORE, belonging
from training.tasks.shape import Row

About = Mapping[str, Any]
Read = Callable[[Sequence[Mapping[str, str]]], Any]  # records -> what the model makes of them
Found = dict[str, float | int]
MOST = 2000  # queries, and candidates, that searching is measured with
# Of a model that reads two texts together, which has to read every query with every candidate.
CANDIDATES, PAIRS = 50, 2000
LETTERS = (
    300_000  # characters of all those pairs: reading them should take no longer than a large test
)
UPPER = 0.75  # share of the range of scores from which on two texts belong together
# Names of a label for texts that belong together, which are believed before the texts are looked at.
TOGETHER = (
    *("1", "true", "yes", "y", "same", "duplicate", "similar", "match", "matching", "paraphrase"),
    *("equivalent", "related", "relevant", "positive", "entailment"),
    *("是", "相同", "相似", "匹配", "重复", "一致", "同义", "相关"),
)


@dataclass(frozen=True)
class Asked:
    """`queries` and `candidates` are a row each; `wanted` are, for a query, the numbers of what belongs to it."""

    queries: list[int]
    wanted: list[set[int]]
    candidates: list[int]

    def first(self, queries: int) -> Asked:
        return Asked(self.queries[:queries], self.wanted[:queries], self.candidates)


def asked(rows: Sequence[Row], about: About, most: int = MOST) -> Asked:
    """The different first texts to which something belongs, and all different second texts.

    Of many rows the first ones count, up to `most` different texts of either side.
    """
    queries: dict[str, tuple[int, set[int]]] = {}  # text -> a row of it, what belongs to it
    candidates: dict[str, tuple[int, int]] = {}  # text -> its number, a row of it
    for place, row in enumerate(rows):
        first, second = row.values["text_a"], row.values["text_b"]
        candidate = candidates.setdefault(second, (len(candidates), place))
        query = queries.setdefault(first, (place, set()))
        if belong(row, about):
            query[1].add(candidate[0])
        if max(len(candidates), len(queries)) >= most:
            break
    chosen = [one for one in queries.values() if one[1]]
    return Asked(
        [place for place, _wanted in chosen],
        [wanted for _place, wanted in chosen],
        [place for _number, place in candidates.values()],
    )


def belong(row: Row, about: About) -> bool:
    """Whether the two texts of a row belong together: by their label, or by a score high in the range."""
    if about["objective"] == SCORE:
        low, high = about["range"]
        return float(row.values["score"]) >= low + UPPER * (high - low)
    return bool(row.values["label"] == about["together"])


def by_vectors(rows: Sequence[Row], vectors: Any, about: About) -> Found:
    """`vectors` (rows, 2, hidden): every query is compared with every candidate."""
    found = asked(rows, about)
    alike = vectors[found.queries, 0] @ vectors[found.candidates, 1].T
    return _ranking(found, alike)


def by_reading(rows: Sequence[Row], read: Read, about: About) -> dict[str, Found]:
    """Of a model that reads two texts together. Few texts: each pair of them is read for this."""
    if about["objective"] != SCORE and "together" not in about:
        return {}
    found = asked(rows, about, CANDIDATES)
    found = found.first(_affordable(rows, found))
    records = list(_pairs(rows, found))
    values = belonging(read(records), about) if records else np.zeros(0)
    alike = values.reshape(len(found.queries), len(found.candidates))
    return {"ranking": _ranking(found, alike), "ranking_by_words": by_words(rows, found)}


def beside_vectors(rows: Sequence[Row], read: Read, about: About) -> dict[str, Found]:
    """What words alone find, of the same texts as `by_vectors`."""
    return {"ranking_by_words": by_words(rows, asked(rows, about))}


def by_words(rows: Sequence[Row], found: Asked) -> Found:
    """What a search without any model finds: by weighted words, and parts of words, in common."""
    queries, others = _texts(rows, found)
    if not queries:
        return _ranking(found, np.zeros((0, len(others))))
    counted = baselines.counter(0).fit(others)
    alike = counted.transform(queries) @ counted.transform(others).T
    return _ranking(found, alike.toarray())


def _affordable(rows: Sequence[Row], found: Asked) -> int:
    """How many queries can be read with every candidate; one, however long the texts are."""
    queries, others = _texts(rows, found)
    if not queries:
        return 0
    mean = sum(map(len, queries)) / len(queries)
    letters = len(others) * mean + sum(map(len, others))  # of one query with every candidate
    return max(1, min(PAIRS // len(others), int(LETTERS / letters)))


def _texts(rows: Sequence[Row], found: Asked) -> tuple[list[str], list[str]]:
    first = [rows[place].values["text_a"] for place in found.queries]
    return first, [rows[place].values["text_b"] for place in found.candidates]


def _pairs(rows: Sequence[Row], found: Asked) -> Iterator[dict[str, str]]:
    queries, others = _texts(rows, found)
    for query in queries:
        for other in others:
            yield {"text_a": query, "text_b": other}


def _ranking(found: Asked, alike: Any) -> Found:
    return {**scoring.ranking(alike, found.wanted), "candidates": len(found.candidates)}


def which(rows: Sequence[Row]) -> dict[str, Any]:
    """{"together": the one of two labels that says that two texts belong together}; {} for more labels, or one.

    Its name tells, or else that its pairs have more words in common.
    """
    labels = sorted({row.values["label"] for row in rows})
    if len(labels) != 2:
        return {}
    named = [label for label in labels if label.strip().lower() in TOGETHER]
    if len(named) == 1:
        return {"together": named[0]}
    return {"together": max(labels, key=lambda label: _common(rows, label))}


def _common(rows: Sequence[Row], label: str) -> float:
    """The mean share of pairs of characters that the two texts have in common."""
    own = [row.values for row in rows if row.values["label"] == label]
    shares = [_overlap(_parts(one["text_a"]), _parts(one["text_b"])) for one in own]
    return sum(shares) / len(shares)


def _parts(text: str) -> set[str]:
    plain = text.lower()
    return {plain[start : start + 2] for start in range(max(1, len(plain) - 1))}


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
