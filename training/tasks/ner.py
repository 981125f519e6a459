"""Named entities: spans of a text with a label each. Offsets count Unicode code points."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from training.tasks.shape import Column, Flaw, Parsed, Task, Variant

SPANS, TAGS, INLINE = "spans", "tags", "inline"
_INLINE = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")
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
    for match in _INLINE.finditer(text):
        plain += text[last : match.start()]
        spans.append(Span(len(plain), len(plain) + len(match[1]), match[2]))
        plain, last = plain + match[1], match.end()
    return plain + text[last:], spans


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
            parse=read_spans,
            least=1,
        ),
        Variant(
            name=TAGS,
            title=_("Tokens and tags"),
            needs=("tokens", "tags"),
            keeps=("text", "entities"),
            parse=read_tags,
            least=1,
            stored=SPANS,
        ),
        Variant(
            name=INLINE,
            title=_("Text with marked spans"),
            needs=("text",),
            keeps=("text", "entities"),
            parse=read_inline,
            least=1,
            stored=SPANS,
        ),
    ),
    label_role="entities",
)
