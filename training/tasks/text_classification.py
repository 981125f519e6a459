"""Text classification: one label a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training import scoring
from training.tasks.shape import Column, Row, Task


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def labels(rows: Sequence[Row]) -> list[str]:
    """The labels as they stand in the rows, sorted by code point."""
    return sorted({row.values["label"] for row in rows})


def encode(tokenizer: Any, rows: Sequence[Row], max_length: int) -> dict[str, list[Any]]:
    texts = [row.values["text"] for row in rows]
    return dict(tokenizer(texts, truncation=True, max_length=max_length, padding=False))


def targets(rows: Sequence[Row], names: Sequence[str]) -> NDArray[np.int64]:
    """Index of each row's label, -1 for one that is not among `names` or is not given."""
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers.get(row.values.get("label", ""), -1) for row in rows], np.int64)


def decode(logits: ArrayLike, names: Sequence[str]) -> list[dict[str, Any]]:
    """Logits of shape (rows, labels) to `label`, `probability` and all `probabilities` by label."""
    return [
        {
            "label": names[int(row.argmax())],
            "probability": float(row.max()),
            "probabilities": {name: float(value) for name, value in zip(names, row, strict=True)},
        }
        for row in softmax(logits)
    ]


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def score(true: ArrayLike, probabilities: ArrayLike, names: Sequence[str]) -> dict[str, Any]:
    values = np.asarray(probabilities, np.float64).reshape(-1, len(names))
    return scoring.classification(true, values.argmax(axis=-1), values, names)


TASK = Task(
    name="text-classification",
    title=_("Text classification"),
    description=_("Sort texts into labels: topic, intent, sentiment, urgency."),
    icon="tags",
    columns=(
        Column(
            "text",
            _("Text"),
            _("What the model reads."),
            guesses=_words(
                "text sentence content message review comment body question query utterance document description title "
                "tweet post email ticket input 文本 内容 句子 评论 正文 问题 标题 消息 反馈"
            ),
        ),
        Column(
            "label",
            _("Label"),
            _("What the model should answer."),
            guesses=_words(
                "label class category intent sentiment topic target tag type rating score emotion output y "
                "标签 类别 分类 意图 情感 类型 主题 标注"
            ),
        ),
    ),
    head="sequence",
    labels=labels,
    encode=encode,
    targets=targets,
    decode=decode,
    score=score,
)
