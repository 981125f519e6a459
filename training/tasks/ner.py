"""Named entities: spans of a text with a label each. Offsets count Unicode code points."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training import scoring
from training.coding import token
from training.coding.words import words
from training.tasks.shape import Column, Flaw, Learner, Parsed, Row, Task, Variant

SPANS, TAGS, INLINE = "spans", "tags", "inline"
_WIDE = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\uff00-\uffef\u3000-\u303f]"
)


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


class Span(NamedTuple):
    """`text[start:end]`, in code points."""

    start: int
    end: int
    label: str


def read_spans(values: Mapping[str, str]) -> Parsed:
    """`text` and its `entities`."""
    flaws: list[Flaw] = []
    spans = _of_json(values["text"], values["entities"], flaws)
    return _parsed(values["text"], spans, flaws, values["entities"])


def read_tags(values: Mapping[str, str]) -> Parsed:
    """`tokens` and `tags`, as many of the one as of the other."""
    flaws: list[Flaw] = []
    text, spans = _of_tags(values["tokens"], values["tags"], flaws)
    return _parsed(text, spans, flaws, values["tags"], "tokens")


def read_inline(values: Mapping[str, str]) -> Parsed:
    """A `text` with [marked](label) spans."""
    text, spans = of_inline(values["text"])
    return _parsed(text, spans, [], "")


def _parsed(
    text: str, spans: list[Span], flaws: list[Flaw], given: str, role: str = "text"
) -> Parsed:
    if not text.strip():
        flaws.append(Flaw("data.empty_text", role, given))
    kept = as_json(spans)
    if any(flaw.code != "span.overlap" for flaw in flaws):
        return Parsed((text, given), "", flaws=tuple(flaws))
    labels = tuple(dict.fromkeys(span.label for span in spans))
    return Parsed((text, kept), text, labels, kept, tuple(flaws))


def as_json(spans: Iterable[Span]) -> str:
    return json.dumps([span._asdict() for span in sorted(spans)], ensure_ascii=False)


def _of_json(text: str, entities: str, flaws: list[Flaw]) -> list[Span]:
    try:
        found = json.loads(entities) if entities.strip() else []
        spans = [_span(item) for item in found]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        flaws.append(Flaw("span.unread", "entities", entities))
        return []
    for span in spans:
        if not 0 <= span.start < span.end <= len(text) or not span.label.strip():
            values = {"start": span.start, "end": span.end, "length": len(text)}
            flaws.append(Flaw("span.range", "entities", entities, values))
            return []
    ordered = sorted(spans)
    if any(a.end > b.start for a, b in pairwise(ordered)):
        flaws.append(Flaw("span.overlap", "entities", entities))
    return list(dict.fromkeys(ordered))


def _span(item: Any) -> Span:
    """{"start", "end", "label"} or [start, end, label]; a number that is no whole one is refused."""
    start, end, label = (
        (item["start"], item["end"], item["label"]) if isinstance(item, dict) else item[:3]
    )
    if isinstance(start, bool) or not isinstance(start, int) or not isinstance(end, int):
        raise TypeError("offsets are whole numbers")
    return Span(start, end, str(label))


def _of_tags(tokens: str, tags: str, flaws: list[Flaw]) -> tuple[str, list[Span]]:
    words, marks = _items(tokens), _items(tags)
    if len(words) != len(marks):
        values = {"tokens": len(words), "tags": len(marks)}
        flaws.append(Flaw("tags.length", "tags", tags, values))
        return " ".join(words), []
    return of_tokens(words, marks)


def _items(cell: str) -> list[str]:
    """A JSON list, or words between spaces."""
    if cell.lstrip().startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            return cell.split()
        return [str(item) for item in found] if isinstance(found, list) else []
    return cell.split()


def of_tokens(words: Sequence[str], marks: Sequence[str]) -> tuple[str, list[Span]]:
    """The text and the spans of BIO or BIOES tags; Chinese characters stand without a space between them."""
    text, spans = "", []
    begun: Span | None = None
    for word, mark in zip(words, marks, strict=True):
        if text and not (_WIDE.match(text[-1]) and _WIDE.match(word[:1])):
            text += " "
        start, text = len(text), text + word
        prefix, _dash, label = mark.partition("-")
        prefix = prefix.upper()
        if begun and prefix in ("I", "E", "M", "L") and label == begun.label:
            begun = begun._replace(end=len(text))
            continue
        if begun:
            spans.append(begun)
        begun = Span(start, len(text), label) if label and prefix != "O" else None
    return text, [*spans, begun] if begun else spans


def of_inline(text: str) -> tuple[str, list[Span]]:
    """`I live in [Paris](city)` without its marks, and the spans that they made."""
    plain, spans, last = "", [], 0
    for match in token.INLINE.finditer(text):
        plain += text[last : match.start()]
        spans.append(Span(len(plain), len(plain) + len(match[1]), match[2]))
        plain, last = plain + match[1], match.end()
    return plain + text[last:], spans


# --- learning -------------------------------------------------------------------------------------------------------

About = Mapping[str, Any]
Found = Sequence[Sequence[Sequence[Any]]]  # of every row: (start, end, label, …)
LONG_ENTITIES = 3.0  # words of an entity on average, from which its end gets a tag of its own
LONGEST_ENTRY = 8  # words of an entry of the dictionary
OFTEN = 0.5  # share of an entry's occurrences that are entities, from which it is believed


def spans_of(row: Row) -> list[Span]:
    return sorted(_span(item) for item in json.loads(row.values.get("entities") or "[]"))


def labels(rows: Sequence[Row]) -> list[str]:
    return sorted({span.label for row in rows for span in spans_of(row)})


def scheme(rows: Sequence[Row]) -> dict[str, Any]:
    """BIOES where entities are long (in Chinese every character is a word), else BIO."""
    lengths = [
        len(words(row.values["text"][span.start : span.end]))
        for row in rows
        for span in spans_of(row)
    ]
    long = bool(lengths) and float(np.mean(lengths)) >= LONG_ENTITIES
    return {"scheme": token.BIOES if long else token.BIO}


def teach(rows: Sequence[Row], pieces: Sequence[dict[str, Any]], about: About) -> None:
    numbers = {tag: number for number, tag in enumerate(token.tags_of(about))}
    tags = [token.tagged(words(row.values["text"]), spans_of(row), about) for row in rows]
    for piece in pieces:
        own = tags[piece["row"]]
        piece["tags"] = [numbers.get(own[word], token.UNKNOWN) for word in piece["words"]]


def _spans(results: Found) -> list[list[tuple[int, int, str]]]:
    return [[(item[0], item[1], item[2]) for item in row] for row in results]


def score(rows: Sequence[Row], results: Found, about: About) -> dict[str, Any]:
    texts = [row.values["text"] for row in rows]
    return scoring.entities(texts, [spans_of(row) for row in rows], _spans(results))


def hits(rows: Sequence[Row], results: Found, about: About) -> NDArray[np.float64]:
    """The F1 of each row's entities; 1 where there are none and none were found."""
    found = scoring.entity_statistics([spans_of(row) for row in rows], _spans(results))
    both = found[:, 1] + found[:, 2]
    return np.where(both > 0, 2 * found[:, 0] / np.maximum(both, 1), 1.0)


