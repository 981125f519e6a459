"""`python -m bench experts TASK`: the grid of an expert, training by training, and ours beside it."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from bench.experts import sets
from bench.experts.sets import SEED
from bench.measuring import run
from training import catalogue

# The likeliest winners of few rows first: test rows are scored only of those that were the best so far.
RATES, EPOCHS = (1e-4, 5e-5, 2e-5), (6, 3)
SIZES = (16, 32)  # rows of a step
SMALL = 1_000  # rows, below which the expert takes steps of 16 rows
PLAIN = ("bleu", "chrf", "rougeL", "perplexity")  # figures that are points as they stand


def add(commands: Any) -> None:
    one = commands.add_parser(
        "experts", help="a grid of the stock Trainer, and ours on the same rows"
    )
    one.add_argument("task", choices=list(sets.SETS))
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument(
        "--bases", default="bases", help="folder with the bases that no package brings"
    )
    one.add_argument("--base", default="", help="another one than the usual")
    one.add_argument("--rows", type=int, default=0, help="training rows")
    one.add_argument(
        "--points",
        type=int,
        choices=(6, 12),
        default=6,
        help="of the grid; 12: steps of 16 and of 32 rows",
    )
    one.add_argument(
        "--seeds", type=int, default=1, help="trainings of each side, whose mean is compared"
    )
    one.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="of ours")
    one.add_argument(
        "--folder", type=Path, help="keeps every result, and takes those that are there"
    )
    one.add_argument("--lock", type=Path, help="a file that is locked while something is trained")
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = wanted.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = compared(wanted, folder)
    if not wanted.json:
        sys.stdout.write(table(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def compared(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    chosen = sets.SETS[wanted.task]
    train, valid, test = chosen.rows
    chosen = replace(
        chosen, rows=(wanted.rows or train, valid, test), base=wanted.base or chosen.base
    )
    version = folder / "version.parquet"
    if not version.exists():
        sets.version(chosen, wanted.data, folder)
    base = catalogue.locate(chosen.base, wanted.bases)
    asked = {"task": chosen.task, "version": str(version), "base": str(base)}
    trainings = Trainings(folder, wanted.lock)
    settings = dict(item.split("=", 1) for item in wanted.set)
    columns = {name: name for name in chosen.columns}
    mine = {**asked, "by": "ours", "settings": settings, "columns": columns}
    ours = trainings.repeated("-".join(["ours", *wanted.set]), mine, wanted.seeds)
    expert = winner(chosen, trainings, asked, wanted.points)
    by = {**asked, "by": "expert", "point": expert["setting"]}
    expert = trainings.repeated("winner", by, wanted.seeds, expert)
    return summed(wanted.task, chosen, expert, ours)


def winner(
    chosen: sets.Set, trainings: Trainings, asked: Mapping[str, Any], count: int = 6
) -> dict[str, Any]:
    """The point that is best on validation; of models that write, the one there is."""
    by = {**asked, "by": "expert"}
    if chosen.base == sets.WRITER or chosen.task == "translation":
        return trainings.result("expert", by)
    best: dict[str, Any] = {}
    points = []
    usual = 16 if chosen.rows[0] < SMALL else 32
    sizes = sorted(SIZES, key=lambda size: size != usual)[: count // 6]  # the usual one first
    for size, rate, epochs in product(sizes, RATES, EPOCHS):
        point = {"learning_rate": rate, "epochs": epochs, "batch_size": size}
        least = best["valid"][best["main"]] if best else None
        name = f"expert-{rate}-{epochs}" + ("" if size == usual else f"-{size}")
        found = trainings.result(name, {**by, "point": point, "least": least})
        points.append(found)
        if least is None or found["valid"][found["main"]] > least:
            best = found
    return {**best, "grid_seconds": round(sum(point["seconds"] for point in points), 1)}


class Trainings:
    """Each in a process of its own, none beside another."""

    def __init__(self, folder: Path, lock: Path | None) -> None:
        self.folder, self.lock = folder, lock

    def result(self, name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        file = self.folder / f"{name}.json"
        if not file.exists():
            with held(self.lock):
                (line,) = run(["-m", "bench.experts.one", json.dumps(asked)]).lines
            file.write_text(json.dumps(line[1]), encoding="utf-8")
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found

    def repeated(
        self,
        name: str,
        asked: Mapping[str, Any],
        seeds: int,
        first: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`first`, or what `asked` gives, with the mean of the test figures over so many seeds, and each in `seeds`."""
        found = [dict(first or self.result(name, asked))]
        for seed in range(SEED + 1, SEED + seeds):
            own = {**asked, "seed": seed}
            if "point" in asked:
                own["point"] = {**asked["point"], "seed": seed}
            found.append(self.result(f"{name}-{seed}", own))
        tests = [one["test"] for one in found]
        mean = {figure: statistics.fmean(test[figure] for test in tests) for figure in tests[0]}
        return {**found[0], "test": mean, "seeds": tests}


@contextmanager
def held(lock: Path | None) -> Generator[None, None, None]:
    """While nobody else who asks for the same file works; the waiting is not measured."""
    if lock is None:
        yield
        return
    import fcntl

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def summed(
    name: str, chosen: sets.Set, expert: Mapping[str, Any], ours: Mapping[str, Any]
) -> dict[str, Any]:
    main = expert["main"]
    points = 1 if main in PLAIN else 100
    return {
        "task": name,
        "base": chosen.base,
        "rows": chosen.rows[0],
        "figure": main,
        "expert": {key: value for key, value in expert.items() if key != "main"},
        "ours": {key: value for key, value in ours.items() if key != "main"},
        "difference_points": round(points * (ours["test"][main] - expert["test"][main]), 2),
    }


def table(found: Mapping[str, Any]) -> str:
    """A row of the table in bench/README.md."""
    expert, ours, figure = found["expert"], found["ours"], found["figure"]
    chosen = expert["setting"]
    setting = f"{chosen['learning_rate']:g}, {chosen['epochs']} epochs"
    cells = [
        found["task"],
        found["base"],
        f"{found['rows']:,}",
        figure,
        setting,
        shown(figure, expert["test"][figure]),
        shown(figure, ours["test"][figure]),
        f"{found['difference_points']:+.2f}",
        f"{expert.get('grid_seconds', expert['seconds']):.0f} s",
        f"{ours['seconds']:.0f} s",
    ]
    return f"| {' | '.join(cells)} |\n"


def shown(figure: str, value: float) -> str:
    return f"{value:.2f}" if figure in PLAIN else f"{100 * value:.2f}"
