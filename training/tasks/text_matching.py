"""Text matching: do two texts mean the same, or how much?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import baselines, scoring
from training.coding import pair, sequence
from training.tasks import bi_encoder, searching
from training.tasks.one_label import hits, labels, targets, teach
from training.tasks.shape import Column, Flaw, Learner, Parsed, Row, Task, Variant

LABEL, SCORE = "label", "score"


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_score(values: Mapping[str, str]) -> Parsed:
    """Two texts and how alike they are, as a number."""
    first, second, score = values["text_a"], values["text_b"], values["score"].strip()
    flaws = [
        Flaw("data.empty_text", role, score)
        for role in ("text_a", "text_b")
        if not values[role].strip()
    ]
    if not score:
        flaws.append(Flaw("label.empty", "score", first))
    elif not is_number(score):
        flaws.append(Flaw("score.number", "score", score))
    if flaws:
        return Parsed((first, second, score), "", flaws=tuple(flaws))
    return Parsed((first, second, score), f"{first}\x1f{second}", (), score)


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# --- learning -------------------------------------------------------------------------------------------------------

About = Mapping[str, Any]
Table = NDArray[np.float64]
TEXTS = ("text_a", "text_b")


def score(rows: Sequence[Row], table: Table, about: About) -> dict[str, Any]:
    names = about["labels"]
    values = np.asarray(table, np.float64).reshape(-1, len(names))
    true = targets(rows, about)
    found = scoring.classification(true, values.argmax(-1), values, names)
    if len(names) == 2:
        found["binary"] = scoring.binary((true == 1).astype(int), values[:, 1])
    return found


def simple(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int
) -> dict[str, NDArray[Any]]:
    truth, count = targets(train, about), len(about["labels"])
    pairs = [[_pair(row) for row in rows] for rows in (train, test)]
    return {
        "majority": baselines.majority(truth, len(test), count),
        "tfidf": baselines.tfidf_pairs(pairs[0], truth, pairs[1], count),
    }


def _pair(row: Row) -> tuple[str, str]:
    return row.values["text_a"], row.values["text_b"]


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    return "\n".join(_pair(row)), row.values["label"], str(answer["label"])


# --- a score instead of a label -------------------------------------------------------------------------------------


def values_of(rows: Sequence[Row]) -> NDArray[np.float64]:
    return np.array([float(row.values["score"]) for row in rows], np.float64)


def bounds(rows: Sequence[Row]) -> dict[str, Any]:
    """The range of the training scores, which answers keep to."""
    found = values_of(rows)
    low, high = float(found.min()), float(found.max())
    return {"range": [low, high if high > low else low + 1.0]}


def teach_score(rows: Sequence[Row], pieces: Sequence[dict[str, Any]], about: About) -> None:
    low, high = about["range"]
    scaled = (values_of(rows) - low) / (high - low)
    for piece in pieces:
        piece["target"] = float(scaled[piece["row"]])


def score_score(rows: Sequence[Row], found: Table, about: About) -> dict[str, Any]:
    result = scoring.regression(values_of(rows), found)
    # A constant answer, or a single row, correlates with nothing.
    return {name: 0.0 if value is None else value for name, value in result.items()}


def hits_score(rows: Sequence[Row], found: Table, about: About) -> NDArray[np.float64]:
    """1 where the score is met, falling to 0 at the other end of the range."""
    low, high = about["range"]
    return np.clip(1 - np.abs(values_of(rows) - np.asarray(found)) / (high - low), 0, 1)


def simple_score(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int
) -> dict[str, NDArray[Any]]:
    truth = values_of(train)
    pairs = [[_pair(row) for row in rows] for rows in (train, test)]
    return {
        "majority": np.full(len(test), float(np.median(truth))),
        "tfidf": np.clip(baselines.tfidf_score(pairs[0], truth, pairs[1]), *about["range"]),
    }


def shown_score(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    return "\n".join(_pair(row)), row.values["score"], f"{answer['score']:.3g}"


# --- each text read by itself ---------------------------------------------------------------------------------------


def tune_alone(rows: Sequence[Row], vectors: Any, about: About) -> dict[str, Any]:
    truth = targets(rows, about)
    known = truth >= 0
    belongs = truth[known] == about["labels"].index(about["together"])
    found = bi_encoder.logistic(pair.cosines(vectors)[known], belongs)
    return {"calibration": found} if found else {}


def score_alone(rows: Sequence[Row], results: Any, about: About) -> dict[str, Any]:
    """`results` are vectors, of a baseline probabilities: then there is no `ranking`."""
    found = score(rows, pair.table(results, about), about)
    if np.ndim(results) == 3:
        found["ranking"] = searching.by_vectors(rows, results, about)
    return found


def hits_alone(rows: Sequence[Row], results: Any, about: About) -> NDArray[np.float64]:
    return hits(rows, pair.table(results, about), about)


def tune_score_alone(rows: Sequence[Row], vectors: Any, about: About) -> dict[str, Any]:
    low, high = about["range"]
    found = bi_encoder.line(pair.cosines(vectors), (values_of(rows) - low) / (high - low))
    return {"calibration": found} if found else {}


def score_score_alone(rows: Sequence[Row], results: Any, about: About) -> dict[str, Any]:
    found = score_score(rows, pair.table(results, about), about)
    if np.ndim(results) == 3:
        found["ranking"] = searching.by_vectors(rows, results, about)
    return found


def hits_score_alone(rows: Sequence[Row], results: Any, about: About) -> NDArray[np.float64]:
    return hits_score(rows, pair.table(results, about), about)


# Training rows. At 300, texts that are read by themselves were understood better; at 1,500, those read together.
FEW = 1000


def usual(rows: int, labels: int, compares: bool) -> str:
    """How two texts are read where nobody chose it.

    A base that was made to compare texts knows most of it before training; reading them together is learnt from
    nothing, which takes many rows (measured: see docs/text-matching.md).
    """
    return "bi" if labels == 2 and compares and rows < FEW else "cross"


LABELS = Learner(
    head="sequence",
    objective=sequence.SINGLE,
    inputs=TEXTS,
    labels=labels,
    about=searching.which,
    teach=teach,
    score=score,
    hits=hits,
    simple=simple,
    search=searching.by_reading,
    summary={"accuracy": "accuracy", "macro_f1": "macro.f1"},
    main="macro_f1",
    shown=shown,
)
SCORES = Learner(
    head="sequence",
    objective=sequence.SCORE,
    inputs=TEXTS,
    about=bounds,
    teach=teach_score,
    score=score_score,
    hits=hits_score,
    measure="closeness",
    simple=simple_score,
    search=searching.by_reading,
    summary={"pearson": "pearson", "spearman": "spearman"},
    main="spearman",
    shown=shown_score,
)
LABELS_ALONE = replace(
    LABELS,
    head="pair",
    labels=bi_encoder.labels,
    tune=tune_alone,
    score=score_alone,
    search=searching.beside_vectors,
    hits=hits_alone,
)
SCORES_ALONE = replace(
    SCORES,
    head="pair",
    tune=tune_score_alone,
    score=score_score_alone,
    search=searching.beside_vectors,
    hits=hits_score_alone,
)

TASK = Task(
    name="text-matching",
    title=_("Text matching"),
    description=_("Do two texts mean the same?"),
    icon="git-compare",
    columns=(
        Column(
            "text_a",
            _("First text"),
            _("One of the two texts."),
            guesses=(
                *("text_a", "text a", "text1", "text 1", "sentence1", "sentence 1", "sentence_a"),
                *("question1", "premise", "query", "a", "文本1", "句子1", "文本a", "句子a"),
            ),
        ),
        Column(
            "text_b",
            _("Second text"),
            _("The text that it is compared with."),
            guesses=(
                *("text_b", "text b", "text2", "text 2", "sentence2", "sentence 2", "sentence_b"),
                *("question2", "hypothesis", "passage", "document", "b", "文本2", "句子2", "句子b"),
            ),
        ),
        Column(
            "label",
            _("Label"),
            _("How the two belong together."),
            required=False,
            guesses=("label", "class", "gold_label", "is_duplicate", "target", "标签", "类别"),
        ),
        Column(
            "score",
            _("Score"),
            _("How alike the two are, as a number."),
            required=False,
            guesses=("score", "similarity", "similarity_score", "rating", "分数", "相似度"),
        ),
    ),
    variants=(
        Variant(
            name=LABEL,
            title=_("Two texts and a label"),
            needs=("text_a", "text_b", "label"),
            keeps=("text_a", "text_b", "label"),
            example=(
                "How can I pay?",
                "Which cards do you take?",
                "same",
            ),
            key=("text_a", "text_b"),
            label="label",
            least=2,
            learner=LABELS,
            also={"bi": LABELS_ALONE},
            usual=usual,
        ),
        Variant(
            name=SCORE,
            title=_("Two texts and a score"),
            needs=("text_a", "text_b", "score"),
            keeps=("text_a", "text_b", "score"),
            example=(
                "A man plays the guitar",
                "Somebody makes music",
                "0.8",
            ),
            parse=read_score,
            learner=SCORES,
            also={"bi": SCORES_ALONE},
            usual=usual,
        ),
    ),
    text_role="text_a",
    beside=("text_b",),
)
