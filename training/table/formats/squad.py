"""SQuAD 1 and 2: articles of paragraphs with questions, or flat objects with "answers"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training.table.beginning import Beginning
from training.table.formats.spans import without
from training.table.json_rows import Misfit, open_with
from training.table.packed import Source
from training.table.shape import Detected, Streamed


def sniff(begin: Beginning) -> bool:
    return bool(begin.values) and all(_is_article(v) or _is_flat(v) for v in begin.values)


def _is_article(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("paragraphs"), list):
        return False
    return all(isinstance(part, dict) and "qas" in part for part in value["paragraphs"])


def _is_flat(value: Any) -> bool:
    keys = {"context", "question", "answers"}
    return isinstance(value, dict) and keys <= value.keys() and isinstance(value["answers"], dict)


def open_table(source: Source, found: Detected) -> Streamed:
    return open_with(source, found, convert)


def convert(value: Any) -> Iterator[dict[str, Any]]:
    if _is_flat(value):
        texts, starts = value["answers"]["text"], value["answers"]["answer_start"]
        yield _row(value, value["context"], texts, starts) | without(
            value, "context", "question", "answers", "id"
        )
    elif _is_article(value):
        for part in value["paragraphs"]:
            for asked in part["qas"]:
                answers = asked.get("answers") or []
                texts = [answer["text"] for answer in answers]
                yield _row(asked, part["context"], texts, [a["answer_start"] for a in answers])
    else:
        raise Misfit("context, question, answers")


def _row(
    asked: dict[str, Any], context: str, texts: list[str], starts: list[int]
) -> dict[str, Any]:
    """A question without an answer has an empty one."""
    row = {
        "context": context,
        "question": asked["question"],
        "answer_text": texts[0] if texts else "",
        "answer_start": starts[0] if texts else "",
        "id": asked.get("id", ""),
        "answers": texts,
    }
    if "is_impossible" in asked:
        row["is_impossible"] = int(bool(asked["is_impossible"]))
    return row
