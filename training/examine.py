"""The deep part of the health report: what takes a second look at every text, or a model.

Near duplicates, personal data, languages, how well each base knows the words, and labels that are likely wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training import catalogue, health, splits, version
from training.check import UNKNOWN_RED, cut_texts, give_back, of_base, text_role
from training.events import Event, Examined, Progress, each
from training.revise import loaded
from training.spool import Spool
from training.tasks.shape import Task
from training.validation import MAX_PLACES, Finding, Scan, gates, personal, textstats
from training.validation.findings import TABLE, Place, ordered
from training.validation.language import mix, scripts, token_counts, unknown_shares
from training.validation.near import Near
from training.validation.rules import Flags, shown_rows

SAMPLE = 2000  # texts that are told by language and tokenised
_AT_ONCE = 4096  # texts between two signs of life
LEAST_SHOWN = 50  # suspects that are written even where fewer are likely

Ints = NDArray[np.integer[Any]]


def examine(
    task: Task,
    path: str | Path,
    *,
    out: str | Path = "",
    base: str = catalogue.DEFAULT,
    bases_dir: str | Path = "",
    seed: int = 13,
) -> Generator[Event, None, None]:
    """Progress … and then Examined. With `out`, flags and suspects are written there, named as beside the version."""
    give_back()
    with Spool(out) as spool:
        scan = loaded(task, path, spool)
        flags: Flags = {}
        findings, near = yield from _texts(scan, flags, seed)
        findings += _near(scan, near, flags)
        sample = _sample(scan, seed)
        stats = _stats(scan, sample, base, bases_dir)
        findings += _base(scan, stats, base)
        yield Progress(0.55)
        found = yield from _suspects(scan, stats, (base, bases_dir), seed, path)
        if found is not None:
            findings += _suspected(scan, found, flags)
            stats["suspects"] = {
                "usable": found.usable, "accuracy": found.accuracy, "likely": found.likely
            }  # fmt: skip
        if out:
            _write(scan, Path(out), path, flags, found)
        dicts = tuple(finding.as_dict() for finding in ordered(findings))
        yield Examined(findings=dicts, stats=stats)


# --- every text once -----------------------------------------------------------------------------------------------


def _texts(
    scan: Scan, flags: Flags, seed: int
) -> Generator[Event, None, tuple[list[Finding], NDArray[np.int32]]]:
    """Findings of personal data, and the near duplicates' group of each row (-1: none)."""
    near, hits = Near(seed), defaultdict[str, list[int]](list)
    role, row = text_role(scan), 0
    for _start, batch in scan.spool.batches():
        for text in batch.column(role).to_pylist():
            near.add(text)
            for kind in {hit.kind for hit in personal.find(text)}:
                hits[kind].append(row)
            row += 1
            if not row % _AT_ONCE:
                yield Progress(round(0.35 * row / len(scan), 4))
    groups = near.groups(lambda rows: scan.spool.texts(role, np.asarray(rows)), scan.fingerprint)
    yield Progress(0.45)
    found = [_personal(scan, kind, rows, flags) for kind, rows in sorted(hits.items())]
    return found + _cut(near), groups


def _cut(near: Near) -> list[Finding]:
    """That the search gave up: what it found is a part."""
    if not near.cut:
        return []
    return [
        Finding("row.near_partial", TABLE["row.near_partial"].severity, 1, (), {"pairs": near.vain})
    ]


def _personal(scan: Scan, kind: str, rows: list[int], flags: Flags) -> Finding:
    found = np.array(rows, np.int64)
    flags[f"text.personal:{kind}"] = found
    return _finding(scan, "text.personal", found, kind=kind, what=personal.KINDS[kind])


def _finding(scan: Scan, code: str, rows: Ints, count: int = 0, **values: Any) -> Finding:
    """About rows; the first of them are its places."""
    first = np.asarray(rows[:MAX_PLACES], np.int64)
    texts = shown_rows(scan, np.sort(first))
    places = tuple(scan.place(int(row), scan.task.text_role, texts[int(row)]) for row in first)
    return Finding(code, TABLE[code].severity, count or len(rows), places, values)


def _near(scan: Scan, groups: NDArray[np.int32], flags: Flags) -> list[Finding]:
    """Rows that repeat an earlier one of their split nearly, and rows that are nearly one of another split."""
    rows = np.flatnonzero(groups >= 0)
    if not len(rows):
        return []
    found = []
    split, prints = scan.split[rows], scan.fingerprint[rows]
    for code, name, hit, values in _kinds(groups[rows], split, prints):
        flags[name] = rows[hit]
        if "split" in values:
            mine, theirs = values["split"], values["other"]
            values["share"] = round(100 * len(hit) / int(scan.rows_of(mine).sum()), 1)
            of_mine, of_theirs = (split == splits.SPLITS.index(name) for name in (mine, theirs))
            back = of_theirs & np.isin(groups[rows], groups[rows][of_mine])
            flags[f"{code}:{theirs}-{mine}"] = rows[back]
        found.append(_finding(scan, code, rows[hit], **values))
    return found


def _kinds(
    groups: Ints, split: Ints, prints: NDArray[np.uint64]
) -> Generator[tuple[str, str, Ints, dict[str, Any]], None, None]:
    """(code, name, which of the rows, values). Exact copies are told elsewhere and are left out here."""
    later = _later(groups, split, prints)
    if later.any():
        yield "row.near", "row.near", np.flatnonzero(later), {}
    for mine, theirs in (("test", "train"), ("valid", "train"), ("test", "valid")):
        own, other = (split == splits.SPLITS.index(name) for name in (mine, theirs))
        hit = own & np.isin(groups, groups[other]) & ~np.isin(prints, prints[other])
        if hit.any():
            values = {"split": mine, "other": theirs}
            yield "leak.near", f"leak.near:{mine}-{theirs}", np.flatnonzero(hit), values


