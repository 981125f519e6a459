"""Entities: spans (start, end, label) in code points of the text, compared as wholes, in part and word by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.coding.words import words
from training.scoring import counts, muc

Span = tuple[int, int, str]
Spans = Sequence[Sequence[Any]]
KINDS = ("missed", "spurious", "wrong_type", "boundary")


def entities(
    texts: Sequence[str], true: Sequence[Spans], predicted: Sequence[Spans]
) -> dict[str, Any]:
    """Metrics of the entities of every text. Labels are those that occur, true or predicted.

    An entity is right if start, end and label are; `partial`, `type`, `exact` and `strict` have the meaning of MUC,
    as nervaluate gives it.
    """
    right, got = [_clean(spans) for spans in true], [_clean(spans) for spans in predicted]
    pairs = list(zip(right, got, strict=True))
    names = sorted({label for spans in (*right, *got) for _, _, label in spans})
    tallies = _tallies(pairs, names)
    return {
        "accuracy": float(np.mean([a == b for a, b in pairs])) if pairs else 0.0,
        **counts.averages(*tallies),
        "per_label": counts.per_class(names, *tallies),
        **{name: muc.scores(name, pairs) for name in muc.NAMES},
        "token": _token(texts, pairs, names),
        "mistakes": _mistake_counts(texts, pairs),
    }


def span_mistakes(text: str, true: Spans, predicted: Spans) -> list[dict[str, Any]]:
    """What is wrong in one text, in the order of the text.

    [{"kind", "start", "end", "label", "text", "true"}]: the predicted span, and in `true` the one that it stands for
    ({"start", "end", "label", "text"}; None if `spurious`). Of a `missed` one all is the true span. `boundary`: the
    right label, other ends; `wrong_type`: another label, on the same or other ends.
    """
    right, got = _clean(true), _clean(predicted)
    missed = [span for span in right if span not in set(got)]
    wrong = [span for span in got if span not in set(right)]
    found = []
    for kind, span, other in _matched(missed, wrong):
        missed.remove(other)
        wrong.remove(span)
        found.append(_mistake(text, kind, span, other))
    found += [_mistake(text, "spurious", span, None) for span in wrong]
    found += [_mistake(text, "missed", span, span) for span in missed]
    return sorted(found, key=lambda one: (one["start"], one["end"], one["label"], one["kind"]))


def entity_statistics(true: Sequence[Spans], predicted: Sequence[Spans]) -> NDArray[np.int64]:
    """(rows, 3): entities that are right, predicted and true, for the bootstrap of `entity_f1`."""
    pairs = [(_clean(a), _clean(b)) for a, b in zip(true, predicted, strict=True)]
    rows = [(len(set(a) & set(b)), len(b), len(a)) for a, b in pairs]
    return np.array(rows, np.int64).reshape(-1, 3)


def entity_f1(sums: NDArray[Any]) -> float:
    """The micro F1 out of the sums of `entity_statistics`."""
    hits, predicted, true = (float(value) for value in sums)
    return 2 * hits / (predicted + true) if predicted + true else 0.0


def _clean(spans: Spans) -> list[Span]:
    """Each span once, without empty ones, in the order of the text."""
    return sorted({(int(s), int(e), str(label)) for s, e, label in spans if int(s) < int(e)})


def _tallies(
    pairs: Sequence[tuple[list[Span], list[Span]]], names: Sequence[str]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """How many spans of every label are right, predicted and true."""
    kinds: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    for true, got in pairs:
        for tally, spans in zip(kinds, (set(true) & set(got), got, true), strict=True):
            tally.update(label for _, _, label in spans)
    hits, given, support = (np.array([tally[n] for n in names], int) for tally in kinds)
    return hits, given, support


def _mistake_counts(
    texts: Sequence[str], pairs: Sequence[tuple[list[Span], list[Span]]]
) -> dict[str, int]:
    found = Counter(
        one["kind"]
        for text, (true, got) in zip(texts, pairs, strict=True)
        if true != got
        for one in span_mistakes(text, true, got)
    )
    return {kind: found[kind] for kind in KINDS}


def _matched(missed: Sequence[Span], wrong: Sequence[Span]) -> list[tuple[str, Span, Span]]:
    """Pairs of spans that overlap, the closest first and none of them twice."""
    pairs = sorted(
        (_distance(span, other), span, other)
        for span in wrong
        for other in missed
        if min(span[1], other[1]) > max(span[0], other[0])
    )
    taken: set[tuple[str, Span]] = set()
    found = []
    for _, span, other in pairs:
        if ("wrong", span) not in taken and ("missed", other) not in taken:
            taken |= {("wrong", span), ("missed", other)}
            found.append(("boundary" if span[2] == other[2] else "wrong_type", span, other))
    return found


def _distance(span: Span, other: Span) -> tuple[bool, bool, int]:
    """Same ends are closest, then the same label, then much in common."""
    common = min(span[1], other[1]) - max(span[0], other[0])
    return span[:2] != other[:2], span[2] != other[2], -common


def _mistake(text: str, kind: str, span: Span, true: Span | None) -> dict[str, Any]:
    return {"kind": kind, **_shown(text, span), "true": _shown(text, true) if true else None}


def _shown(text: str, span: Span) -> dict[str, Any]:
    start, end, label = span
    return {"start": start, "end": end, "label": label, "text": text[start:end]}


def _token(
    texts: Sequence[str], pairs: Sequence[tuple[list[Span], list[Span]]], names: Sequence[str]
) -> dict[str, Any]:
    """The report over words: each is B-X, I-X or O. The averages are over all of these, O as well."""
    tags = [f"{prefix}-{name}" for name in names for prefix in "BI"] + ["O"]
    hits, given, support = Counter[str](), Counter[str](), Counter[str]()
    for text, (true, got) in zip(texts, pairs, strict=True):
        places = words(text)
        right, found = tagged(places, true), tagged(places, got)
        support.update(right)
        given.update(found)
        hits.update(a for a, b in zip(right, found, strict=True) if a == b)
    columns = [[tally[tag] for tag in tags] for tally in (hits, given, support)]
    return {"per_label": counts.per_class(tags, *columns), **counts.averages(*columns)}


def tagged(places: Sequence[tuple[int, int]], spans: Iterable[Sequence[Any]]) -> list[str]:
    """The tag of every word (IOB2): a span has all words that it touches, unless an earlier one has them."""
    tags = ["O"] * len(places)
    ends = [end for _, end in places]
    for start, end, label in spans:
        first = int(np.searchsorted(ends, start, side="right"))
        prefix = "B"
        for place in range(first, len(places)):
            if places[place][0] >= end or tags[place] != "O":
                break
            tags[place], prefix = f"{prefix}-{label}", "I"
    return tags
