"""`python -m bench draft`: how soon there is a first model, and how good it is."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.estimates import spent
from bench.experts import sets
from training import draft

SET, ROWS = "banking77", 10_000  # of which it has 9,000 to learn from
WANTED = 60.0  # seconds


def add(commands: Any) -> None:
    one = commands.add_parser("draft", help="the time of a draft, from its start to its report")
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument("--set", default=SET, choices=list(sets.SETS))
    one.add_argument("--rows", type=int, default=ROWS, help="training rows at the most")
    one.add_argument("--turns", type=int, default=3)
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = measured(wanted, Path(folder))
    if not wanted.json:
        for name, value in found.items():
            sys.stdout.write(f"{name}: {value}\n")
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if found["seconds"] < WANTED else 1


def measured(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Each turn begins with nothing kept: the texts are read by the base anew."""
    chosen = sets.SETS[wanted.set]
    _, valid, test = chosen.rows
    version = sets.version(replace(chosen, rows=(wanted.rows, valid, test)), wanted.data, folder)
    turns = [drafted(chosen, version, folder / str(turn)) for turn in range(wanted.turns)]
    return {**turns[-1], "seconds": round(statistics.median(one["seconds"] for one in turns), 1)}


def drafted(chosen: sets.Set, version: Path, folder: Path) -> dict[str, Any]:
    """`seconds` are those of the process that makes it, imports and all; its stages are told in "parts"."""
    folder.mkdir()
    spec = {
        "task": chosen.task,
        "version": str(version),
        "base": chosen.base,
        "effort": draft.EFFORT,
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    seconds = spent(["fit", "--spec", str(folder / "spec.json"), "--out", str(folder)], "wall")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    rows = {name: report["details"]["rows"][name] for name in ("train", "test")}
    return {
        "seconds": seconds,
        "parts": report["seconds"],
        "rows": rows,
        "accuracy": report["metrics"].get("accuracy"),
        "macro_f1": report["metrics"].get("macro", {}).get("f1"),
    }
