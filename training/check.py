"""A check as a whole, as a generator of events: faults, splits, lengths and languages, and the written version."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import catalogue, splits, version
from training.events import Checked, Event, Progress
from training.tasks.shape import Task
from training.validation import Finding, Outcome, Scan, Source, examine, gate
from training.validation.findings import TABLE, ordered
from training.validation.language import scripts, token_counts
from training.validation.scan import extra_columns

SAMPLE = 1000  # texts of each split that are tokenised
_LONGEST = 20_000  # characters of a text that are tokenised
UNKNOWN_RED, UNKNOWN_AMBER = 0.15, 0.03  # share of the tokens that the base does not know
FOREIGN = 0.3  # share of the letters in another script than an English base was trained on


def check(
    task: Task,
    sources: Sequence[Source],
    columns: Mapping[str, str],
    *,
    seed: int = 13,
    out: str | Path = "",
    base: str = catalogue.DEFAULT,
    bases_dir: str | Path = "",
) -> Generator[Event, None, None]:
    """Progress … and then Checked. With `out`, `out`/version.parquet is written unless the data is blocked."""
    outcome = yield from _examined(task, sources, columns)
    scan = outcome.scan
    if outcome.gate == "blocked":
        yield Checked(
            len(scan), "blocked", _dicts(outcome.findings), labels=_label_counts(scan, scan.split)
        )
        return
    assigned = splits.assign(_sorted_codes(scan), scan.fingerprint, seed, scan.split)
    sample = _Sample(scan, assigned, seed)
    written = yield from _written(scan, assigned, sample, out)
    stats = _stats(scan, assigned, sample, base, bases_dir)
    findings = ordered([*outcome.findings, *_language(stats, base)])
    yield Checked(
        len(scan),
        gate(findings),
        _dicts(findings),
        {name: int((assigned == number).sum()) for number, name in enumerate(splits.SPLITS)},
        _label_counts(scan, assigned),
        stats,
        written,
    )


def _examined(
    task: Task, sources: Sequence[Source], columns: Mapping[str, str]
) -> Generator[Event, None, Outcome]:
    steps = examine(task, sources, columns)
    while True:
        try:
            yield Progress(round(0.5 * next(steps), 4))
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome


def _dicts(findings: Iterable[Finding]) -> tuple[dict[str, Any], ...]:
    return tuple(finding.as_dict() for finding in findings)


def _sorted_codes(scan: Scan) -> NDArray[np.int32]:
    """Label numbers in the order of the sorted labels, so that the order of the rows does not matter."""
    order = np.empty(len(scan.labels), np.int32)
    order[[scan.labels[name] for name in sorted(scan.labels)]] = np.arange(
        len(scan.labels), dtype=np.int32
    )
    return order[scan.label]


def _label_counts(scan: Scan, assigned: NDArray[np.uint8]) -> dict[str, dict[str, int]]:
    """Label -> split -> rows, sorted by label; at most as many labels as are allowed plus one."""
    known = scan.label < len(scan.labels)
    table = np.zeros((len(scan.labels), len(splits.SPLITS)), np.int64)
    np.add.at(table, (scan.label[known], assigned[known]), 1)
    return {
        name: dict(zip(splits.SPLITS, map(int, table[scan.labels[name]]), strict=True))
        for name in sorted(scan.labels)[:1001]
    }


class _Sample:
    """The texts to tokenise: of each split those that come first in the seed's order. Filled while the rows pass."""

    def __init__(self, scan: Scan, assigned: NDArray[np.uint8], seed: int) -> None:
        order = splits.mixed(scan.fingerprint ^ np.arange(len(scan), dtype=np.uint64), seed)
        self.texts: dict[int, str] = {}
        self.wanted: set[int] = set()
        for number in range(len(splits.SPLITS)):
            rows = np.flatnonzero(assigned == number)
            self.wanted.update(rows[np.argsort(order[rows], kind="stable")[:SAMPLE]].tolist())
        self.last = max(self.wanted, default=-1)

    def see(self, row: int, text: str) -> None:
        if row in self.wanted:
            self.texts[row] = text[:_LONGEST]


