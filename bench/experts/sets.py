"""The real data sets that are compared on, cut to so many rows, as one version that both sides read."""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training import catalogue, check
from training.events import Checked
from training.tasks import TASKS
from training.validation import Source

SEED = 13
SPLITS = ("train", "valid", "test")
BANKING = "classification/banking77"  # in pairs, texts of one intent make one, those of two none


@dataclass(frozen=True)
class Set:
    """`rows` are the most of train, valid and test; `file` is the beginning of the names of its three files."""

    task: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[int, int, int]
    variant: str = ""
    base: str = catalogue.DEFAULT
    train: str = ""  # the beginning of the name of the training file, where it is another
    rest: bool = False  # whether training rows that are not taken are test rows as well


WRITER = catalogue.DEFAULT_GENERATIVE
RELATION = ("text", "head_start", "head_end", "tail_start", "tail_end", "label")
LABELLED, TEXT = "text-classification", ("text", "label")
ANSWER = ("context", "question", "answer_text", "answer_start")
SETS: dict[str, Set] = {
    "ner": Set("ner", "ner/wnut17", ("text", "entities"), (1500, 400, 1287)),
    "relation-extraction": Set(
        "relation-extraction", "relation/semeval2010_task8", RELATION, (1500, 400, 1000)
    ),
    "question-answering": Set("question-answering", "qa/squad_en", ANSWER, (800, 100, 400)),
    "several-labels": Set(
        LABELLED,
        "classification/goemotions",
        TEXT,
        (3000, 500, 1000),
        variant="multi",
    ),
    "text-matching": Set(
        "text-matching", BANKING, ("text_a", "text_b", "label"), (2000, 400, 1000), variant="label"
    ),
    "text-classification": Set(LABELLED, "classification/trec6", TEXT, (2000, 400, 500)),
    "trec6-rest": Set(LABELLED, "classification/trec6", TEXT, (2000, 400, 500), rest=True),
    "translation": Set(
        "translation",
        "translation/multi30k_en_fr",
        ("source", "target"),
        (500, 50, 100),
        base="opus-mt-en-fr",
    ),
    "summarization": Set(
        "summarization",
        "summarisation/dialogsum",
        ("source", "target"),
        (200, 40, 100),
        base=WRITER,
    ),
    "banking77": Set(LABELLED, BANKING, TEXT, (9000, 1003, 3080)),
    "banking77-10-shot": Set(LABELLED, BANKING, TEXT, (770, 500, 3080), train=f"{BANKING}_10shot"),
    "sst2": Set(LABELLED, "classification/sst2_sentences", TEXT, (1000, 300, 1821)),
    "financial-phrasebank": Set(
        LABELLED, "classification/financial_phrasebank_allagree", TEXT, (1000, 226, 452)
    ),
    "dialogue": Set("dialogue", "dialogue/multiwoz21", ("messages",), (60, 10, 40), base=WRITER),
}


def version(chosen: Set, data: Path, folder: Path) -> Path:
    """Writes it into `folder`, and beside it stats.json. Raises RuntimeError for rows that no model can be made of."""
    left: dict[str, list[list[str]]] = {}
    for split, most in zip(SPLITS, chosen.rows, strict=True):
        name = chosen.train if split == "train" and chosen.train else chosen.file
        more = left["train"] if split == "test" and chosen.rest else []
        left[split] = cut(chosen, data / f"{name}_{split}.csv", folder / f"{split}.csv", most, more)
    sources = [Source(split, str(folder / f"{split}.csv"), f"{split}.csv") for split in SPLITS]
    wish = check.Wish(seed=SEED, variant=chosen.variant)
    columns = {name: name for name in chosen.columns}
    for event in check.check(TASKS[chosen.task], sources, columns, wish=wish, out=folder):
        if isinstance(event, Checked):
            if event.gate == "blocked":
                raise RuntimeError(f"{chosen.file} cannot be trained on: {event.findings}")
            stats = folder / "stats.json"
            stats.write_text(json.dumps(event.stats, default=dict), encoding="utf-8")
    return folder / "version.parquet"


def cut(
    chosen: Set, file: Path, target: Path, most: int, more: Sequence[list[str]] = ()
) -> list[list[str]]:
    """The same rows each time, drawn from all of the file; for matching, pairs of its texts.

    `more` are put behind them; those of the file that were not drawn are given back.
    """
    csv.field_size_limit(sys.maxsize)
    with file.open(encoding="utf-8", newline="") as source:
        header, *rows = csv.reader(source)
    draw = random.Random(SEED)  # noqa: S311 - nothing secret
    draw.shuffle(rows)
    if chosen.task == "text-matching":
        header, rows = list(chosen.columns), pairs(rows, draw, most)
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([header, *rows[:most], *more])
    return rows[most:]


def pairs(rows: Sequence[Sequence[str]], draw: random.Random, most: int) -> list[list[str]]:
    """One text with another of the same label, the next with one of another label, and so on."""
    found: list[list[str]] = []
    for place, (text, label) in enumerate(rows[:most]):
        same = place % 2 == 0
        fitting = [other for other, its in rows if (its == label) is same and other != text]
        if fitting:
            found.append([text, draw.choice(fitting), "same" if same else "different"])
    return found
