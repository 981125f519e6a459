"""The predicted test rows, read back from the file that training wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from projects.runs.results.shape import Result

PAGE = 20
TEXTS = ("inputs", "answer")  # columns that hold JSON
BEFORE = "before"  # what the untouched base wrote
EXAMPLES = (8, 600)  # characters of what is offered to try


@dataclass(frozen=True)
class Prediction:
    """One test row. `score`: how good the answer is, 0 to 1; `probability`: of the answer, where there is one."""

    row: int
    file: str
    line: int
    text: str
    label: str
    predicted: str
    probability: float | None
    correct: bool
    score: float | None = None
    before: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Listed:
    """`total`: how many there are in all; `size`: of a page."""

    total: int
    rows: list[Any]
    size: int = PAGE


def rows(
    path: Path,
    *,
    true: str | None = None,
    predicted: str | None = None,
    wrong: bool = False,
    worst: bool = False,
    best: bool = False,
    offset: int = 0,
    limit: int = PAGE,
) -> Listed:
    """Predicted test rows, the most confident first, or by how good they are."""
    table = _table(path)
    if true is not None:
        table = table.filter(pc.equal(table["label"], true))
    if predicted is not None:
        table = table.filter(pc.equal(table["predicted"], predicted))
    if wrong:
        table = table.filter(pc.invert(table["correct"]))
    first = ("probability", "descending")
    if (worst or best) and "score" in table.column_names:
        first = ("score", "ascending" if worst else "descending")
    ordered = table.sort_by([first, ("row", "ascending")])
    found = ordered.slice(offset, limit).to_pylist()
    return Listed(table.num_rows, [_prediction(row) for row in found], limit)


def every(path: Path) -> list[Prediction]:
    return [_prediction(row) for row in _table(path).to_pylist()]


def listed(result: Result, query: Mapping[str, str], offset: int) -> Listed:
    """Wrong answers, the surest first; without a probability, the worst first."""
    if result.predictions is None:
        return Listed(0, [])
    sure = _is_known(result.predictions, "probability")
    return rows(result.predictions, wrong=True, worst=not sure, offset=offset)


def _is_known(path: Path, column: str) -> bool:
    values = pq.read_table(path, columns=[column])[column]
    return bool(values.null_count < len(values))


def names_in(path: Path) -> list[str]:
    return list(pq.read_schema(path).names)


def _table(path: Path) -> Any:
    """Files from before some of the columns have fewer."""
    there = names_in(path)
    return pq.read_table(path, columns=[n for n in Prediction.__dataclass_fields__ if n in there])


def _prediction(row: Mapping[str, Any]) -> Prediction:
    read = {name: json.loads(row[name]) for name in TEXTS if row.get(name)}
    if "inputs" not in read:
        read["inputs"] = {"text": row["text"]}
    return Prediction(**{**row, "answer": {}, **read})


def probabilities(path: Path) -> tuple[list[str], list[list[float]]]:
    """(true labels, probabilities of all labels) of the rows that have them."""
    table = pq.read_table(path, columns=["label", "probabilities"])
    table = table.filter(pc.is_valid(table["probabilities"]))
    return table["label"].to_pylist(), table["probabilities"].to_pylist()


def truth(result: Result, role: str) -> dict[int, str]:
    """What the version says in that role, by row; {} where its file is gone."""
    if result.version is None or not result.version.is_file():
        return {}
    return _truth(result.version, result.version.stat().st_mtime_ns, role)


@lru_cache(maxsize=8)
def _truth(path: Path, changed: int, role: str) -> dict[int, str]:
    if role not in names_in(path):
        return {}
    table = pq.read_table(path, columns=["row", role], filters=[("split", "=", "test")])
    return dict(zip(table["row"].to_pylist(), table[role].to_pylist(), strict=True))


def besides(row: Prediction, lists: Mapping[int, str]) -> list[str]:
    """Of the lists of texts by row those of this row that say something else than its label."""
    return [text for text in json.loads(lists.get(row.row) or "[]") if text != row.label]


def examples(path: Path, count: int = 3) -> list[dict[str, str]]:
    """Inputs of short test rows with different answers, to try the model with."""
    there = names_in(path)
    wanted = [name for name in ("text", "label", "inputs") if name in there]
    chosen: dict[str, dict[str, str]] = {}
    for row in pq.read_table(path, columns=wanted).slice(0, 500).to_pylist():
        low, high = EXAMPLES
        if low <= len(row["text"]) <= high:
            given = json.loads(row["inputs"]) if row.get("inputs") else {"text": row["text"]}
            chosen.setdefault(row["label"], given)
    return sorted(list(chosen.values())[: 4 * count], key=_size)[:count]


def _size(given: Mapping[str, str]) -> int:
    return sum(map(len, given.values()))
