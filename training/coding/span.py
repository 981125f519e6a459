"""A question and a context, and where in the context the answer stands. Offsets count Unicode code points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.coding.words import clean

OVERLAP = 0.25  # of a window with the one before it
QUESTION = 0.5  # of the limit that a question takes at most
LONGEST = 40  # tokens of an answer
BEST = 20  # beginnings and ends that are paired

Record = Mapping[str, str]
Piece = dict[str, Any]
About = Mapping[str, Any]


class Answer(NamedTuple):
    """`context[start:end]`; `absent` is how likely it is that there is none, 0 to 1. An empty text: no answer."""

    text: str
    start: int
    end: int
    probability: float
    absent: float
    best: str = ""  # what would be the answer if there is one


def pieces(tokenizer: Any, records: Sequence[Record], limit: int, about: About) -> list[Piece]:
    """Windows over the context: {"row", "ids", "types"?, "size", "places": token -> (start, end) or None}."""
    if not records:
        return []
    questions = _questions(tokenizer, records, limit)
    encoded = tokenizer(
        questions,
        [clean(record["context"]) for record in records],
        truncation="only_second",
        max_length=limit,
        stride=round(limit * OVERLAP * (1 - QUESTION)),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding=False,
    )
    types = encoded.get("token_type_ids")
    found = []
    for number, row in enumerate(encoded["overflow_to_sample_mapping"]):
        ids, parts = encoded["input_ids"][number], encoded.sequence_ids(number)
        offsets = encoded["offset_mapping"][number]
        places = [
            tuple(place) if part == 1 and place[1] > place[0] else None
            for place, part in zip(offsets, parts, strict=True)
        ]
        piece = {"row": row, "ids": ids, "size": len(ids), "places": places}
        found.append({**piece, "types": types[number]} if types and any(types[number]) else piece)
    return found


def _questions(tokenizer: Any, records: Sequence[Record], limit: int) -> list[str]:
    """The questions, cut where they would leave no room for the context."""
    texts = [clean(record["question"]) for record in records]
    most = max(1, int(limit * QUESTION))
    encoded = tokenizer(texts, return_offsets_mapping=True, padding=False, verbose=False)
    return [
        text if len(ids) <= most else text[: offsets[most - 1][1]]
        for text, ids, offsets in zip(
            texts, encoded["input_ids"], encoded["offset_mapping"], strict=True
        )
    ]


def target(piece: Piece, start: int, end: int) -> tuple[int, int]:
    """First and last token of the answer; (0, 0), where it does not stand in this window."""
    inside = [
        token for token, place in enumerate(piece["places"])
        if place and place[0] < end and place[1] > start
    ]  # fmt: skip
    if not inside:
        return 0, 0
    first, last = piece["places"][inside[0]], piece["places"][inside[-1]]
    whole = first[0] <= start and last[1] >= end
    return (inside[0], inside[-1]) if whole else (0, 0)


def results(
    outputs: Sequence[NDArray[Any]],
    pieces: Sequence[Piece],
    records: Sequence[Record],
    about: About,
) -> list[Answer]:
    """The best answer of every record over its windows. Without rows that have none, there always is one."""
    windows: dict[int, list[tuple[Piece, NDArray[Any]]]] = defaultdict(list)
    for output, piece in zip(outputs, pieces, strict=True):
        windows[piece["row"]].append((piece, np.asarray(output, np.float64)))
    found = (_answer(windows[row], records[row]["context"]) for row in range(len(records)))
    least = about.get("absent_from")  # None: every question has an answer
    return [
        answer._replace(text="", start=0, end=0, best=answer.text)
        if _absent(answer, least)
        else answer
        for answer in found
    ]


def _absent(answer: Answer, least: float | None) -> bool:
    return least is not None and answer.absent >= least


def _answer(windows: Sequence[tuple[Piece, NDArray[Any]]], context: str) -> Answer:
    """Each window says where, and how much surer it is of this than of nothing; the surest one is believed."""
    found = [_in_window(piece, output, context) for piece, output in windows]
    return max(found, key=lambda item: (item[0], -item[1].start), default=(0.0, EMPTY))[1]


def _in_window(piece: Piece, output: NDArray[Any], context: str) -> tuple[float, Answer]:
    allowed = np.array([place is not None for place in piece["places"]])
    begins, ends = (np.where(allowed, output[:, side], -np.inf) for side in (0, 1))
    nothing = float(output[0].sum())
    if not allowed.any():
        return -np.inf, EMPTY
    # (first, last) of the best beginnings and ends that fit together
    chosen = [np.argsort(-side, kind="stable")[:BEST] for side in (begins, ends)]
    pairs = [
        (begins[a] + ends[b], a, b)
        for a in chosen[0] if allowed[a]
        for b in chosen[1] if allowed[b] and a <= b < a + LONGEST
    ]  # fmt: skip
    if not pairs:
        return -np.inf, EMPTY
    score, first, last = max(pairs, key=lambda item: (item[0], -item[1], -item[2]))
    start, end = piece["places"][first][0], piece["places"][last][1]
    sure = _share(begins, output[0, 0], first) * _share(ends, output[0, 1], last)
    absent = 1 / (1 + np.exp(np.clip(score - nothing, -60, 60)))
    return float(score - nothing), Answer(context[start:end], start, end, sure, float(absent))


def _share(logits: NDArray[Any], nothing: float, place: int) -> float:
    """The probability of one place among all places and nothing."""
    values = np.append(logits, nothing)
    powers = np.exp(values - values.max())
    return float(powers[place] / powers.sum())


EMPTY = Answer("", 0, 0, 0.0, 1.0)


def answers(
    results: Sequence[Answer], records: Sequence[Record], about: About
) -> list[dict[str, Any]]:
    """{"answer", "start", "end", "probability", "no_answer"}; an empty answer has no place."""
    return [
        {
            "answer": item.text,
            "start": item.start if item.text else None,
            "end": item.end if item.text else None,
            "probability": item.probability if item.text else item.absent,
            "no_answer": item.absent,
        }
        for item in results
    ]


def columns(about: About) -> list[str]:
    return ["answer", "answer_start", "probability"]


def cells(answer: Mapping[str, Any], about: About) -> list[str]:
    start = "" if answer["start"] is None else str(answer["start"])
    return [answer["answer"], start, f"{answer['probability']:.6f}"]
