"""What the outputs for a row mean that has one label, several, or a score: the same for every head of that kind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SINGLE, SEVERAL, SCORE = "single", "several", "score"
UNKNOWN = -100  # the target of a row whose label the model does not know: it has no loss
THRESHOLD = 0.5  # of a label that has none of its own

Record = Mapping[str, str]
About = Mapping[str, Any]


def as_results(logits: ArrayLike, about: About) -> NDArray[np.float64]:
    """Logits (rows, labels) to what they mean."""
    values = np.asarray(logits, np.float64)
    if about["objective"] == SCORE:
        low, high = about["range"]
        return low + (high - low) * np.clip(values[:, 0], 0.0, 1.0)
    return sigmoid(values) if about["objective"] == SEVERAL else softmax(values)


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(logits, np.float64), -60, 60))))


def thresholds(about: About) -> NDArray[np.float64]:
    """One a label, from which it is given."""
    given = about.get("thresholds") or {}
    return np.array([given.get(name, THRESHOLD) for name in about["labels"]])


def told(
    results: NDArray[np.float64], records: Sequence[Record], about: About
) -> list[dict[str, Any]]:
    """`label`, `probability` and all `probabilities`; or `labels` and `probabilities`; or a `score`."""
    if about["objective"] == SCORE:
        return [{"score": float(value)} for value in results]
    names = about["labels"]
    given = [dict(zip(names, map(float, row), strict=True)) for row in results]
    if about["objective"] == SEVERAL:
        least = thresholds(about)
        chosen = [np.flatnonzero(row >= least) for row in results]
        return [
            {"labels": [names[place] for place in places], "probabilities": shares}
            for places, shares in zip(chosen, given, strict=True)
        ]
    best = results.argmax(axis=-1) if len(results) else []
    return [
        {"label": names[place], "probability": shares[names[place]], "probabilities": shares}
        for place, shares in zip(best, given, strict=True)
    ]


def belonging(results: ArrayLike, about: About) -> NDArray[np.float64]:
    """(rows,): of two texts the probability that they belong together, or their score."""
    given = np.asarray(results, np.float64)
    if about["objective"] == SCORE:
        return given
    return np.asarray(given[:, list(about["labels"]).index(about["together"])])


def value_name(about: About) -> str:
    """What it is called that `belonging` gives."""
    return "score" if about["objective"] == SCORE else "probability"


def ranked(
    values: NDArray[np.float64], candidates: Sequence[str], most: int, said: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The candidates of the highest values, best first: `place` in the list from 0, `text`, and what is `said`."""
    order = np.argsort(-values, kind="stable")[:most]
    return [
        {
            "place": int(place),
            "text": candidates[place],
            **{name: float(column[place]) for name, column in said.items()},
        }
        for place in order
    ]


def columns(about: About) -> list[str]:
    if about["objective"] == SCORE:
        return ["score"]
    shares = [f"p_{label}" for label in about["labels"]]
    return ["predicted", *([] if about["objective"] == SEVERAL else ["probability"]), *shares]


def cells(answer: Mapping[str, Any], about: About) -> list[str]:
    if about["objective"] == SCORE:
        return [f"{answer['score']:.6f}"]
    shares = [f"{answer['probabilities'][label]:.6f}" for label in about["labels"]]
    if about["objective"] == SEVERAL:
        return [json.dumps(answer["labels"], ensure_ascii=False), *shares]
    return [answer["label"], f"{answer['probability']:.6f}", *shares]