def simple(train: Sequence[Row], test: Sequence[Row], about: About, seed: int) -> dict[str, Any]:
    entries = dictionary(train)
    return {"dictionary": [looked_up(row.values["text"], entries) for row in test]}


def dictionary(rows: Sequence[Row]) -> dict[tuple[str, ...], str]:
    """Words of the training entities -> their label, for those that mostly are entities where they occur."""
    marked: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for row in rows:
        for span in spans_of(row):
            marked[_key(row.values["text"][span.start : span.end])][span.label] += 1
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = _key(row.values["text"])
        for size in range(1, LONGEST_ENTRY + 1):
            seen.update(
                part for n in range(len(key) - size + 1) if (part := key[n : n + size]) in marked
            )
    return {
        key: found.most_common(1)[0][0]
        for key, found in marked.items()
        if 0 < len(key) <= LONGEST_ENTRY and found.total() >= OFTEN * seen[key]
    }


def looked_up(text: str, entries: Mapping[tuple[str, ...], str]) -> list[tuple[int, int, str]]:
    """The longest entries from the left on."""
    places, found, at = words(text), [], 0
    key = tuple(text[a:b].lower() for a, b in places)
    while at < len(places):
        sizes = range(min(LONGEST_ENTRY, len(places) - at), 0, -1)
        size = next((size for size in sizes if key[at : at + size] in entries), 0)
        if size:
            found.append((places[at][0], places[at + size - 1][1], entries[key[at : at + size]]))
        at += size or 1
    return found


def _key(text: str) -> tuple[str, ...]:
    return tuple(text[a:b].lower() for a, b in words(text))


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    text = row.values["text"]
    true = [f"{text[span.start : span.end]} ({span.label})" for span in spans_of(row)]
    found = [f"{item['text']} ({item['label']})" for item in answer["entities"]]
    return text, " · ".join(true), " · ".join(found)


LEARNER = Learner(
    head="token",
    inputs=("text",),
    labels=labels,
    about=scheme,
    teach=teach,
    score=score,
    hits=hits,
    measure="entity_f1",
    simple=simple,
    summary={"micro_f1": "micro.f1", "macro_f1": "macro.f1"},
    main="micro_f1",
    shown=shown,
)

TASK = Task(
    name="ner",
    title=_("Named entities"),
    description=_("Find names, places and amounts in a text."),
    icon="highlighter",
    columns=(
        Column(
            "text",
            _("Text"),
            _("What the model reads."),
            required=False,
            guesses=("text", "sentence", "content", "文本", "句子", "内容"),
        ),
        Column(
            "entities",
            _("Entities"),
            _("The spans as a list of start, end and label, counted in characters."),
            required=False,
            guesses=("entities", "spans", "annotations", "label", "labels", "实体", "标注"),
        ),
        Column(
            "tokens",
            _("Tokens"),
            _("The words of the text, where they are already separated."),
            required=False,
            guesses=("tokens", "words", "词"),
        ),
        Column(
            "tags",
            _("Tags"),
            _("A BIO or BIOES tag for each word."),
            required=False,
            guesses=("tags", "ner_tags", "ner", "bio", "标签"),
        ),
    ),
    variants=(
        Variant(
            name=SPANS,
            title=_("Text and spans"),
            needs=("text", "entities"),
            keeps=("text", "entities"),
            example=(
                "Ann moved to Paris",
                '[{"start": 0, "end": 3, "label": "person"}, {"start": 13, "end": 18, "label": "place"}]',
            ),
            parse=read_spans,
            least=1,
            learner=LEARNER,
        ),
        Variant(
            name=TAGS,
            title=_("Tokens and tags"),
            needs=("tokens", "tags"),
            keeps=("text", "entities"),
            example=(
                "Ann moved to Paris",
                "B-person O O B-place",
            ),
            parse=read_tags,
            least=1,
            stored=SPANS,
        ),
        Variant(
            name=INLINE,
            title=_("Text with marked spans"),
            needs=("text",),
            keeps=("text", "entities"),
            example=("[Ann](person) moved to [Paris](place)",),
            parse=read_inline,
            least=1,
            stored=SPANS,
        ),
    ),
    label_role="entities",
)
