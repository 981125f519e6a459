"""The rows that are trained on: two real sets of short texts, and texts of 64 to 128 tokens made out of one.

Without the real sets it is the product's own sample of short texts, small as it is.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from bench.measuring import ROOT

SPLITS = ("train", "valid", "test")
SETS = {"banking77": "classification/banking77", "trec6": "classification/trec6"}
SAMPLE, SAMPLE_FILE = "support_tickets", "projects/datasets/samples/support_tickets.csv"
SPLIT_AT = (0.8, 0.9)  # of the sample, which comes in one file
LONG = "long"  # short texts, one after another
WORDS = (50, 100)  # of such a text: 64 to 128 tokens, about
SEED = 13

Rows = list[tuple[str, str]]


def names(data: Path) -> list[str]:
    """The sets of short texts that are there."""
    real = all(
        (data / f"{file}_{split}.csv").exists() for file in SETS.values() for split in SPLITS
    )
    return [*SETS] if real else [SAMPLE]


def read(data: Path, name: str, split: str) -> Rows:
    """(text, label), in an order of their own that is the same each time."""
    draw = random.Random(SEED)  # noqa: S311 - nothing secret
    source = names(data)[0] if name == LONG else name
    rows = sample(split) if source == SAMPLE else load(data / f"{SETS[source]}_{split}.csv")
    draw.shuffle(rows)
    return joined(rows, draw) if name == LONG else rows


def sample(split: str) -> Rows:
    """A part of the product's sample."""
    rows = load(ROOT / SAMPLE_FILE)
    random.Random(SEED).shuffle(rows)  # noqa: S311 - nothing secret
    first, second = (round(share * len(rows)) for share in SPLIT_AT)
    return {"train": rows[:first], "valid": rows[first:second], "test": rows[second:]}[split]


def load(path: Path) -> Rows:
    """The first column is the text, the second its label."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(text, label) for text, label, *_ in islice(csv.reader(file), 1, None)]


def joined(rows: Sequence[tuple[str, str]], draw: random.Random) -> Rows:
    """As many rows again, each with the words of some texts; the label is that of the first."""
    words = [word for text, _ in rows for word in text.split()]
    made = []
    for text, label in rows:
        count = draw.randint(*WORDS)
        begin = draw.randrange(len(words) - count)
        made.append((" ".join([*text.split(), *words[begin : begin + count]][:count]), label))
    return made


def write(rows: Sequence[tuple[str, str]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


def folder(data: Path, name: str, most: Mapping[str, int], into: Path) -> dict[str, str]:
    """The files of a set, of whose splits at most so many rows are taken (0: all)."""
    into.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        write(read(data, name, split)[: most.get(split) or None], into / f"{split}.csv")
    return {split: str(into / f"{split}.csv") for split in SPLITS}
