"""Pairs of texts out of a classification data set: two of one label belong together, two of different labels do not."""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

ROWS = {"train": 3000, "valid": 500, "test": 1000}
NEAR = 20  # texts of other labels, of which a hard one is drawn
HARD = 0.5  # share of the pairs of different labels that have many words in common
SAME, DIFFERENT = "same", "different"
Pair = tuple[str, str, str]


def add(commands: Any) -> None:
    one = commands.add_parser(
        "pairs", help="makes pairs of texts out of NAME_{train,valid,test}.csv"
    )
    one.add_argument("source", help="folder and NAME of files with the columns text and label")
    one.add_argument("target", help="folder and NAME of the files to write")
    one.add_argument("--seed", type=int, default=13)
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    for split, count in ROWS.items():
        pairs = list(islice(made(read(Path(f"{wanted.source}_{split}.csv")), wanted.seed), count))
        write(Path(f"{wanted.target}_{split}.csv"), pairs)
        sys.stdout.write(f"{split}: {len(pairs)} pairs\n")
    return 0


def read(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list({row["text"]: row["label"] for row in csv.DictReader(file)}.items())


def write(path: Path, pairs: list[Pair]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text_a", "text_b", "label"), *pairs])


def made(rows: list[tuple[str, str]], seed: int) -> Iterator[Pair]:
    """Pairs without end, none twice in either order; every second one belongs together."""
    draw = random.Random(seed)  # noqa: S311 - the same pairs each time
    of_label, near, seen = by_label(rows), nearest(rows), set[frozenset[int]]()
    while True:
        first, same = draw.randrange(len(rows)), len(seen) % 2 == 0
        if same:
            second = draw.choice(of_label[rows[first][1]])
        else:
            hard = draw.random() < HARD
            second = draw.choice(near[first]) if hard else draw.randrange(len(rows))
        pair = frozenset((first, second))
        if len(pair) < 2 or pair in seen or same != (rows[first][1] == rows[second][1]):
            continue
        seen.add(pair)
        yield rows[first][0], rows[second][0], SAME if same else DIFFERENT


def by_label(rows: list[tuple[str, str]]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for number, (_text, label) in enumerate(rows):
        found[label].append(number)
    return found


def nearest(rows: list[tuple[str, str]]) -> list[list[int]]:
    """For each text, those of other labels that share most words with it."""
    table = TfidfVectorizer(sublinear_tf=True).fit_transform([text for text, _label in rows])
    found = []
    for number in range(len(rows)):
        order = (table @ table[number].T).toarray()[:, 0].argsort()[::-1]
        others = (int(other) for other in order if rows[other][1] != rows[number][1])
        found.append(list(islice(others, NEAR)))
    return found
