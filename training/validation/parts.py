"""The rows of a piece of a table as their task understands them, as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from training import splits
from training.table import blank, cells, strings
from training.tasks.shape import Flaw, Task, Variant


@dataclass
class Part:
    """What is kept of a piece. `kept` are the places of the rows in the piece; the others are parallel to it."""

    kept: NDArray[np.int64]
    values: list[
        Any
    ]  # Arrow strings, in the order of the variant's `keeps` and of what it holds besides
    keys: Any  # Arrow strings
    labels: Any  # Arrow strings: one row's labels after another's
    counts: NDArray[np.int64] | None  # labels of each row; None: one each
    answers: NDArray[np.uint64] | None  # what copies should agree on
    # (place in the piece, what is wrong)
    flaws: list[tuple[int, Flaw]] = field(default_factory=list)

    def only(self, chosen: NDArray[np.bool_]) -> Part:
        """The chosen rows alone."""
        mask = cells.array(chosen)
        of_labels = mask if self.counts is None else cells.array(np.repeat(chosen, self.counts))
        return Part(
            self.kept[chosen],
            [column.filter(mask) for column in self.values],
            self.keys.filter(mask),
            self.labels.filter(of_labels),
            None if self.counts is None else self.counts[chosen],
            None if self.answers is None else self.answers[chosen],
            self.flaws,
        )


def understood(
    task: Task, variant: Variant, columns: Mapping[str, Any], rows: int, besides: Sequence[str] = ()
) -> Part:
    """`columns`: role -> Arrow strings, for the roles that the file has. `besides`: those of `may` that are held."""
    nothing = strings([""] * rows) if set(task.roles) - set(columns) else None
    given = {role: columns.get(role, nothing) for role in task.roles}
    part = _plain(variant, given, rows) if variant.key else _parsed(variant, given, rows)
    for role in besides:
        _hold(part, role, given[role].take(cells.array(part.kept)).to_pylist())
    return part


def _hold(part: Part, role: str, held: Sequence[str]) -> None:
    """Adds a column of lists of texts; what looks like a list and is none counts as no text, and is told."""
    found = [texts_in(cell) for cell in held]
    part.values.append(strings(map(as_list, found)))
    wrong = [at for at, item in enumerate(found) if item is None]
    part.flaws += [(int(part.kept[at]), Flaw("references.unread", role, held[at])) for at in wrong]
    part.flaws.sort(key=lambda item: item[0])


def as_list(texts: list[str] | None) -> str:
    """As a version holds them."""
    return json.dumps(texts, ensure_ascii=False) if texts else ""


def texts_in(cell: str) -> list[str] | None:
    """The texts of a JSON list, or the one that stands there as it is; None for a list of something else.

    Lists of SQuAD's kind, [{"text": …}] and {"text": […]}, are read as well.
    """
    if not cell.strip():
        return []
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None if cell.lstrip().startswith('["') else [cell]
    if isinstance(found, dict) and "text" in found:
        found = found["text"]
    if not isinstance(found, list):
        return None if isinstance(found, dict) else [cell]
    texts: list[Any] = [item.get("text") if isinstance(item, dict) else item for item in found]
    if not all(isinstance(text, str) for text in texts):
        return None
    return [text for text in dict.fromkeys(texts) if text.strip()]


def _plain(variant: Variant, given: Mapping[str, Any], rows: int) -> Part:
    answer = variant.label or variant.target
    needed = [*variant.key, answer] if answer else list(variant.key)
    bad = {role: blank(given[role]) for role in needed}
    good = ~np.logical_or.reduce(list(bad.values()))
    flaws = [] if good.all() else _blanks(variant, given, bad)
    values = [given[role] for role in variant.keeps]
    keys = [given[role] for role in variant.key]
    answers: Any = given[answer] if answer else None
    if flaws:
        mask = cells.array(good)
        values, keys = [v.filter(mask) for v in values], [k.filter(mask) for k in keys]
        answers = answers.filter(mask) if answer else None
    whole = keys[0] if len(keys) == 1 else pc.binary_join_element_wise(*keys, "\x1f")
    targets = splits.digests(answers) if variant.target else None
    labels = answers if variant.label else strings([])
    counts = None if variant.label else np.zeros(len(whole), np.int64)
    return Part(np.flatnonzero(good), values, whole, labels, counts, targets, flaws)


def _blanks(
    variant: Variant, given: Mapping[str, Any], bad: Mapping[str, NDArray[np.bool_]]
) -> list[tuple[int, Flaw]]:
    found = []
    for role, mask in bad.items():
        code = "data.empty_text" if role in variant.key else "label.empty"
        beside = given[variant.keeps[-1] if role in variant.key else variant.key[0]]
        found += [
            (int(at), Flaw(code, role, beside[int(at)].as_py())) for at in np.flatnonzero(mask)
        ]
    return sorted(found, key=lambda item: item[0])


def _parsed(variant: Variant, given: Mapping[str, Any], rows: int) -> Part:
    assert variant.parse  # noqa: S101
    lists = {role: column.to_pylist() for role, column in given.items()}
    names = list(lists)
    kept, flaws, values, keys = [], [], [], []
    labels: list[str] = []
    counts: list[int] = []
    answers: list[str] = []
    for at, given_cells in enumerate(zip(*lists.values(), strict=True)):
        row = variant.parse(dict(zip(names, given_cells, strict=True)))
        flaws += [(at, flaw) for flaw in row.flaws]
        if row.key:
            kept.append(at)
            values.append(row.values)
            keys.append(row.key)
            labels += row.labels
            counts.append(len(row.labels))
            answers += [] if row.answer is None else [row.answer]
    columns: Sequence[Any] = list(zip(*values, strict=True)) or [()] * len(variant.keeps)
    return Part(
        np.array(kept, np.int64),
        [strings(column) for column in columns],
        strings(keys),
        strings(labels),
        np.array(counts, np.int64),
        splits.digests(strings(answers)) if len(answers) == len(keys) else None,
        flaws,
    )
