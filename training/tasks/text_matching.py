"""Text matching: do two texts mean the same, or how much?"""

from __future__ import annotations

import math
from collections.abc import Mapping

from training.tasks.shape import Column, Flaw, Parsed, Task, Variant

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
            key=("text_a", "text_b"),
            label="label",
            least=2,
        ),
        Variant(
            name=SCORE,
            title=_("Two texts and a score"),
            needs=("text_a", "text_b", "score"),
            keeps=("text_a", "text_b", "score"),
            parse=read_score,
        ),
    ),
    text_role="text_a",
)
