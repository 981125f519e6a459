"""Question answering: the answer stands in a context, or is written freely. Offsets count Unicode code points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import scoring
from training.coding import span
from training.coding.words import words
from training.tasks import writing
from training.tasks.shape import Column, Flaw, Learner, Parsed, Row, Task, Variant

EXTRACTIVE, GENERATIVE = "extractive", "generative"


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_extractive(values: Mapping[str, str]) -> Parsed:
    """The answer stands in the context; none means: not answerable."""
    context, question, answer = values["context"], values["question"], values["answer_text"]
    flaws = [
        Flaw("data.empty_text", role, question)
        for role in ("context", "question")
        if not values[role].strip()
    ]
    place, flaw = located(context, answer, values["answer_start"])
    if flaw:
        flaws.append(flaw)
    kept = (context, question, answer, str(place) if answer else "")
    if any(flaw.code != "answer.moved" for flaw in flaws):
        return Parsed(kept, "", flaws=tuple(flaws))
    return Parsed(kept, f"{question}\x1f{context}", flaws=tuple(flaws))


def located(context: str, answer: str, start: str) -> tuple[int, Flaw | None]:
    """Where the answer begins; -1 with a flaw where it does not stand in the context."""
    if not answer:
        return -1, None
    given = int(start) if start.strip().isdecimal() else -1
    if given >= 0 and context.startswith(answer, given):
        return given, None
    found = context.find(answer)
    if found < 0:
        return -1, Flaw("answer.missing", "answer_text", answer)
    if given >= 0:
        return found, Flaw("answer.moved", "answer_start", start, {"found": found})
    return found, None


# --- learning where the answer stands -------------------------------------------------------------------------------

About = Mapping[str, Any]
Found = Sequence[span.Answer]
SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？\n]*")
FEW_ABSENT = 0.005  # share of training rows without an answer, from which a question may have none


def answerable(rows: Sequence[Row]) -> dict[str, Any]:
    """Whether questions may have no answer; from which probability on is chosen on validation."""
    absent = sum(not row.values.get("answer_text") for row in rows)
    return {"absent_from": 0.5 if absent > FEW_ABSENT * len(rows) else None}


def teach(rows: Sequence[Row], pieces: Sequence[dict[str, Any]], about: About) -> None:
    for piece in pieces:
        values = rows[piece["row"]].values
        text = values.get("answer_text", "")
        start = int(values.get("answer_start") or 0)
        piece["target"] = span.target(piece, start, start + len(text)) if text else (0, 0)


def tune(rows: Sequence[Row], results: Found, about: About) -> dict[str, Any]:
    """The probability of no answer from which none is given, where the data has such questions."""
    if not rows or about["absent_from"] is None:
        return {}
    absent = [item.absent for item in results]
    texts = [item.best or item.text for item in results]
    found = scoring.best_no_answer_threshold(texts, writing.references(rows, "answer_text"), absent)
    return {"absent_from": float(np.clip(found["f1_threshold"], 0.01, 0.99))}


def score(rows: Sequence[Row], results: Found, about: About) -> dict[str, Any]:
    texts = [_given(item, about) for item in results]
    found = scoring.answers(texts, writing.references(rows, "answer_text"))
    return {name: value for name, value in found.items() if name not in ("values", "best")}


def _given(item: span.Answer, about: About) -> str:
    """With the threshold of `about`, which may be newer than the one that the result was made with."""
    least = about["absent_from"]
    return "" if least is not None and item.absent >= least else item.best or item.text


def hits(rows: Sequence[Row], results: Found, about: About) -> NDArray[np.float64]:
    texts = [_given(item, about) for item in results]
    return np.array(
        scoring.answers(texts, writing.references(rows, "answer_text"))["values"]["f1"], float
    )


def simple(train: Sequence[Row], test: Sequence[Row], about: About, seed: int) -> dict[str, Any]:
    """The sentence that has the most words of the question, and nothing at all."""
    nothing = [span.EMPTY for _ in test]
    return {"overlap": [_sentence(row) for row in test], "majority": nothing}


def _sentence(row: Row) -> span.Answer:
    context, asked = row.values["context"], _words(row.values["question"])
    parts = [match for match in SENTENCE.finditer(context) if match[0].strip()]
    best = max(parts, key=lambda part: (len(asked & _words(part[0])), -part.start()), default=None)
    if best is None:
        return span.EMPTY
    return span.Answer(best[0].strip(), best.start(), best.end(), 1.0, 0.0)


def _words(text: str) -> set[str]:
    return {text[a:b].lower() for a, b in words(text)}


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    return row.values["question"], row.values["answer_text"], str(answer["answer"])


EXTRACTS = Learner(
    head="span",
    inputs=("context", "question"),
    about=answerable,
    teach=teach,
    tune=tune,
    score=score,
    hits=hits,
    measure="answer_f1",
    simple=simple,
    summary={"f1": "f1", "exact_match": "exact_match"},
    main="f1",
    shown=shown,
)


# --- answers that are written ---------------------------------------------------------------------------------------


def score_written(rows: Sequence[Row], texts: Sequence[str], about: About) -> dict[str, Any]:
    """Exact match and F1 of the words, 0 to 1, and ROUGE and the like, 0 to 100."""
    found = scoring.answers(list(texts), writing.references(rows, "answer_text"))
    plain = {name: found[name] for name in ("exact_match", "f1")}
    return writing.scored(rows, texts, about, "question", "answer_text") | plain


def hits_written(
    rows: Sequence[Row], texts: Sequence[str], about: About, answer: str
) -> NDArray[np.float64]:
    return np.array(
        scoring.answers(list(texts), writing.references(rows, "answer_text"))["values"]["f1"], float
    )


WRITES = writing.learner(
    "question",
    "answer_text",
    summary={"f1": "f1", "exact_match": "exact_match", "rougeL": "rougeL"},
    main="f1",
    hits=hits_written,
    measure="answer_f1",
    simple=partial(writing.commonest, role="question", answer="answer_text"),
    score=score_written,
)

TASK = Task(
    name="question-answering",
    title=_("Question answering"),
    description=_("Find the answer to a question in a text."),
    icon="circle-question-mark",
    columns=(
        Column(
            "context",
            _("Context"),
            _(
                "The text in which the answer stands; leave it out for answers that are written freely."
            ),
            required=False,
            guesses=("context", "passage", "paragraph", "document", "上下文", "段落", "文章"),
        ),
        Column(
            "question",
            _("Question"),
            _("What is asked."),
            guesses=("question", "query", "问题"),
        ),
        Column(
            "answer_text",
            _("Answer"),
            _("The answer, word for word as in the context. Empty: not answerable."),
            guesses=("answer_text", "answer text", "answer", "response", "答案", "回答"),
        ),
        Column(
            "answer_start",
            _("Start of the answer"),
            _("Counted in characters from 0; found by itself where it is missing."),
            required=False,
            guesses=("answer_start", "answer start", "start"),
        ),
        writing.further("answers", "references", "reference", "answer", "答案"),
    ),
    variants=(
        Variant(
            name=EXTRACTIVE,
            title=_("The answer stands in the context"),
            needs=("context", "question", "answer_text"),
            keeps=("context", "question", "answer_text", "answer_start"),
            example=(
                "The shop opens at nine and closes at six.",
                "When does the shop open?",
                "nine",
            ),
            parse=read_extractive,
            may=(writing.REFERENCES,),
            learner=EXTRACTS,
        ),
        Variant(
            name=GENERATIVE,
            title=_("The answer is written freely"),
            needs=("question", "answer_text"),
            keeps=("question", "answer_text"),
            example=(
                "Do you ship abroad?",
                "Yes, to all of Europe.",
            ),
            key=("question",),
            target="answer_text",
            may=(writing.REFERENCES,),
            learner=WRITES,
        ),
    ),
    text_role="question",
    beside=("context",),
    label_role="answer_text",
)
