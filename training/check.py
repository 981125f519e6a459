"""A check as a whole, as a generator of events: faults, splits, lengths and languages, and the written version."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import catalogue, edits, splits, version
from training.events import Checked, Event, Found, Progress
from training.problems import Problem
from training.spool import Spool
from training.table import cells, strings
from training.tasks.shape import Task
from training.validation import Finding, Rows, Scan, Source, gate, judge
from training.validation.findings import TABLE, ordered
from training.validation.language import scripts, token_counts
from training.validation.rules import Flags, label_counts

SAMPLE = 1000  # texts of each split that are tokenised
_LOOKED_THROUGH = 100_000  # rows among which they are chosen
_LONGEST = 20_000  # characters of a text that are tokenised
UNKNOWN_RED, UNKNOWN_AMBER = 0.15, 0.03  # share of the tokens that the base does not know
FOREIGN = 0.3  # share of the letters in another script than an English base was trained on


@dataclass(frozen=True)
class Wish:
    """How the rows are to be divided and what is written; see `check`."""

    seed: int = 13
    split: str = "random"  # or group, or time, by the columns of that role
    variant: str = ""  # of the task; empty: told from the data
    locked: str = ""  # a version whose test rows are to be the test rows of this one too


def check(
    task: Task,
    sources: Sequence[Source],
    columns: Mapping[str, str],
    *,
    wish: Wish = Wish(),
    out: str | Path = "",
    base: str = catalogue.DEFAULT,
    bases_dir: str | Path = "",
) -> Generator[Event, None, None]:
    """Progress … and then Checked, with Found between them unless the data is blocked.

    With `out`, `out`/version.parquet is written, on the same condition.
    """
    give_back()
    with Spool(out) as spool:
        scan = Scan(task, columns, spool, wish.variant)
        tested = any(source.split == "test" for source in sources)
        kept = kept_test(scan, wish.locked) if wish.locked and not tested else []
        for done in scan.run(sources):
            yield Progress(round(0.7 * done, 4))
        take_test(scan, kept)
        yield from concluded(scan, wish, out, base, bases_dir)


def kept_test(scan: Scan, locked: str) -> list[Rows]:
    """The test rows of an earlier version; from now on the scan leaves their texts out of all other rows."""
    kept = list(edits.rows_of(locked, scan.task, [], only="test"))
    scan.hold(role for rows in kept for role in rows.columns)
    prints = [scan.keys_of(rows) for rows in kept if set(scan.variant.keeps) <= set(rows.columns)]
    scan.reserved = np.unique(np.concatenate([scan.reserved, *prints]))
    return kept


def take_test(scan: Scan, kept: Sequence[Rows]) -> None:
    """As rows like all others, once the files are read; of a variant of another shape there are none to take."""
    scan.reserved = scan.reserved[:0]
    for rows in kept:
        if set(scan.variant.keeps) <= set(rows.columns):
            scan.take_rows(rows)


def give_back() -> None:
    """glibc: large arrays go back to the kernel when they are let go; by itself it keeps ever larger ones.

    What a block of a file needs is kept, since fresh memory costs more than the work that is done in it.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_… of malloc.h
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(mmap_threshold, 4 << 20)
        library.mallopt(trim_threshold, 8 << 20)


def concluded(
    scan: Scan, wish: Wish, out: str | Path, base: str, bases_dir: str | Path
) -> Generator[Event, None, None]:
    """What follows the reading of all rows: findings, splits, statistics, the written version."""
    outcome = judge(scan)
    if outcome.gate == "blocked":
        counts = _label_counts(scan, scan.split)
        yield Checked(len(scan), "blocked", _dicts(outcome.findings), labels=counts)
        return
    yield Found(len(scan), outcome.gate, _dicts(outcome.findings))
    assigned = divide(scan, wish)
    yield Progress(0.8)
    written = _written(scan, assigned, outcome.flags, out)
    stats = _stats(scan, assigned, wish.seed, base, bases_dir)
    unsuited = of_base(scan.task, base, stats["unknown_share"] or 0.0, stats["scripts"])
    findings = ordered([*outcome.findings, *unsuited])
    yield Checked(
        len(scan),
        gate(findings),
        _dicts(findings),
        {name: int((assigned == number).sum()) for number, name in enumerate(splits.SPLITS)},
        _label_counts(scan, assigned),
        stats,
        written,
    )


def divide(scan: Scan, wish: Wish) -> NDArray[np.uint8]:
    """The split of each row. Raises Problem(`split.column`) where there is no column to divide by."""
    by = {"group": scan.group, "time": scan.date}.get(wish.split)
    if wish.split != "random" and by is None:
        raise Problem("split.column", split=wish.split)
    return splits.assign(
        _sorted_codes(scan),
        scan.fingerprint,
        wish.seed,
        scan.split,
        groups=scan.group if wish.split == "group" else None,
        dates=scan.date if wish.split == "time" else None,
    )


def _dicts(findings: Iterable[Finding]) -> tuple[dict[str, Any], ...]:
    return tuple(finding.as_dict() for finding in findings)


def _sorted_codes(scan: Scan) -> NDArray[np.int16]:
    """Label numbers in the order of the sorted labels, so that the order of the rows does not matter."""
    order = np.empty(len(scan.labels) + 1, np.int16)
    order[[scan.labels[name] for name in sorted(scan.labels)]] = np.arange(len(scan.labels))
    order[-1] = -1  # of a row without a label
    return order[scan.label]


