"""Amazon Comprehend: two columns without a header line, the label first."""

from __future__ import annotations

from training.table.beginning import Beginning
from training.table.formats.delimited import Delimited
from training.table.packed import Source
from training.table.shape import Detected


def sniff(begin: Beginning) -> bool:
    rows = begin.rows
    if begin.has_header or begin.dialect.delimiter != "," or any(len(row) != 2 for row in rows):
        return False
    return looks_labelled([row[0] for row in rows], [row[1] for row in rows])


# fmt: off
_NAMES = frozenset({
    "text", "texts", "sentence", "sentences", "message", "review", "comment", "content", "title",
    "query", "utterance", "label", "labels", "class", "category", "categories", "target",
    "sentiment", "intent", "tag", "tags", "topic",
})
# fmt: on


def looks_labelled(labels: list[str], texts: list[str]) -> bool:
    """Whether few short values stand beside many long ones. Words, since figures may be anything."""
    if {labels[0].strip().lower(), texts[0].strip().lower()} & _NAMES:
        return False  # a header after all, whose name some rows have as their label
    if len(labels) < 3 or not all(0 < len(label.strip()) <= 60 for label in labels):
        return False
    few = len(set(labels)) <= max(2, len(labels) // 2) and len(set(labels)) < len(set(texts))
    size = sum(map(len, labels)) / len(labels)
    return few and sum(map(len, texts)) / len(texts) > max(12.0, 1.5 * size)


def open_table(source: Source, found: Detected) -> Delimited:
    return Delimited(source, found, ["label", "text"])
