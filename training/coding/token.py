"""Words of a text to tags, and tags to spans. Offsets count Unicode code points of the text as it was given."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.coding.words import clean, words

UNKNOWN = -100  # the target of a word whose label the model does not know: it has no loss
OVERLAP = 0.25  # of a window with the one before it
BIO, BIOES = "BIO", "BIOES"
OUT = "O"
IMPOSSIBLE = -1e9
# How a word is written, which a tokenizer that lowers letters does not tell: after the types that the base has itself.
PLAIN, TITLE, CAPITALS, INITIAL, MIXED = range(5)
SHAPES = 4  # all but PLAIN, which is the base's first type
INLINE = re.compile(r"\[([^\[\]]+)\]\(([^()\s]+)\)")  # [words](label) in a text

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]


class Entity(NamedTuple):
    """`text[start:end]`, in code points."""

    start: int
    end: int
    label: str
    probability: float = 1.0


def tags_of(about: About) -> list[str]:
    """O, then B-X, I-X (and E-X, S-X) of every label."""
    prefixes = "BIES" if about.get("scheme") == BIOES else "BI"
    return [OUT, *(f"{prefix}-{label}" for label in about["labels"] for prefix in prefixes)]


def is_inline(about: About) -> bool:
    """Whether the entities of the training data stood as marks in its texts."""
    given = about.get("columns") or {}
    return "text" in given and not {"entities", "tokens"} & set(given)


def unmarked(text: str) -> tuple[str, list[int]]:
    """The text without [marks](label), and for each of its characters, and its end, the place in the one given."""
    plain, places, last = "", [], 0
    for match in INLINE.finditer(text):
        plain += text[last : match.start()] + match[1]
        places += [*range(last, match.start()), *range(match.start(1), match.end(1))]
        last = match.end()
    return plain + text[last:], [*places, *range(last, len(text) + 1)]


def shifted(answer: dict[str, Any], text: str, places: Sequence[int]) -> dict[str, Any]:
    """An answer to a text without its marks as one to the text that was given."""
    found = []
    for item in answer["entities"]:
        start, end = places[item["start"]], places[item["end"] - 1] + 1
        found.append({**item, "start": start, "end": end, "text": text[start:end]})
    return {**answer, "entities": found}


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """Windows over long texts: {"row", "ids", "first": token of each word, "words": its number, "size"}.

    With `shapes` in `about`, the number of types that the base has, "types" says of each token how its word is written.
    """
    if not records:
        return []
    texts = [clean(record["text"]) for record in records]
    encoded = tokenizer(
        texts,
        truncation=True,
        max_length=limit,
        stride=round(limit * OVERLAP),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding=False,
    )
    places = [words(text) for text in texts]
    known, kinds = about.get("shapes"), list[list[int]]()
    if known:
        kinds = [
            [shape(text[a:b]) for a, b in own] for text, own in zip(texts, places, strict=True)
        ]
    found: list[Piece] = []
    for number, row in enumerate(encoded["overflow_to_sample_mapping"]):
        offsets = encoded["offset_mapping"][number]
        pairs = _firsts(texts[row], places[row], offsets)
        piece = {"row": row, "ids": encoded["input_ids"][number], "size": len(pairs)}
        if known:
            piece["types"] = _types(kinds[row], places[row], offsets, known)
        found.append({**piece, "first": [t for t, _ in pairs], "words": [w for _, w in pairs]})
    return found


def shape(word: str) -> int:
    """PLAIN without a capital letter; INITIAL is a single letter."""
    letters = [char for char in word if char.isalpha()]
    capital = [char.isupper() or char.istitle() for char in letters]
    if not any(capital):
        return PLAIN
    if len(letters) == 1:
        return INITIAL
    if all(capital):
        return CAPITALS
    return TITLE if capital[0] and not any(capital[1:]) else MIXED


def _types(
    kinds: Sequence[int],
    places: Sequence[tuple[int, int]],
    offsets: Sequence[tuple[int, int]],
    known: int,
) -> list[int]:
    """Of each token; all tokens of a word have the same. `kinds` are those of the words at `places`."""
    starts, found = [start for start, _ in places], []
    for begin, end in offsets:
        kind = kinds[bisect_right(starts, end - 1) - 1] if begin < end and starts else PLAIN
        found.append(known + kind - 1 if kind else 0)
    return found


def _firsts(
    text: str, places: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """(token, word) for the first token of every word; a word that began before the window is left out."""
    starts, seen = [start for start, _ in places], -1
    found: list[tuple[int, int]] = []
    for token, (begin, end) in enumerate(offsets):
        while begin < end and text[begin].isspace():
            begin += 1
        if begin >= end:  # a special token
            continue
        word = bisect_right(starts, begin) - 1
        if word > seen and (found or begin == starts[word]):
            found.append((token, word))
        seen = max(seen, word)
    return found


def tagged(places: Sequence[tuple[int, int]], spans: Sequence[Any], about: About) -> list[str]:
    """The tag of each word; a span that begins or ends within a word takes the whole of it."""
    tags, bioes = [OUT] * len(places), about.get("scheme") == BIOES
    for start, end, label in spans:
        inside = [n for n, (a, b) in enumerate(places) if a < end and b > start and tags[n] == OUT]
        for number in inside:
            tags[number] = f"{'B' if number == inside[0] else 'I'}-{label}"
        if bioes and inside:
            tags[inside[-1]] = f"{'S' if len(inside) == 1 else 'E'}-{label}"
    return tags


def results(
    outputs: Sequence[NDArray[Any]],
    pieces: Sequence[Piece],
    records: Sequence[Record],
    about: About,
) -> list[list[Entity]]:
    """The entities of every record, in the order of its text; words in two windows count the mean of both."""
    tags = tags_of(about)
    texts = [clean(record["text"]) for record in records]
    places = [words(text) for text in texts]
    sums = [np.zeros((len(spans), len(tags))) for spans in places]
    counts = [np.zeros((len(spans), 1)) for spans in places]
    for output, piece in zip(outputs, pieces, strict=True):
        if piece["size"]:
            sums[piece["row"]][piece["words"]] += np.asarray(output, np.float64)
            counts[piece["row"]][piece["words"]] += 1
    rules = transitions(tags)
    found = []
    for spans, total, count in zip(places, sums, counts, strict=True):
        logits = total / np.maximum(count, 1)
        logits[count[:, 0] == 0, 1:] = IMPOSSIBLE  # the tokenizer made nothing of it
        found.append(_entities(spans, logits, tags, rules))
    return found


def transitions(tags: Sequence[str]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(first, next, last): 0 where a tag may begin, follow another (rows before columns) or end, else IMPOSSIBLE."""
    count = len(tags)
    bioes = any(tag.startswith("S-") for tag in tags)
    begins = np.array([0.0 if tag[0] in "OBS" else IMPOSSIBLE for tag in tags])
    ends = np.array([IMPOSSIBLE if bioes and tag[0] in "BI" else 0.0 for tag in tags])
    follow = np.full((count, count), IMPOSSIBLE)
    for before, tag in enumerate(tags):
        open_ = tag[0] in "BI"
        for after, other in enumerate(tags):
            inner = other[0] in "IE"
            same = tag[2:] == other[2:]
            allowed = (open_ and same) if inner else not (bioes and open_)
            follow[before, after] = 0.0 if allowed else IMPOSSIBLE
    return begins, follow, ends


