"""What the numbers of a scan say about the data as a whole: one function a rule."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.problems import Problem
from training.table import read
from training.table.reader import clean, shown
from training.tasks.shape import Task
from training.validation.findings import MAX_PLACES, Finding, Place, gate
from training.validation.scan import Scan, Source

THRESHOLDS: dict[str, int] = {
    "labels": 1000,  # more are refused
    "label_rows_red": 10,
    "label_rows_amber": 20,
    "skew_red": 100,  # the largest label over the smallest
    "skew_amber": 10,
    "rows_red": 20,
    "label_characters": 200,
    "text_tokens": 512,
}


@dataclass(frozen=True)
class Outcome:
    """`scan` holds the numbers of the rows that are kept, for splits and statistics."""

    findings: list[Finding]
    gate: str
    rows: int
    scan: Scan


def check(task: Task, sources: Iterable[Source], columns: Mapping[str, str]) -> Outcome:
    """All that is wrong with the files as data for this task."""
    steps = examine(task, sources, columns)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome


def examine(
    task: Task, sources: Iterable[Source], columns: Mapping[str, str]
) -> Generator[float, None, Outcome]:
    """`check` that yields how far it is, 0 to 1, and gives its outcome at the end."""
    scan = Scan(task, columns)
    yield from scan.run(sources)
    _rows(scan)
    if len(scan):
        _classes(scan)
        for rule in (*(() if scan.found.has("label.too_many") else OF_LABELS), *OF_TEXTS):
            rule(scan)
    findings = _with_texts(scan, scan.found.all())
    return Outcome(findings, gate(findings), len(scan), scan)


def _rows(scan: Scan) -> None:
    for number, source in enumerate(scan.sources):
        unread = scan.tables[number] is None or any(
            scan.found.has(code) for code in ("column.missing", "column.unmapped")
        )
        if not unread and not (scan.source == number).any():
            if scan.read and not scan.texts:
                scan.found.add(
                    "column.empty",
                    Place(source.name, 0, scan.columns["text"]),
                    column=scan.columns["text"],
                )
            else:
                scan.found.add("row.none", Place(source.name, 0), key=source.name, file=source.name)


def _classes(scan: Scan) -> None:
    enough = int((_train_counts(scan) >= 2).sum())
    if enough < 2:
        scan.found.add("label.classes", _first(scan), found=enough)
    if len(scan.labels) > THRESHOLDS["labels"]:
        values: dict[str, Any] = {
            "limit": THRESHOLDS["labels"],
            "found": len(scan.labels),
            "rows": len(scan),
        }
        scan.found.add("label.too_many", _first(scan), column=scan.columns["label"], **values)


def _sizes(scan: Scan) -> None:
    """Labels with few rows in the training file."""
    counts = _train_counts(scan)
    for code, low, high in (
        ("label.single", 1, 2),
        ("label.few", 2, THRESHOLDS["label_rows_red"]),
        ("label.thin", THRESHOLDS["label_rows_red"], THRESHOLDS["label_rows_amber"]),
    ):
        hit = np.flatnonzero((counts >= low) & (counts < high))
        _labels(scan, code, hit, counts)


def _skew(scan: Scan) -> None:
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
    if ratio > THRESHOLDS["skew_amber"]:
        code = "label.skewed" if ratio > THRESHOLDS["skew_red"] else "label.uneven"
        scan.found.add(code, **values)


def _untrained(scan: Scan) -> None:
    known = set(scan.label[scan.rows_of("train")].tolist())
    counts = np.bincount(scan.label, minlength=len(scan.labels))
    _labels(scan, "label.untrained", [n for n in range(len(scan.labels)) if n not in known], counts)


def _spelling(scan: Scan) -> None:
    """Labels that differ only in a way that a person hardly sees, and labels that are no names."""
    groups: dict[str, list[int]] = defaultdict(list)
    for name, number in scan.labels.items():
        groups[look(name)].append(number)
    counts = np.bincount(scan.label, minlength=len(scan.labels))
    _labels(
        scan,
        "label.alike",
        [n for group in groups.values() if len(group) > 1 for n in group],
        counts,
    )
    limit = THRESHOLDS["label_characters"]
    long = [number for name, number in scan.labels.items() if len(name) > limit]
    _labels(scan, "label.long", long, counts, limit=limit)


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


def _small(scan: Scan) -> None:
    if len(scan) < THRESHOLDS["rows_red"]:
        scan.found.add("data.small", found=len(scan))


def _long(scan: Scan) -> None:
    limit = THRESHOLDS["text_tokens"]
    hit = np.flatnonzero(scan.tokens > limit)
    if len(hit):
        values: dict[str, Any] = {
            "limit": limit,
            "words": limit * 3 // 4,
            "share": round(100 * len(hit) / len(scan), 1),
        }
        _places(scan, "data.long", hit, len(hit), scan.columns["text"], **values)


def _copies(scan: Scan) -> None:
    """Repeated rows within a file, and texts with several labels anywhere."""
    order = np.lexsort((np.arange(len(scan)), scan.fingerprint))
    prints, labels, source = scan.fingerprint[order], scan.label[order], scan.source[order]
    groups = np.concatenate(([0], np.cumsum(prints[1:] != prints[:-1])))
    del prints
    low, high = np.full(groups[-1] + 1, np.iinfo(np.int32).max), np.full(groups[-1] + 1, -1)
    np.minimum.at(low, groups, labels)
    np.maximum.at(high, groups, labels)
    torn = low != high
    if torn.any():
        hit = np.sort(order[torn[groups]])
        _places(scan, "data.conflict", hit, int(torn.sum()), scan.columns["text"])
    # A copy follows another row of the same text and file (rows of one text stand in the order of the files).
    copies = order[1:][(groups[1:] == groups[:-1]) & (source[1:] == source[:-1])]
    if len(copies):
        _places(scan, "data.duplicate", np.sort(copies), len(copies), scan.columns["text"])


def _leaks(scan: Scan) -> None:
    for split, other in (("test", "train"), ("valid", "train"), ("test", "valid")):
        mine, theirs = scan.rows_of(split), scan.rows_of(other)
        if not mine.any() or not theirs.any():
            continue
        hit = np.flatnonzero(mine & np.isin(scan.fingerprint, np.unique(scan.fingerprint[theirs])))
        if len(hit):
            values: dict[str, Any] = {
                "split": split,
                "other": other,
                "share": round(100 * len(hit) / int(mine.sum()), 1),
            }
            _places(
                scan,
                "leak.text",
                hit,
                len(hit),
                scan.columns["text"],
                key=f"{split}-{other}",
                **values,
            )


OF_LABELS = (_sizes, _skew, _untrained, _spelling)
OF_TEXTS = (_small, _long, _copies, _leaks)


def _train_counts(scan: Scan) -> NDArray[np.int64]:
    size = int(scan.label.max()) + 1 if len(scan) else 0
    return np.bincount(scan.label[scan.rows_of("train")], minlength=max(size, len(scan.labels)))


def _labels(
    scan: Scan, code: str, numbers: Iterable[int], counts: NDArray[np.int64], **values: Any
) -> None:
    """A finding about whole labels; its places are their first rows, its values name them with their rows."""
    names = list(scan.labels)
    chosen = [int(number) for number in numbers if number < len(names)]
    if not chosen:
        return
    first: dict[int, int] = dict(zip(*np.unique(scan.label, return_index=True), strict=True))
    listed = [[shown(names[number], 60), int(counts[number])] for number in chosen[:MAX_PLACES]]
    for number in chosen:
        row = first[number]
        place = Place(
            scan.sources[scan.source[row]].name,
            int(scan.line[row]),
            scan.columns["label"],
            names[number],
        )
        scan.found.add(code, place, labels=listed, **values)


def _places(
    scan: Scan,
    code: str,
    rows: NDArray[np.intp],
    count: int,
    column: str,
    key: str = "",
    **values: Any,
) -> None:
    """A finding about rows; the texts are filled in at the end."""
    for row in rows[:MAX_PLACES]:
        place = Place(scan.sources[scan.source[row]].name, int(scan.line[row]), column, _WANTED)
        scan.found.add(code, place, key=key, count=0, **values)
    scan.found.add(code, key=key, count=count, **values)


def _first(scan: Scan) -> Place:
    return Place(scan.sources[scan.source[0]].name, int(scan.line[0]), scan.columns["label"])


_WANTED = "\0"  # a value that is still to be read


def _with_texts(scan: Scan, findings: list[Finding]) -> list[Finding]:
    """The findings with the texts of their places, which are read again: the scan keeps none."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for finding in findings:
        for place in finding.places:
            if place.value == _WANTED:
                wanted[place.file].add(place.line)
    if not wanted:
        return findings
    texts: dict[tuple[str, int], str] = {}
    for source in scan.sources:
        if source.name in wanted:
            texts.update(_texts(scan, source, wanted[source.name]))
    return [_filled(finding, texts) for finding in findings]


def _texts(scan: Scan, source: Source, lines: set[int]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    try:
        table = read(source.path, source.encoding, source.delimiter)
        text_at, label_at = table.index(scan.columns["text"]), table.index(scan.columns["label"])
    except (Problem, OSError):
        return found
    last = max(lines)
    for record in table:
        if record.line in lines:
            label, text = clean(record.cells[label_at]), clean(record.cells[text_at])
            found[source.name, record.line] = f"{shown(label, 40)} · {shown(text, 80)}"
        if record.line >= last:
            break
    return found


def _filled(finding: Finding, texts: dict[tuple[str, int], str]) -> Finding:
    places = tuple(
        Place(place.file, place.line, place.column, texts.get((place.file, place.line), ""))
        if place.value == _WANTED
        else place
        for place in finding.places
    )
    return Finding(finding.code, finding.severity, finding.count, places, finding.values)
