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
    """JSON Lines of those of some roles that there are. `names`: role -> key."""

    def write(head: Head, tables: Iterable[Any]) -> Iterator[str]:
        roles = [role for role in names if role in head.roles]
        yield from objects(head, roles, [names[role] for role in roles], tables)

    return write


def write_matching(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    """As the benchmarks of sentence pairs name their columns."""
    titles = ["sentence1", "sentence2", head.roles[-1]]
    yield from sheet(head, titles, (cells(table, head.roles) for table in tables))


def write_squad(head: Head, tables: Iterable[Any]) -> Iterator[str]:
    """SQuAD 2: one article for each run of questions about the same context."""
    besides = ["references"] if "references" in head.roles else []
    names = ["context", "question", "answer_text", "answer_start", head.id or "row", *besides]
    yield '{"version": "v2.0", "data": ['
    comma = ""
    for table in tables:
        for context, rows in groupby(cells(table, names), itemgetter(0)):
            asked = [_asked(context, *row[1:]) for row in rows]
            article = {"title": "", "paragraphs": [{"context": context, "qas": asked}]}
            yield f"{comma}\n{json.dumps(article, ensure_ascii=False)}"
            comma = ","
    yield "\n]}\n"


def _asked(
    context: str, question: str, answer: str, start: str, name: Any, besides: str = ""
) -> dict[str, Any]:
    """SQuAD wants to know where each answer stands; one that stands nowhere in the context is left out."""
    answers = [{"text": answer, "answer_start": int(start)}] if answer else []
    for text in json.loads(besides or "[]"):
        if text != answer and text in context:
            answers.append({"text": text, "answer_start": context.find(text)})
    found = {"id": str(name), "question": question, "answers": answers}
    return found | {"is_impossible": not answers}