def best_path(logits: NDArray[Any], rules: tuple[NDArray[Any], ...]) -> list[int]:
    """The most likely tags (words,) that follow the rules (Viterbi)."""
    begins, follow, ends = rules
    score, back = logits[0] + begins, []
    for row in logits[1:]:
        table = score[:, None] + follow
        back.append(table.argmax(0))
        score = table.max(0) + row
    path = [int((score + ends).argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


def _entities(
    places: Sequence[tuple[int, int]], logits: NDArray[Any], tags: Sequence[str], rules: Any
) -> list[Entity]:
    if not places:
        return []
    shares = logits - logits.max(-1, keepdims=True)
    shares -= np.log(np.exp(shares).sum(-1, keepdims=True))
    path = best_path(shares, rules)
    found: list[Entity] = []
    begun: list[int] = []
    for number, place in enumerate([*path, 0]):
        tag = tags[place]
        if begun and tag[0] not in "IE":
            sure = float(np.exp(np.mean([shares[n, path[n]] for n in begun])))
            span = places[begun[0]][0], places[begun[-1]][1]
            found.append(Entity(*span, tags[path[begun[0]]][2:], sure))
            begun = []
        if tag != OUT:
            begun.append(number)
    return found


def answers(
    results: Sequence[Sequence[Entity]], records: Sequence[Record], about: About
) -> list[dict[str, Any]]:
    """{"entities": [{"start", "end", "label", "text", "probability"}]}."""
    return [
        {
            "entities": [
                {**entity._asdict(), "text": record["text"][entity.start : entity.end]}
                for entity in entities
            ]
        }
        for entities, record in zip(results, records, strict=True)
    ]


def columns(about: About) -> list[str]:
    return ["entities"]


def cells(answer: Mapping[str, Any], about: About) -> list[str]:
    shown = [{**item, "probability": round(item["probability"], 6)} for item in answer["entities"]]
    return [json.dumps(shown, ensure_ascii=False)]
