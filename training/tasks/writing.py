"""What the tasks share whose models write: references, scores of what was written, simple answers to compare with."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import baselines, scoring
from training.coding.words import unspaced
from training.tasks.shape import Column, Learner, Row

About = Mapping[str, Any]
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*\s*")
LEADING = 3  # sentences of the simple summary
LOOKED = 200  # rows that tell the language
MOSTLY = 0.3  # share of Chinese characters, from which a language is Chinese


REFERENCES = "references"  # the role of what would be as good an answer


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def further(*guesses: str) -> Column:
    """The column of further references. `guesses`: names that stand with a number behind them, one a reference."""
    return Column(
        REFERENCES,
        _("Further references"),
        _(
            "Others that would be as good: a column for each, or one with a JSON list. They count for the scores alone."
        ),
        required=False,
        guesses=guesses,
        several=True,
        listed=True,
    )


def references(rows: Sequence[Row], answer: str) -> list[list[str]]:
    """Of each row what should be written, and what would be as good."""
    return [
        [row.values.get(answer, ""), *json.loads(row.values.get(REFERENCES) or "[]")]
        for row in rows
    ]


def language(texts: Sequence[str]) -> str:
    """ "zh" or "en": what the model is asked in."""
    letters = [char for text in texts[:LOOKED] for char in text[:500] if char.isalpha()]
    wide = sum(map(unspaced, letters))
    return "zh" if letters and wide > MOSTLY * len(letters) else "en"


def told(rows: Sequence[Row], role: str, answer: str) -> dict[str, Any]:
    """What the head has to know: the role that is written, and the language to ask in."""
    return {"answer": answer, "language": language([row.values[role] for row in rows])}


def scored(
    rows: Sequence[Row], texts: Sequence[str], about: About, role: str, answer: str
) -> dict[str, Any]:
    """BLEU, chrF and ROUGE from 0 to 100, and how the texts are."""
    sources = [row.values[role] for row in rows]
    found = scoring.texts.generative(sources, texts, references(rows, answer))
    return {name: value for name, value in found.items() if name != "rows"}


def overlap(
    rows: Sequence[Row], texts: Sequence[str], about: About, answer: str
) -> NDArray[np.float64]:
    """ROUGE-L of each row, 0 to 1."""
    found = scoring.texts.rouge_rows(list(texts), references(rows, answer))
    return np.array(found["rougeL"], float) / 100


def likeness(
    rows: Sequence[Row], texts: Sequence[str], about: About, answer: str
) -> NDArray[np.float64]:
    """chrF of each row, 0 to 1."""
    found = scoring.texts.chrf_rows(list(texts), references(rows, answer))
    return np.array(found, float) / 100


def shown(row: Row, answer: Mapping[str, Any], role: str, wanted: str) -> tuple[str, str, str]:
    return row.values[role], row.values[wanted], str(answer["text"])


# --- what costs nothing ---------------------------------------------------------------------------------------------


def copied(train: Sequence[Row], test: Sequence[Row], about: About, seed: int) -> dict[str, Any]:
    """The text as it is."""
    return {"copy": [row.values["source"] for row in test]}


def leading(train: Sequence[Row], test: Sequence[Row], about: About, seed: int) -> dict[str, Any]:
    """The first sentences."""
    return {"lead": ["".join(SENTENCE.findall(row.values["source"])[:LEADING]) for row in test]}


def commonest(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int, role: str, answer: str
) -> dict[str, Any]:
    """The commonest answer, and that to the training row whose words are the most alike."""
    counts = Counter(row.values[answer] for row in train)
    usual = counts.most_common(1)[0][0] if counts else ""
    found = baselines.nearest(
        [row.values[role] for row in train], [row.values[role] for row in test]
    )
    return {
        "majority": [usual] * len(test),
        "tfidf": [train[place].values[answer] if place >= 0 else usual for place in found],
    }


def learner(
    role: str,
    answer: str,
    *,
    summary: Mapping[str, str],
    main: str,
    hits: Callable[..., NDArray[np.float64]] = overlap,
    measure: str = "rougeL",
    simple: Callable[..., dict[str, Any]],
    inputs: tuple[str, ...] = (),
    score: Callable[..., dict[str, Any]] | None = None,
) -> Learner:
    """Of a task that writes `answer` after it has read `role`."""
    return Learner(
        head="text",
        inputs=inputs or (role,),
        about=partial(told, role=role, answer=answer),
        score=score or partial(scored, role=role, answer=answer),
        hits=partial(hits, answer=answer),
        measure=measure,
        simple=simple,
        summary=summary,
        main=main,
        shown=partial(shown, role=role, wanted=answer),
    )
