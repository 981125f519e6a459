"""Text classification: one label a text, or several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import baselines, scoring
from training.coding import sequence
from training.tasks.one_label import hits, labels, targets, teach
from training.tasks.shape import Column, Flaw, Learner, Parsed, Row, Task, Variant, words

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


About = Mapping[str, Any]
Table = NDArray[np.float64]  # probabilities (rows, labels)


# --- one label a text -----------------------------------------------------------------------------------------------


def score(rows: Sequence[Row], table: Table, about: About) -> dict[str, Any]:
    values = np.asarray(table, np.float64).reshape(-1, len(about["labels"]))
    return scoring.classification(
        targets(rows, about), values.argmax(axis=-1), values, about["labels"]
    )


def simple(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int
) -> dict[str, NDArray[Any]]:
    truth, count = targets(train, about), len(about["labels"])
    texts = [[row.values["text"] for row in rows] for rows in (train, test)]
    return {
        "majority": baselines.majority(truth, len(test), count),
        "tfidf": baselines.tfidf(texts[0], truth, texts[1], count, seed),
    }


def shown(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    return row.values["text"], row.values["label"], str(answer["label"])


# --- several labels a text ------------------------------------------------------------------------------------------


def sets_of(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    return [several(row.values.get("label", "")) for row in rows]


def several_labels(rows: Sequence[Row]) -> list[str]:
    return sorted({name for names in sets_of(rows) for name in names})


def marks(rows: Sequence[Row], about: About) -> NDArray[np.int64]:
    """0 or 1 for each label of each row: (rows, labels); a label that the model does not know is left out."""
    numbers = {name: number for number, name in enumerate(about["labels"])}
    table = np.zeros((len(rows), len(numbers)), np.int64)
    for place, names in enumerate(sets_of(rows)):
        table[place, [numbers[name] for name in names if name in numbers]] = 1
    return table


def teach_several(rows: Sequence[Row], pieces: Sequence[dict[str, Any]], about: About) -> None:
    table = marks(rows, about)
    for piece in pieces:
        piece["target"] = table[piece["row"]].tolist()


def tune_several(rows: Sequence[Row], table: Table, about: About) -> dict[str, Any]:
    if not rows:
        return {}
    found = scoring.thresholds(marks(rows, about), table)
    return {"thresholds": dict(zip(about["labels"], map(float, found), strict=True))}


def score_several(rows: Sequence[Row], table: Table, about: About) -> dict[str, Any]:
    least = sequence.thresholds(about)
    return scoring.several(marks(rows, about), table, least, about["labels"])


def hits_several(rows: Sequence[Row], table: Table, about: About) -> NDArray[np.float64]:
    """The share of what was found and should be in what was found or should be, of each row."""
    true, got = marks(rows, about) > 0, np.asarray(table) >= sequence.thresholds(about)
    either = (true | got).sum(-1)
    return np.where(either, (true & got).sum(-1) / np.maximum(either, 1), 1.0)


def simple_several(
    train: Sequence[Row], test: Sequence[Row], about: About, seed: int
) -> dict[str, NDArray[Any]]:
    truth = marks(train, about)
    texts = [[row.values["text"] for row in rows] for rows in (train, test)]
    return {
        "majority": np.tile(truth.mean(0), (len(test), 1)),
        "tfidf": baselines.tfidf_several(texts[0], truth, texts[1], seed),
    }


def shown_several(row: Row, answer: Mapping[str, Any]) -> tuple[str, str, str]:
    true = several(row.values["label"])
    return row.values["text"], " | ".join(sorted(true)), " | ".join(sorted(answer["labels"]))


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
            example=(
                "Where is my parcel?",
                "delivery",
            ),
            key=("text",),
            label="label",
            least=2,
            learner=Learner(
                head="sequence",
                objective=sequence.SINGLE,
                inputs=("text",),
                labels=labels,
                teach=teach,
                score=score,
                hits=hits,
                simple=simple,
                summary={"accuracy": "accuracy", "macro_f1": "macro.f1"},
                main="macro_f1",
                shown=shown,
            ),
        ),
        Variant(
            name=MULTI,
            title=_("Several labels a text"),
            needs=("text", "label"),
            keeps=("text", "label"),
            example=(
                "The room was clean, but loud at night",
                "cleanliness | noise",
            ),
            parse=read_several,
            least=2,
            learner=Learner(
                head="sequence",
                objective=sequence.SEVERAL,
                inputs=("text",),
                labels=several_labels,
                teach=teach_several,
                tune=tune_several,
                score=score_several,
                hits=hits_several,
                measure="label_overlap",
                simple=simple_several,
                summary={"micro_f1": "micro.f1", "macro_f1": "macro.f1"},
                main="macro_f1",
                shown=shown_several,
            ),
        ),
    ),
    infer=infer,
)