def _written(
    scan: Scan, assigned: NDArray[np.uint8], sample: _Sample, out: str | Path
) -> Generator[Event, None, dict[str, Any] | None]:
    """Writes the version in parts, with progress in between; without `out` only the sample is read."""
    extra = list(scan.extra)
    rows = _stored(scan, assigned, sample, extra)
    if not out:
        for row in rows:
            if row.row >= sample.last:
                break
        return None
    writer = version.Writer(Path(out) / "version.parquet", list(scan.columns), extra)
    with writer:
        for count, row in enumerate(rows, 1):
            writer.add(row)
            if not count % version.ROW_GROUP:
                yield Progress(round(0.5 + 0.45 * count / len(scan), 4))
    return writer.result


def _stored(
    scan: Scan, assigned: NDArray[np.uint8], sample: _Sample, extra: Sequence[str]
) -> Iterator[version.Stored]:
    places = _places(scan, extra)
    names = [source.name for source in scan.sources]
    for row, number, record in scan.again():
        roles, others = places[number]
        values = {role: record.cells[at] for role, at in roles}
        sample.see(row, values["text"])
        yield version.Stored(
            row,
            names[number],
            record.line,
            splits.SPLITS[assigned[row]],
            values,
            {name: record.cells[at] for name, at in others},
        )


def _places(
    scan: Scan, extra: Sequence[str]
) -> list[tuple[list[tuple[str, int]], list[tuple[str, int]]]]:
    """For every file: (role, index) of the roles and (name, index) of the other columns that it has."""
    found = []
    for table in scan.tables:
        names = table.columns if table else []
        own = set(extra_columns(table, scan.columns)) if table else set()
        roles = [(role, names.index(name)) for role, name in scan.columns.items() if name in names]
        found.append((roles, [(name, names.index(name)) for name in extra if name in own]))
    return found


def _stats(
    scan: Scan, assigned: NDArray[np.uint8], sample: _Sample, base: str, bases_dir: str | Path
) -> dict[str, Any]:
    """Of each split (and `all`) rows, characters and tokens with the special ones; scripts and the unknown share."""
    rows = sorted(sample.texts)
    counts, unknown = token_counts([sample.texts[row] for row in rows], base, bases_dir)
    stats: dict[str, Any] = {
        "labels": len(scan.labels),
        "base": base,
        "scripts": scripts(sample.texts.values()),
        "unknown_share": unknown,
    }
    of_row = np.array([assigned[row] for row in rows], np.uint8)
    for number, name in enumerate(splits.SPLITS):
        sizes = scan.size[assigned == number]
        stats[name] = _lengths(sizes) | _tokens(counts, of_row == number)
    stats["all"] = _lengths(scan.size) | _tokens(counts, of_row >= 0)
    return stats


def _lengths(sizes: NDArray[np.uint32]) -> dict[str, int]:
    if not len(sizes):
        return {"rows": 0, "characters": 0}
    p50, p95 = np.percentile(sizes, (50, 95))
    return {
        "rows": len(sizes),
        "characters": int(sizes.sum(dtype=np.int64)),
        "p50_characters": int(p50),
        "p95_characters": int(p95),
        "max_characters": int(sizes.max()),
    }


def _tokens(counts: NDArray[np.int64] | None, chosen: NDArray[np.bool_]) -> dict[str, float]:
    if counts is None or not chosen.any():
        return {}
    of_split = counts[chosen]
    return {
        "mean_tokens": round(float(of_split.mean()), 2),
        "p95_tokens": int(np.percentile(of_split, 95)),
    }


def _language(stats: Mapping[str, Any], base: str) -> list[Finding]:
    """Whether the base was made for these texts."""
    share = stats["unknown_share"] or 0.0
    entry = catalogue.find(base)
    foreign = (
        1 - stats["scripts"].get("latin", 0.0)
        if stats["scripts"] and entry.languages == ("en",)
        else 0.0
    )
    if share >= UNKNOWN_RED:
        code = "base.language"
    elif share >= UNKNOWN_AMBER or foreign >= FOREIGN:
        code = "base.language_partly"
    else:
        return []
    values = {
        "base": entry.title,
        "base_id": base,
        "share": round(100 * max(share, foreign if share < UNKNOWN_AMBER else 0)),
    }
    return [Finding(code, TABLE[code].severity, 1, (), values)]
