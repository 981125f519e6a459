"""Numbers about texts and labels that a page can plot, as plain lists and dicts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import splits
from training.validation.near import normal

POINTS = 5.0  # by how much a label's share may differ between two splits, in percentage points
BINS = 30
_MOST = 200_000  # different words that are counted; rarer ones that come later are left out
Codes = NDArray[np.integer[Any]]

# Words stand between spaces; of scripts without them each character counts as one.
_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[^\\W_\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


def overview(
    sizes: Codes,
    labels: Codes,
    split: Codes,
    names: Sequence[str],
    tokens: Codes | None = None,
) -> dict[str, Any]:
    """All of this module that needs no texts. The arrays are parallel; `tokens` may be of a sample of the rows."""
    return {
        "characters": histogram(sizes),
        "tokens": histogram(tokens) if tokens is not None else None,
        "labels": label_counts(labels, names),
        "shares": shares(labels, split, names),
        "differences": differences(labels, split, names),
        "absent": absent(labels, split, names),
    }


def histogram(values: Codes, bins: int = BINS) -> dict[str, Any]:
    """Whole-number `edges`, one more than `counts`; everything above the 99th percentile is in the last bin."""
    if not len(values):
        return {"edges": [], "counts": [], "mean": 0.0, "p50": 0, "p95": 0, "max": 0}
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    low, top = int(values.min()), int(values.max())
    step = max(1, -(-(int(p99) + 1 - low) // bins))
    edges = np.arange(low, int(p99) + step + 1, step)
    counts, _ = np.histogram(np.minimum(values, edges[-1] - 1), edges)
    edges[-1] = max(edges[-1], top + 1)
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "mean": round(float(values.mean()), 1),
        "p50": int(p50),
        "p95": int(p95),
        "max": top,
    }


def label_counts(labels: Codes, names: Sequence[str]) -> dict[str, int]:
    """Label -> rows, the largest first."""
    counts = _table(labels, np.zeros(len(labels), np.uint8), len(names), 1)[:, 0]
    order = np.argsort(-counts, kind="stable")
    return {names[number]: int(counts[number]) for number in order}


def shares(labels: Codes, split: Codes, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Label -> split -> its share of the split's rows in percent; splits without rows are left out."""
    table = _percent(labels, split, len(names))
    return {
        name: {
            splits.SPLITS[column]: round(float(value), 2)
            for column, value in enumerate(table[number])
            if not np.isnan(value)
        }
        for number, name in enumerate(names)
    }


def differences(
    labels: Codes, split: Codes, names: Sequence[str], points: float = POINTS
) -> list[dict[str, Any]]:
    """Labels whose share of a split lies further from that of the training rows than `points`, the furthest first."""
    table = _percent(labels, split, len(names))
    found = [
        {
            "label": names[number],
            "split": splits.SPLITS[column],
            "share": round(float(table[number, column]), 2),
            "train": round(float(table[number, 0]), 2),
            "points": round(float(table[number, column] - table[number, 0]), 2),
        }
        for number, column in zip(*np.nonzero(np.abs(table - table[:, :1]) > points), strict=True)
    ]
    return sorted(found, key=lambda item: -abs(item["points"]))


def absent(labels: Codes, split: Codes, names: Sequence[str]) -> dict[str, list[str]]:
    """Split -> labels that occur elsewhere but not there, for `train` and `test` if they have rows."""
    table = _table(labels, split, len(names), len(splits.SPLITS))
    used = table.any(1)
    return {
        name: [names[number] for number in np.flatnonzero(used & (table[:, column] == 0)).tolist()]
        for column, name in enumerate(splits.SPLITS)
        if name != "valid" and table[:, column].any()
    }


def words(texts: Iterable[str], most: int = 50) -> dict[str, Any]:
    """`different` words and how often the `top` ones occur; a Chinese or Japanese character counts as a word."""
    found: Counter[str] = Counter()
    for text in texts:
        for word in _WORD.findall(normal(text)):
            if word in found or len(found) < _MOST:
                found[word] += 1
    # Words that occur equally often in the order of the alphabet, whatever the order of the rows.
    top = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:most]
    return {"different": len(found), "all": found.total(), "top": [[word, n] for word, n in top]}


def _percent(labels: Codes, split: Codes, count: int) -> NDArray[np.float64]:
    """(labels, splits); a split without rows is NaN."""
    table = _table(labels, split, count, len(splits.SPLITS))
    with np.errstate(invalid="ignore"):
        return 100 * table / table.sum(0)


def _table(labels: Codes, split: Codes, rows: int, columns: int) -> NDArray[np.int64]:
    """How often each label occurs in each split; numbers that no name belongs to are left out."""
    known = labels < rows
    places = labels[known].astype(np.intp) * columns + split[known]
    return np.bincount(places, minlength=rows * columns).reshape(rows, columns)
