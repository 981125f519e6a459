"""What the numbers of a scan say about the data as a whole: one function a rule."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.spool import Spool
from training.table.reader import shown
from training.tasks.shape import Task
from training.validation.findings import MAX_PLACES, Finding, Place, gate
from training.validation.gates import LABEL_CHARACTERS, TEXT_TOKENS, limit
from training.validation.rows import Source
from training.validation.scan import Scan

_PIECE = 1 << 16
_BITS = 20
_LAST = np.uint64((1 << _BITS) - 1)
Flags = dict[str, NDArray[np.int64]]  # finding -> the rows that it is about, ascending


@dataclass(frozen=True)
class Outcome:
    """`scan` holds the numbers of the rows that are kept, for splits and statistics."""

    findings: list[Finding]
    gate: str
    rows: int
    scan: Scan
    flags: Flags = field(default_factory=dict)


def check(task: Task, sources: Iterable[Source], columns: Mapping[str, str]) -> Outcome:
    """All that is wrong with the files as data for this task."""
    with Spool() as spool:
        scan = Scan(task, columns, spool)
        for _ in scan.run(sources):
            pass
        return judge(scan)


def judge(scan: Scan) -> Outcome:
    """What the numbers of a scan say."""
    flags: Flags = {}
    _rows(scan)
    if len(scan):
        _classes(scan)
        skipped = scan.found.has("label.too_many") or not scan.labels
        for rule in (*(() if skipped else OF_LABELS), *OF_TEXTS):
            rule(scan, flags)
    findings = _with_texts(scan, scan.found.all())
    return Outcome(findings, gate(findings), len(scan), scan, flags)


def _rows(scan: Scan) -> None:
    if not scan.sources and not len(scan):
        scan.found.add("row.none", file=", ".join(scan.files))
    for number, source in enumerate(scan.sources):
        unread = scan.tables[number] is None or any(
            scan.found.has(code) for code in ("column.missing", "column.unmapped")
        )
        if unread or (scan.source == number).any():
            continue
        empty = next((r for r, rows in scan.flawed.items() if rows == scan.read), "")
        if scan.read and empty and not len(scan):
            column = scan.columns.get(empty, empty)
            scan.found.add("column.empty", Place(source.name, 0, column), column=column)
        else:
            scan.found.add("row.none", Place(source.name, 0), key=source.name, file=source.name)


def _classes(scan: Scan) -> None:
    least = scan.variant.least
    enough = int((_train_counts(scan) >= 2).sum())
    if enough < least:
        code = "label.classes" if least > 1 else "label.none"
        scan.found.add(code, scan.place(0, scan.task.label_role), found=enough)
    if len(scan.labels) > limit("labels_most"):
        values: dict[str, Any] = {
            "limit": limit("labels_most"),
            "found": len(scan.labels),
            "rows": len(scan),
        }
        place = scan.place(0, scan.task.label_role)
        scan.found.add("label.too_many", place, column=place.column, **values)


def _sizes(scan: Scan, flags: Flags) -> None:
    """Labels with few rows in the training file."""
    counts = _train_counts(scan)
    for code, low, high in (
        ("label.single", 1, 2),
        ("label.few", 2, limit("label_rows_red")),
        ("label.thin", limit("label_rows_red"), limit("label_rows_amber")),
        ("label.modest", limit("label_rows_amber"), limit("label_rows_green")),
    ):
        hit = np.flatnonzero((counts >= low) & (counts < high))
        _labels(scan, flags, code, hit, counts)


def _skew(scan: Scan, flags: Flags) -> None:
    counts = _train_counts(scan)
    names = list(scan.labels)
    present = np.flatnonzero(counts)
    if len(present) < 2:
        return
    most, least = present[counts[present].argmax()], present[counts[present].argmin()]
    ratio = counts[most] / counts[least]
    values: dict[str, Any] = {
        "most": shown(names[most], 60),
        "least": shown(names[least], 60),
        "ratio": round(float(ratio)),
    }
    if ratio > limit("ratio_amber"):
        code = "label.skewed" if ratio > limit("ratio_red") else "label.uneven"
        scan.found.add(code, **values)


def _untrained(scan: Scan, flags: Flags) -> None:
    """Labels that stand in validation or test alone, and labels that a given test file lacks."""
    counts = label_counts(scan, np.ones(len(scan), bool))
    train = _train_counts(scan)
    missing = np.flatnonzero((train == 0) & (counts > 0))
    _labels(scan, flags, "label.untrained", missing, counts)
    test = label_counts(scan, scan.rows_of("test"))
    if test.any():
        untested = np.flatnonzero((test == 0) & (train > 0))
        _labels(scan, flags, "label.untested", untested, counts)


def _shares(scan: Scan, flags: Flags) -> None:
    """Labels whose share of the rows differs between the files that were given."""
    names, points = list(scan.labels), limit("share_points")
    train = _train_counts(scan)
    for split in ("valid", "test"):
        counts = label_counts(scan, scan.rows_of(split))
        if not counts.any() or not train.any():
            continue
        differ = 100 * (counts / counts.sum() - train / train.sum())
        hit = np.flatnonzero(np.abs(differ) > points)
        hit = hit[np.argsort(-np.abs(differ[hit]), kind="stable")]
        if len(hit):
            listed = [[shown(names[n], 60), round(float(differ[n]), 1)] for n in hit[:MAX_PLACES]]
            values: dict[str, Any] = {"split": split, "points": points, "labels": listed}
            scan.found.add("split.shares", count=len(hit), key=split, **values)


def _spelling(scan: Scan, flags: Flags) -> None:
    """Labels that differ only in a way that a person hardly sees, and labels that are no names."""
    groups: dict[str, list[int]] = defaultdict(list)
    for name, number in scan.labels.items():
        groups[look(name)].append(number)
    counts = label_counts(scan, np.ones(len(scan), bool))
    alike = [number for group in groups.values() if len(group) > 1 for number in group]
    _labels(scan, flags, "label.alike", alike, counts)
    long = [number for name, number in scan.labels.items() if len(name) > LABEL_CHARACTERS]
    _labels(scan, flags, "label.long", long, counts, limit=LABEL_CHARACTERS)


# Cyrillic and Greek letters that look like Latin ones, small because the case is folded first.
_ALIKE = str.maketrans(
    dict(zip("аеорсухіјѕԁһӏіоαορνικτυχβ", "aeopcyxijsdhlioaopvikтuxв", strict=True))
)


def look(label: str) -> str:
    """What a label looks like: without case, spaces, width, look-alike letters, or ways of writing one number."""
    text = unicodedata.normalize("NFKC", label).casefold().translate(_ALIKE)
    text = re.sub("[\u200b-\u200f\u2060\ufeff\u00ad]", "", text)
    text = re.sub(r"[\s_-]+", " ", text).strip()
    if re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d{1,2})?", text) and text.isascii():
        return repr(float(text))
    return text


def _small(scan: Scan, flags: Flags) -> None:
    if len(scan) < limit("rows_red"):
        scan.found.add("data.small", found=len(scan))


def _long(scan: Scan, flags: Flags) -> None:
    hit = np.flatnonzero(scan.tokens > TEXT_TOKENS)
    if len(hit):
        share = round(100 * len(hit) / len(scan), 1)
        words = TEXT_TOKENS * 3 // 4
        code = "data.truncated" if share > limit("truncated_red") else "data.long"
        values: dict[str, Any] = {"limit": TEXT_TOKENS, "words": words, "share": share}
        _places(scan, flags, code, hit, len(hit), **values)


def _copies(scan: Scan, flags: Flags) -> None:
    """Repeated rows within a file, and texts with several labels anywhere."""
    rows = _repeated(scan.fingerprint)
    if not len(rows):
        return
    rows = rows[np.argsort(scan.fingerprint[rows], kind="stable")]
    prints, source = scan.fingerprint[rows], scan.source[rows]
    answers = scan.answer[rows] if scan.answer is not None else None
    same_text = prints[1:] == prints[:-1]
    if answers is not None and scan.labels:
        groups = np.concatenate(([0], np.cumsum(~same_text)))
        differs = np.zeros(groups[-1] + 1, bool)
        differs[groups[1:][(answers[1:] != answers[:-1]) & same_text]] = True
        if differs.any():
            hit = np.sort(rows[differs[groups]])
            _places(scan, flags, "label.contradictory", hit, int(differs.sum()))
    split = scan.split[rows]
    same = same_text & (source[1:] == source[:-1]) & (split[1:] == split[:-1])
    if answers is not None and not scan.labels:
        same &= answers[1:] == answers[:-1]  # one source with several targets is no copy
    # A copy follows another row of the same text and file (rows of one text stand in the order of the files).
    copies = rows[1:][same]
    if len(copies):
        _places(scan, flags, "row.duplicate", np.sort(copies), len(copies))


def _repeated(prints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows whose text stands there more than once."""
    ordered = np.sort(prints)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    return among(prints, twice)


