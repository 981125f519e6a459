"""`python -m bench draft`: how soon there is a first model, and how good it is."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.estimates import fitted, report_of
from bench.experts import sets
from bench.measuring import told
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
    found = told(wanted, measured, table)
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
    asked = {"task": chosen.task, "version": str(version), "base": chosen.base}
    seconds = fitted({**asked, "effort": draft.EFFORT}, folder, "wall")
    report = report_of(folder)
    rows = {name: report["details"]["rows"][name] for name in ("train", "test")}
    return {
        "seconds": seconds,
        "parts": report["seconds"],
        "rows": rows,
        "accuracy": report["metrics"].get("accuracy"),
        "macro_f1": report["metrics"].get("macro", {}).get("f1"),
    }


def table(found: Mapping[str, Any]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in found.items())