def _label_counts(scan: Scan, assigned: NDArray[np.uint8]) -> dict[str, dict[str, int]]:
    """Label -> split -> rows, sorted by label; at most as many labels as are allowed plus one."""
    of_split = [label_counts(scan, assigned == number) for number in range(len(splits.SPLITS))]
    return {
        name: {
            split: int(counts[scan.labels[name]])
            for split, counts in zip(splits.SPLITS, of_split, strict=True)
        }
        for name in sorted(scan.labels)[:1001]
    }


def _sample(scan: Scan, assigned: NDArray[np.uint8], seed: int) -> NDArray[np.int64]:
    """The rows whose texts are looked at closely: of each split those that come first in the seed's order."""
    every = np.arange(0, len(scan), max(1, len(scan) // _LOOKED_THROUGH))
    order = splits.mixed(scan.fingerprint[every] ^ every.astype(np.uint64), seed)
    chosen = []
    for number in range(len(splits.SPLITS)):
        rows = np.flatnonzero(assigned[every] == number)
        chosen.append(every[rows[np.argsort(order[rows], kind="stable")[:SAMPLE]]])
    return np.sort(np.concatenate(chosen))


def _written(
    scan: Scan, assigned: NDArray[np.uint8], flags: Flags, out: str | Path
) -> dict[str, Any] | None:
    """Writes the version, and beside it which rows each finding is about."""
    if not out:
        return None
    about = version.About(scan.variant.stored or scan.variant.name, scan.columns)
    path = Path(out) / "version.parquet"
    files, names = strings(scan.files), strings(splits.SPLITS)
    with version.Writer(path, scan.roles, scan.extra, about) as writer:
        for start, batch in scan.spool.batches():
            rows = slice(start, start + batch.num_rows)
            writer.add_table(
                [
                    files.take(cells.array(scan.source[rows])),
                    cells.array(scan.line[rows].astype(np.int64)),
                    names.take(cells.array(assigned[rows])),
                    *batch.columns,
                ]
            )
    version.write_flags(path, flags)
    return writer.result


def _stats(
    scan: Scan, assigned: NDArray[np.uint8], seed: int, base: str, bases_dir: str | Path
) -> dict[str, Any]:
    """Of each split (and `all`) rows, characters and tokens with the special ones; scripts and the unknown share.

    Tokens are those of all that is read of a row; the rest is of the texts that stand for the rows.
    """
    rows = _sample(scan, assigned, seed)
    texts = cut_texts(scan, text_role(scan), rows)
    counts, unknown = token_counts(texts, base, bases_dir)
    for role in set(scan.task.beside) & set(scan.roles):
        more, _ = token_counts(cut_texts(scan, role, rows), base, bases_dir)
        counts = counts + more if counts is not None and more is not None else None
    stats: dict[str, Any] = {
        "labels": len(scan.labels),
        "one_label": scan.variant.doubtful,
        "base": base,
        "variant": scan.variant.stored or scan.variant.name,
        "test_hash": test_hash(scan, assigned),
        "scripts": scripts(texts),
        "unknown_share": unknown,
    }
    of_row = assigned[rows]
    for number, name in enumerate(splits.SPLITS):
        sizes = scan.size[assigned == number]
        stats[name] = _lengths(sizes) | _tokens(counts, of_row == number)
    stats["all"] = _lengths(scan.size) | _tokens(counts, of_row >= 0)
    return stats


def cut_texts(scan: Scan, role: str, rows: NDArray[np.int64]) -> list[str]:
    """Of a long text the beginning: it says enough."""
    return [text[:_LONGEST] for text in scan.spool.texts(role, rows)]


def text_role(scan: Scan) -> str:
    """The role whose texts stand for the rows."""
    return scan.task.text_role if scan.task.text_role in scan.roles else scan.roles[0]


def test_hash(scan: Scan, assigned: NDArray[np.uint8]) -> str:
    """Names the test rows, whatever their order: scores on rows of one name can be compared."""
    test = assigned == splits.SPLITS.index("test")
    prints, answers = scan.fingerprint[test], scan.answer
    if answers is not None:
        # Labels count by name: their numbers are those of their first appearance.
        named = (
            splits.digests(strings(scan.labels))[answers[test]] if scan.simple else answers[test]
        )
        prints = splits.mixed(prints ^ np.uint64(1), 0) ^ named
    if scan.further is not None:
        held = scan.further[test]
        prints = np.where(held > 0, splits.mixed(prints ^ held, 0), prints)
    return hashlib.sha256(np.sort(prints).tobytes()).hexdigest()[:16]


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


def of_base(task: Task, base: str, unknown: float, shares: Mapping[str, float]) -> list[Finding]:
    """Whether the base was made for such texts; nothing for tasks that it is not offered for.

    `unknown`: share of the tokens that it does not know; `shares`: of the letters by script.
    """
    entry = catalogue.find(base)
    if task.name not in entry.tasks:
        return []
    foreign = 1 - shares.get("latin", 0.0) if shares and entry.languages == ("en",) else 0.0
    if unknown >= UNKNOWN_RED:
        code = "base.language"
    elif unknown >= UNKNOWN_AMBER or foreign >= FOREIGN:
        code = "base.language_partly"
    else:
        return []
    share = max(unknown, foreign if unknown < UNKNOWN_AMBER else 0)
    values = {"base": entry.title, "base_id": base, "share": round(100 * share)}
    return [Finding(code, TABLE[code].severity, 1, (), values)]
