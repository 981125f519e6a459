"""Text classification: one label a text, or several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training import scoring
from training.tasks.shape import Column, Flaw, Parsed, Row, Trainable, Variant, words

SINGLE, MULTI = "single", "multi"
# Between the labels of one cell, where they are not a JSON list; the order is that of preference.
SEPARATORS = ("|", ";")
_KNOWN = 0.8  # share of the parts that also stand alone, from which a separator is believed


def _(text: str) -> str:
    """Marks a text for translation by the site."""
    return text


def read_several(values: Mapping[str, str]) -> Parsed:
    """Several labels become a JSON list, each once, in their order."""
    text, label = values["text"], values["label"]
    names = several(label)
    flaws = [] if text.strip() else [Flaw("data.empty_text", "text", label)]
    if not names and _listed(label) != []:  # an empty list says: none of them
        flaws.append(Flaw("label.empty", "label", text))
    if flaws:
        return Parsed((text, label), "", flaws=tuple(flaws))
    kept = json.dumps(names, ensure_ascii=False)
    return Parsed((text, kept), text, names, "\n".join(sorted(names)))


def several(cell: str) -> tuple[str, ...]:
    """The labels of one cell: a JSON list, or names between separators."""
    if cell.startswith("[") and (found := _listed(cell)) is not None:
        return tuple(dict.fromkeys(str(name) for name in found if str(name).strip()))
    for separator in SEPARATORS:
        if separator in cell:
            parts = [part.strip() for part in cell.split(separator)]
            return tuple(dict.fromkeys(part for part in parts if part))
    return (cell,) if cell.strip() else ()


def _listed(cell: str) -> list[Any] | None:
    """The items of a JSON list of plain names; None for anything else."""
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    plain = isinstance(found, list) and all(isinstance(item, str | int) for item in found)
    return found if plain else None


def infer(rows: Sequence[Mapping[str, str]], suggested: str) -> str:
    """Several labels, if cells are JSON lists, or if what separators part stands alone in other cells too."""
    cells = [row.get("label", "") for row in rows if row.get("label", "").strip()]
    if any(cell.startswith("[") and _listed(cell) is not None for cell in cells):
        return MULTI
    for separator in SEPARATORS:
        joined = [cell for cell in cells if separator in cell]
        alone = {cell for cell in cells if separator not in cell}
        parts = [part.strip() for cell in joined for part in cell.split(separator)]
        if parts and sum(part in alone for part in parts) >= _KNOWN * len(parts):
            return MULTI
    return suggested


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


TASK = Trainable(
    name="text-classification",
    title=_("Text classification"),
    description=_("Sort texts into labels: topic, intent, sentiment, urgency."),
    icon="tags",
    columns=(
        Column(
            "text",
            _("Text"),
            _("What the model reads."),
            guesses=words(
                "text sentence content message review comment body question query utterance document description title "
                "tweet post email ticket input 文本 内容 句子 评论 正文 问题 标题 消息 反馈"
            ),
        ),
        Column(
            "label",
            _("Label"),
            _("What the model should answer."),
            guesses=words(
                "label class category intent sentiment topic target tag type rating score emotion output y "
                "标签 类别 分类 意图 情感 类型 主题 标注"
            ),
            several=True,
        ),
    ),
    variants=(
        Variant(
            name=SINGLE,
            title=_("One label a text"),
            needs=("text", "label"),
            keeps=("text", "label"),
            key=("text",),
            label="label",
            least=2,
            trains=True,
        ),
        Variant(
            name=MULTI,
            title=_("Several labels a text"),
            needs=("text", "label"),
            keeps=("text", "label"),
            parse=read_several,
            least=2,
        ),
    ),
    infer=infer,
    head="sequence",
    labels=labels,
    encode=encode,
    targets=targets,
    decode=decode,
    score=score,
)
