"""`python -m bench growth`: whether the time of a training grows with its rows, or faster."""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measuring import told
from bench.training import texts
from bench.training.command import ENOUGH, SPEED, TIMED, child
from training import catalogue

ROWS = (1_000, 10_000, 100_000)
WITHIN = 1.2  # the fastest of them against the slowest


def add(commands: Any) -> None:
    one = commands.add_parser("growth", help="the speed of ours with more and more rows")
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument("--base", default=catalogue.DEFAULT)
    one.add_argument("--rows", type=int, nargs="+", default=list(ROWS), help="of the trainings")
    one.add_argument("--turns", type=int, default=1, help="timings of each")
    one.add_argument("--seconds", type=float, default=SPEED, help="of a timing")
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    found = told(wanted, measured, table)
    return 0 if found["spread"] <= WITHIN else 1


def measured(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    base = str(catalogue.locate(wanted.base, ""))
    files = {rows: written(wanted.data, rows, folder / str(rows)) for rows in wanted.rows}
    asked = {"by": "ours", "base": base, "epochs": ENOUGH, "seconds": wanted.seconds}
    turns: dict[int, list[dict[str, Any]]] = {rows: [] for rows in files}
    for _ in range(wanted.turns):
        for rows, own in files.items():
            turns[rows].append(child({**asked, **own}))
    sizes = {str(rows): medians(found, rows) for rows, found in turns.items()}
    speeds = [one["rows_per_second"] for one in sizes.values()]
    return {"spread": round(max(speeds) / min(speeds), 3), "sizes": sizes}


def medians(turns: Sequence[Mapping[str, Any]], rows: int) -> dict[str, Any]:
    """`ready` are the seconds from the start of the work, imports apart, to the training: reading, cutting into tokens
    and both baselines, over all rows."""
    ready = statistics.median(one["ready"] for one in turns)
    return {
        "rows_per_second": round(statistics.median(o["rows"] / o["seconds"] for o in turns), 1),
        "ready_seconds": round(ready, 1),
        "ready_per_1000_rows": round(1000 * ready / rows, 2),
        "peak_mb": max(one["peak_mb"] for one in turns),
    }


def written(data: Path, rows: int, into: Path) -> dict[str, str]:
    """As many rows as are wanted, no two alike: those of the first set, and copies with a word of another."""
    files = texts.folder(data, texts.names(data)[0], TIMED | {"train": 0}, into)
    found = texts.load(Path(files["train"]))
    texts.write([*more(found, rows)], Path(files["train"]))
    return files


def more(given: texts.Rows, rows: int) -> Iterator[tuple[str, str]]:
    draw, words = random.Random(texts.SEED), [text.split() for text, _ in given]  # noqa: S311
    for place in range(rows):
        text, label = given[place % len(given)]
        if place >= len(given):
            own = text.split()
            own[draw.randrange(len(own))] = draw.choice(draw.choice(words))
            text = " ".join([*own, str(place)])
        yield text, label


def table(found: Mapping[str, Any]) -> str:
    """For bench/README.md."""
    lines = [
        "| training rows | rows/s of the training | seconds before it | of these for 1,000 rows | peak memory |",
        "| --- | --- | --- | --- | --- |",
    ]
    for rows, one in found["sizes"].items():
        lines.append(
            f"| {int(rows):,} | {one['rows_per_second']} | {one['ready_seconds']} "
            f"| {one['ready_per_1000_rows']} | {one['peak_mb']:,} MB |"
        )
    return "\n".join(lines) + "\n"
