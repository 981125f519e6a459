"""A version as a file that others read: streamed, one row group in memory at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from training import version
from training.exports import marked, pairs, plain
from training.exports.shape import Export, Head, _, harmless
from training.problems import Problem

CSV, JSONL, JSON, TEXT = "text/csv", "application/x-ndjson", "application/json", "text/plain"

_ANSWERS = {"context", "question", "answer_text", "answer_start"}
_SPANS = ({"text", "entities"},)

EXPORTS: dict[str, Export] = {
    "csv": Export("csv", _("CSV"), ".csv", CSV, plain.write_csv, sheet=True, whole=True),
    "jsonl": Export("jsonl", _("JSON Lines"), ".jsonl", JSONL, plain.write_jsonl, whole=True),
    "labels": Export(
        "labels",
        _("JSON Lines with text and label"),
        ".jsonl",
        JSONL,
        pairs.keys({"text": "text", "label": "label"}),
        ({"text", "label"},),
    ),
    "matching": Export(
        "matching",
        _("CSV of sentence pairs"),
        ".csv",
        CSV,
        pairs.write_matching,
        ({"text_a", "text_b", "label"}, {"text_a", "text_b", "score"}),
        sheet=True,
    ),
    "conll": Export("conll", _("CoNLL columns (BIO)"), ".conll", TEXT, marked.write_conll, _SPANS),
    "spacy": Export("spacy", _("spaCy JSON Lines"), ".jsonl", JSONL, marked.write_spacy, _SPANS),
    "doccano": Export(
        "doccano", _("doccano JSON Lines"), ".jsonl", JSONL, marked.write_doccano, _SPANS
    ),
    "markers": Export(
        "markers",
        _("JSON Lines with <e1> and <e2> marks"),
        ".jsonl",
        JSONL,
        marked.write_markers,
        ({"text", *marked.PLACES, "label"},),
    ),
    "squad": Export(
        "squad",
        _("SQuAD 2"),
        ".json",
        JSON,
        pairs.write_squad,
        (_ANSWERS, {*_ANSWERS, "references"}),
    ),
    "answers": Export(
        "answers",
        _("JSON Lines with question and answer"),
        ".jsonl",
        JSONL,
        pairs.keys({"question": "question", "answer_text": "answer", "references": "references"}),
        ({"question", "answer_text"}, {"question", "answer_text", "references"}),
    ),
    "pairs": Export(
        "pairs",
        _("JSON Lines with source and target"),
        ".jsonl",
        JSONL,
        pairs.keys({"source": "source", "target": "target", "references": "references"}),
        ({"source", "target"}, {"source", "target", "references"}),
    ),
    "chat": Export(
        "chat",
        _("OpenAI chat JSON Lines"),
        ".jsonl",
        JSONL,
        pairs.keys({"messages": "messages"}),
        ({"messages"},),
    ),
}

__all__ = ["EXPORTS", "Export", "chosen", "fitting", "harmless", "pieces"]


def fitting(roles: Iterable[str]) -> list[Export]:
    """What a version with these roles can be exported as, what keeps everything first."""
    held = set(roles)
    return [export for export in EXPORTS.values() if not export.fits or held in export.fits]


def chosen(path: str | Path, name: str) -> Export:
    """Raises Problem(`spec.choice`) for a format that there is not, or that cannot hold these rows."""
    known = {export.name: export for export in fitting(version.columns(path)[0])}
    if name not in known:
        raise Problem("spec.choice", field="format", value=name[:40], choices=", ".join(known))
    return known[name]


def pieces(
    path: str | Path, export: Export, *, safe: bool | None = None, split: str = ""
) -> Iterator[str]:
    """The text of the file, piece by piece; `safe` is on by itself for what is opened in spreadsheets.

    Raises Problem(`version.broken`) before the first piece.
    """
    safe = export.sheet if safe is None else safe and export.sheet
    return export.write(_head(path, safe), _tables(path, split))


def _head(path: str | Path, safe: bool) -> Head:
    roles, names = version.columns(path)
    about = version.about(path)
    own = about.columns.get("id", "")
    # The split that a row is in now stands for the one that the file gave it.
    names = [name for name in names if name != about.columns.get("split")]
    nested = {
        "entities",
        "messages",
        "references",
        *(["label"] if about.variant == "multi" else []),
    }
    own = f"x:{own}" if own in names else ""
    return Head(tuple(roles), _free(names, roles), safe, frozenset(nested), own)


def _free(names: list[str], roles: list[str]) -> dict[str, str]:
    """Column of the version -> its name in the export, where roles and places have theirs already."""
    taken = {*roles, *plain.PLACE}
    found: dict[str, str] = {}
    for name in names:
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        taken.add(free)
        found[f"x:{name}"] = free
    return found


def _tables(path: str | Path, split: str) -> Iterator[Any]:
    for table in version.tables(path):
        yield table.filter(pc.equal(table["split"], split)) if split else table
