"""Relations: how are two marked things in a text related? Offsets count Unicode code points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import baselines, scoring
from training.coding import relation
from training.tasks.one_label import hits, labels, targets, teach
from training.tasks.shape import Column, Flaw, Learner, Parsed, Row, Task, Variant

OFFSETS, MARKERS = "offsets", "markers"
PLACES = ("head_start", "head_end", "tail_start", "tail_end")
_MARKED = re.compile(r"<(/?)e([12])>")


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_offsets(values: Mapping[str, str]) -> Parsed:
    """`text`, the four offsets, `label`."""
    text, label = values["text"], values["label"]
    places = [values[role] for role in PLACES]
    offsets = [int(place) if place.strip().isdecimal() else -1 for place in places]
    flaws = _empty(text, label)
    if not flaws and any(not 0 <= a < b <= len(text) for a, b in (offsets[:2], offsets[2:])):
        shown = {"start": places[0], "end": places[1], "length": len(text)}
        flaws = (Flaw("span.range", "head_start", ", ".join(places), shown),)
    return _parsed(text, offsets, label, flaws)


def read_markers(values: Mapping[str, str]) -> Parsed:
    """A text with <e1>…</e1> and <e2>…</e2>, kept without its marks."""
    text, label = values["text"], values["label"]
    found, flaws = of_markers(text), _empty(text, label)
    if not flaws and found is None:
        flaws = (Flaw("span.markers", "text", text),)
    plain, offsets = found or (text, [0, 0, 0, 0])
    return _parsed(plain, offsets, label, flaws)


def _parsed(text: str, offsets: list[int], label: str, flaws: tuple[Flaw, ...]) -> Parsed:
    kept = (text, *map(str, offsets))
    if flaws:
        return Parsed((*kept, label), "", flaws=flaws)
    return Parsed((*kept, label), "\x1f".join(kept), (label,), label)


def _empty(text: str, label: str) -> tuple[Flaw, ...]:
    found = [] if text.strip() else [Flaw("data.empty_text", "text", label)]
    return tuple(found if label.strip() else [*found, Flaw("label.empty", "label", text)])


def of_markers(text: str) -> tuple[str, list[int]] | None:
    """The text without marks and [head start, head end, tail start, tail end]; None unless each mark stands once."""
    places: dict[str, int] = {}
    plain, last = "", 0
    for match in _MARKED.finditer(text):
        plain, last = plain + text[last : match.start()], match.end()
        name = match[2] + ("end" if match[1] else "start")
        if name in places:
            return None
        places[name] = len(plain)
    wanted = [places.get(name, -1) for name in ("1start", "1end", "2start", "2end")]
    if min(wanted) < 0 or wanted[0] >= wanted[1] or wanted[2] >= wanted[3]:
        return None
    return plain + text[last:], wanted


def _offset(role: str, title: str) -> Column:
    spaced = role.replace("_", " ")
    return Column(
        role, title, _("Counted in characters from 0."), required=False, guesses=(role, spaced)
    )


# --- learning -------------------------------------------------------------------------------------------------------

About = Mapping[str, Any]
Table = NDArray[np.float64]  # probabilities (rows, labels)


def score(rows: Sequence[Row], table: Table, about: About) -> dict[str, Any]:
    names = about["labels"]
    values = np.asarray(table, np.float64).reshape(-1, len(names))
    true, got = targets(rows, about), values.argmax(-1)
    plain = scoring.classification(true, got, values, names)
    return plain | scoring.relations(true, got, names)


def simple(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int
) -> dict[str, NDArray[Any]]:
    truth, count = targets(train, about), len(about["labels"])
    texts = [[relation.marked(row.values)[0] for row in rows] for rows in (train, test)]
    return {
        "majority": baselines.majority(truth, len(test), count),
        "tfidf": baselines.tfidf(texts[0], truth, texts[1], count, seed),
    }


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    text, (a, b, c, d) = relation.untagged(row.values)
    marks = sorted([(a, "<e1>"), (b, "</e1>"), (c, "<e2>"), (d, "</e2>")], reverse=True)
    for place, mark in marks:
        text = text[:place] + mark + text[place:]
    return text, row.values["label"], str(answer["label"])


LEARNER = Learner(
    head="relation",
    inputs=("text", *PLACES),
    optional=PLACES,  # the text may be marked with <e1> and <e2> instead
    labels=labels,
    teach=teach,
    score=score,
    hits=hits,
    simple=simple,
    summary={"accuracy": "accuracy", "macro_f1": "macro.f1", "official_f1": "official_f1"},
    main="official_f1",
    shown=shown,
)

TASK = Task(
    name="relation-extraction",
    title=_("Relations"),
    description=_("How are two things in a text related?"),
    icon="waypoints",
    columns=(
        Column(
            "text",
            _("Text"),
            _("What the model reads; the two things may be marked with <e1> and <e2>."),
            guesses=("text", "sentence", "content", "文本", "句子"),
        ),
        _offset("head_start", _("Head: start")),
        _offset("head_end", _("Head: end")),
        _offset("tail_start", _("Tail: start")),
        _offset("tail_end", _("Tail: end")),
        Column(
            "label",
            _("Relation"),
            _("How the head is related to the tail."),
            guesses=("label", "relation", "class", "type", "关系", "标签"),
        ),
    ),
    variants=(
        Variant(
            name=OFFSETS,
            title=_("Text and places"),
            needs=("text", *PLACES, "label"),
            keeps=("text", *PLACES, "label"),
            example=(
                "Ann works for Acme",
                "0",
                "3",
                "14",
                "18",
                "works_for",
            ),
            parse=read_offsets,
            least=2,
            learner=LEARNER,
        ),
        Variant(
            name=MARKERS,
            title=_("Text with <e1> and <e2> marks"),
            needs=("text", "label"),
            keeps=("text", *PLACES, "label"),
            example=(
                "<e1>Ann</e1> works for <e2>Acme</e2>",
                "works_for",
            ),
            parse=read_markers,
            least=2,
            stored=OFFSETS,
        ),
    ),
)
