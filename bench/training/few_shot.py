"""`python -m bench few-shot`: few rows a label, ours beside SetFit and a tuned Trainer, over several draws of the rows.

Scores are of validation and test rows; seconds are those of the processor (all threads together) for the training
alone, so that what else a machine does counts little.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.training import texts
from bench.training.command import child
from training import catalogue

OURS: dict[str, dict[str, Any]] = {
    "ours": {"few_shot": "auto"},
    "ours_plain": {"few_shot": "off", "augmentation": "none"},
    "ours_pairs": {"few_shot": "on", "augmentation": "none"},
}
EPOCHS = 8  # of the tuned Trainer; ours and SetFit choose their own
SETS = ("banking77", "trec6")
MOST = {"valid": 500, "test": 1_000}  # rows that are scored


def add(commands: Any) -> None:
    one = commands.add_parser("few-shot", help="few rows a label, beside SetFit")
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument("--base", default=catalogue.DEFAULT)
    one.add_argument("--shots", type=int, default=10, help="training rows of each label")
    one.add_argument("--sets", default=",".join(SETS))
    one.add_argument("--by", default=",".join(peers()), help="what is trained")
    one.add_argument("--seeds", type=int, default=3, help="draws of the training rows")
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def peers() -> list[str]:
    """SetFit only where it is installed: pip install 'attune[bench]'."""
    setfit = ["setfit"] if importlib.util.find_spec("setfit") else []
    return [*OURS, "trainer_tuned", *setfit]


def main(wanted: argparse.Namespace) -> int:
    base = str(catalogue.locate(wanted.base))
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in wanted.sets.split(","):
            drawn = draws(wanted.data, name, wanted.shots, wanted.seeds, Path(folder))
            runs = defaultdict[str, list[dict[str, Any]]](list)
            for seed, files in drawn:
                for by in wanted.by.split(","):
                    runs[by].append(trained(by, base, seed, files))
            found[name] = {by: summed(of) for by, of in runs.items()}
    if not wanted.json:
        sys.stdout.write(table(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def draws(
    data: Path, name: str, shots: int, seeds: int, folder: Path
) -> Iterator[tuple[int, dict[str, str]]]:
    """So many rows of each label, other ones each time; validation and test rows stay the same."""
    for seed in range(texts.SEED, texts.SEED + seeds):
        files = texts.folder(data, name, MOST, folder / f"{name}-{seed}")
        texts.write(few(texts.load(Path(files["train"])), shots, seed), Path(files["train"]))
        yield seed, files


def few(rows: Sequence[tuple[str, str]], shots: int, seed: int) -> texts.Rows:
    """At most so many rows of each label."""
    by: dict[str, texts.Rows] = {}
    for row in rows:
        by.setdefault(row[1], []).append(row)
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    return [row for _, own in sorted(by.items()) for row in draw.sample(own, min(shots, len(own)))]


def trained(by: str, base: str, seed: int, files: Mapping[str, str]) -> dict[str, Any]:
    asked = {"base": base, "epochs": EPOCHS, "seconds": 0, "seed": seed, **files}
    if by in OURS:
        return child({**asked, "by": "ours", "epochs": None, "settings": OURS[by]})
    return child({**asked, "by": by})


def summed(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means, and the deviation of the test score over the draws."""
    test = [one["test"] for one in runs]
    return {
        "valid": round(statistics.mean(one["valid"] for one in runs), 4),
        "test": round(statistics.mean(test), 4),
        "deviation": round(statistics.stdev(test), 4) if len(test) > 1 else 0.0,
        "seconds": round(statistics.mean(one["cpu"] for one in runs), 1),
    }


def table(found: Mapping[str, Any]) -> str:
    """For bench/README.md."""
    lines = ["| set | | validation | test | deviation | seconds |", "| --- " * 6 + "|"]
    for name, by, one in ((name, by, one) for name, of in found.items() for by, one in of.items()):
        shares = " | ".join(f"{100 * one[key]:.1f} %" for key in ("valid", "test", "deviation"))
        lines.append(f"| {name} | {by} | {shares} | {one['seconds']:.0f} |")
    return "\n".join(lines) + "\n"