def among(prints: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The rows whose number is among the known ones (ascending); in parts, since there may be millions."""
    found = [np.zeros(0, np.int64)]
    maybe = np.zeros(
        1 << _BITS, bool
    )  # by the last bits, which is quick and leaves few to look for
    maybe[known & _LAST] = True
    for begin in range(0, len(prints) if len(known) else 0, _PIECE):
        rows = np.flatnonzero(maybe[prints[begin : begin + _PIECE] & _LAST]) + begin
        part = prints[rows]
        at = np.minimum(np.searchsorted(known, part), len(known) - 1)
        found.append(rows[known[at] == part])
    return np.concatenate(found)


def _leaks(scan: Scan, flags: Flags) -> None:
    for split, other in (("test", "train"), ("valid", "train"), ("test", "valid")):
        mine, theirs = scan.rows_of(split), scan.rows_of(other)
        if not mine.any() or not theirs.any():
            continue
        hit = among(scan.fingerprint, np.unique(scan.fingerprint[theirs]))
        hit = hit[mine[hit]]
        if len(hit):
            share = round(100 * len(hit) / int(mine.sum()), 1)
            values: dict[str, Any] = {"split": split, "other": other, "share": share}
            _places(scan, flags, "leak.exact", hit, len(hit), f"{split}-{other}", **values)
            back = among(scan.fingerprint, np.unique(scan.fingerprint[hit]))
            flags[f"leak.exact:{other}-{split}"] = back[theirs[back]].astype(np.int64)


OF_LABELS = (_sizes, _skew, _untrained, _shares, _spelling)
OF_TEXTS = (_small, _long, _copies, _leaks)


def _train_counts(scan: Scan) -> NDArray[np.int64]:
    return label_counts(scan, scan.rows_of("train"))


def label_counts(scan: Scan, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of each label the chosen rows that have it."""
    return np.bincount(scan.codes_of(chosen), minlength=max(len(scan.labels), 1))


def _labels(
    scan: Scan,
    flags: Flags,
    code: str,
    numbers: Iterable[int],
    counts: NDArray[np.int64],
    **values: Any,
) -> None:
    """A finding about whole labels; its places are their first rows, its values name them with their rows."""
    names = list(scan.labels)
    chosen = [int(number) for number in numbers if number < len(names)]
    if not chosen:
        return
    rows = scan.rows_of_codes()
    known, at = np.unique(scan.codes, return_index=True)
    first = dict(zip(known.tolist(), rows[at].tolist(), strict=True))
    listed = [[shown(names[number], 60), int(counts[number])] for number in chosen[:MAX_PLACES]]
    for number in chosen:
        place = scan.place(first[number], scan.task.label_role, names[number])
        scan.found.add(code, place, labels=listed, **values)
    flags[code] = np.unique(rows[np.isin(scan.codes, chosen)])


def _places(
    scan: Scan,
    flags: Flags,
    code: str,
    rows: NDArray[np.intp],
    count: int,
    key: str = "",
    **values: Any,
) -> None:
    """A finding about rows; the texts are filled in at the end."""
    for row in rows[:MAX_PLACES]:
        place = scan.place(int(row), scan.task.text_role, f"{_WANTED}{row}")
        scan.found.add(code, place, key=key, count=0, **values)
    scan.found.add(code, key=key, count=count, **values)
    flags[f"{code}:{key}" if key else code] = rows.astype(np.int64)


_WANTED = "\0"  # before the number of a row whose text is still to be read


def _with_texts(scan: Scan, findings: list[Finding]) -> list[Finding]:
    """The findings with the texts of their places, which the spool holds."""
    places = [place for finding in findings for place in finding.places]
    wanted = {int(p.value[1:]) for p in places if p.value.startswith(_WANTED)}
    texts = shown_rows(scan, np.array(sorted(wanted), np.int64))
    return [_filled(finding, texts) for finding in findings]


def shown_rows(scan: Scan, rows: NDArray[np.int64]) -> dict[int, str]:
    """Of each row (ascending) its label and the beginning of its text."""
    role = scan.task.text_role if scan.task.text_role in scan.roles else scan.roles[0]
    texts = [shown(text, 80) for text in scan.spool.texts(role, rows)]
    if scan.variant.label:
        found = scan.spool.texts(scan.variant.label, rows)
        texts = [f"{shown(a, 40)} · {text}" for a, text in zip(found, texts, strict=True)]
    return dict(zip(rows.tolist(), texts, strict=True))


def _filled(finding: Finding, texts: dict[int, str]) -> Finding:
    places = tuple(
        replace(place, value=texts[int(place.value[1:])])
        if place.value.startswith(_WANTED)
        else place
        for place in finding.places
    )
    return replace(finding, places=places)
