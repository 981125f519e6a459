"""The rows that are trained on: two real sets of short texts, and texts of 64 to 128 tokens made out of one."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

SPLITS = ("train", "valid", "test")
SETS = {"banking77": "classification/banking77", "trec6": "classification/trec6"}
LONG = "long"  # texts of banking77, one after another
WORDS = (50, 100)  # of such a text: 64 to 128 tokens, about
SEED = 13

Rows = list[tuple[str, str]]


def read(data: Path, name: str, split: str) -> Rows:
    """(text, label), in an order of their own that is the same each time."""
    rows = load(data / f"{SETS['banking77' if name == LONG else name]}_{split}.csv")
    draw = random.Random(SEED)  # noqa: S311 - nothing secret
    draw.shuffle(rows)
    return joined(rows, draw) if name == LONG else rows


def load(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


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