def _later(groups: Ints, split: Ints, prints: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Rows whose group has an earlier row of the same split with another text."""
    keys = groups.astype(np.int64) * len(splits.SPLITS) + split
    _names, first, of = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray((np.arange(len(keys)) > first[of]) & (prints != prints[first[of]]))


# --- a sample ------------------------------------------------------------------------------------------------------


def _sample(scan: Scan, seed: int) -> list[str]:
    order = splits.mixed(scan.fingerprint[: 1 << 20], seed)
    rows = np.sort(np.argsort(order, kind="stable")[:SAMPLE])
    return cut_texts(scan, text_role(scan), rows)


def _stats(scan: Scan, sample: list[str], base: str, bases_dir: str | Path) -> dict[str, Any]:
    counts, _unknown = token_counts(sample, base, bases_dir)
    entry = catalogue.find(base)
    simple = scan.simple and bool(scan.labels)
    found: dict[str, Any] = {
        "rows": len(scan),
        "base": base,
        "scripts": scripts(sample),
        "languages": mix(sample),
        "unknown": unknown_shares(sample, bases_dir=bases_dir),
        "truncated": None
        if counts is None
        else round(100 * float((counts > entry.max_length).mean()), 1),
        "max_length": entry.max_length,
        "words": textstats.words(sample),
    }
    labels = scan.codes if simple else np.zeros(0, np.int16)
    split = scan.split if simple else np.zeros(0, np.uint8)
    names = list(scan.labels) if simple else []
    return found | textstats.overview(scan.size, labels, split, names, counts)


def _base(scan: Scan, stats: Mapping[str, Any], base: str) -> list[Finding]:
    """Whether the base knows these words, and reads these texts to their end."""
    found = of_base(scan.task, base, stats["unknown"].get(base, 0.0), stats["scripts"])
    entry = catalogue.find(base)
    cut = stats["truncated"] or 0
    if cut > gates.limit("truncated_red") and scan.task.name in entry.tasks:
        values = {"limit": entry.max_length, "words": entry.max_length * 3 // 4, "share": cut}
        code = "data.truncated"
        count = round(len(scan) * cut / 100)
        found.append(Finding(code, TABLE[code].severity, count, (), values))
    return found


# --- labels --------------------------------------------------------------------------------------------------------


def _suspects(
    scan: Scan, stats: Mapping[str, Any], of: tuple[str, str | Path], seed: int, path: str | Path
) -> Generator[Event, None, health.Suspects | None]:
    """Of rows with one label each; None for tasks of another kind."""
    if not scan.variant.doubtful or len(scan.labels) < 2:
        return None
    every = np.arange(len(scan))
    if len(every) > health.LIMIT:
        order = splits.mixed(scan.fingerprint ^ every.astype(np.uint64), seed)
        every = np.sort(np.argsort(order, kind="stable")[: health.LIMIT])
    names = list(scan.labels)
    labels = [names[code] for code in scan.codes[every].tolist()]
    texts = scan.spool.texts(scan.variant.key[0], every)
    known = stats["unknown"].get(of[0], 1.0) < UNKNOWN_RED
    folder = str(catalogue.locate(*of)) if known else ""
    steps = health.suspects(texts, labels, folder, seed, version=path)
    found = yield from each(steps, lambda done: Progress(round(0.55 + 0.44 * done, 4)))
    return _renumbered(found, every)


def _renumbered(found: health.Suspects, every: Ints) -> health.Suspects:
    """With the rows of the version in place of those of the part that was looked at."""
    return replace(found, rows=every[found.rows].astype(np.int32))


def _suspected(scan: Scan, found: health.Suspects, flags: Flags) -> list[Finding]:
    if not found.usable or not found.likely:
        return []
    rows = found.rows[: found.likely].astype(np.int64)
    flags["label.suspect"] = rows
    places = tuple(_place(scan, found, at) for at in range(min(MAX_PLACES, len(rows))))
    values = {"accuracy": round(100 * found.accuracy)}
    return [Finding("label.suspect", TABLE["label.suspect"].severity, len(rows), places, values)]


def _place(scan: Scan, found: health.Suspects, at: int) -> Place:
    row = int(found.rows[at])
    own = list(scan.labels)[scan.codes[row]]
    return scan.place(row, scan.task.label_role, f"{own} → {found.labels[found.suggested[at]]}")


def _write(
    scan: Scan, out: Path, path: str | Path, flags: Flags, found: health.Suspects | None
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    name = Path(path).name
    version.write_flags(out / name, {**version.read_flags(path), **flags})
    if found is None or not found.usable:
        return
    most = slice(0, max(found.likely, LEAST_SHOWN, len(found.rows) // 20))
    labels, own = list(found.labels), list(scan.labels)
    rows = found.rows[most].astype(np.int64)
    table = pa.table(
        {
            "row": rows,
            "label": [own[code] for code in scan.codes[rows].tolist()],
            "suggested": [labels[number] for number in found.suggested[most]],
            "confidence": found.confidence[most],
            "probability": found.probability[most],
        }
    )
    pq.write_table(table, version.suspects_path(out / name), compression="zstd")
