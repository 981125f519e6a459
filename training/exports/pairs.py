"""What the usual programs of a task read, where no passages are marked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from training.exports.plain import objects, sheet
from training.exports.shape import Head, Write, cells


def keys(names: Mapping[str, str]) -> Write:
    """JSON Lines of some roles. `names`: role -> key."""
    return lambda head, tables: objects(head, list(names), list(names.values()), tables)


def write_matching(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    """As the benchmarks of sentence pairs name their columns."""
    titles = ["sentence1", "sentence2", head.roles[-1]]
    yield from sheet(head, titles, (cells(table, head.roles) for table in tables))


def write_squad(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    """SQuAD 2: one article for each run of questions about the same context."""
    names = ("context", "question", "answer_text", "answer_start", head.id or "row")
    yield '{"version": "v2.0", "data": ['
    comma = ""
    for table in tables:
        for context, rows in groupby(cells(table, names), itemgetter(0)):
            asked = [_asked(*row[1:]) for row in rows]
            article = {"title": "", "paragraphs": [{"context": context, "qas": asked}]}
            yield f"{comma}\n{json.dumps(article, ensure_ascii=False)}"
            comma = ","
    yield "\n]}\n"


def _asked(question: str, answer: str, start: str, name: Any) -> dict[str, Any]:
    answers = [{"text": answer, "answer_start": int(start)}] if answer else []
    found = {"id": str(name), "question": question, "answers": answers}
    return found | {"is_impossible": not answers}
