"""`python -m bench estimate`: ten fine-tunes of different kinds, what was predicted for each, and what it took."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.experts import sets
from bench.measuring import ROOT
from training import budget, catalogue, estimate

WITHIN = 0.3  # of what it took
WANTED = 0.9  # of the runs
SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Case:
    """`of` is a name of bench.experts.sets.SETS; `rows` the most of train, valid and test."""

    name: str
    of: str
    rows: tuple[int, int, int]
    effort: str = "quick"
    settings: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)


QUESTIONS = "text-classification"
CASES = (
    Case("usual", QUESTIONS, (800, 150, 150)),
    Case("more effort", QUESTIONS, (400, 100, 100), "balanced", {"epochs": 5}),
    Case("few steps", QUESTIONS, (2000, 200, 200), settings={"max_steps": 40}),
    Case("head alone", QUESTIONS, (1500, 200, 300), settings={"trained": "head_only"}),
    Case("top layer", QUESTIONS, (1000, 150, 150), settings={"trained": "top", "top_layers": 1}),
    Case("adapter", QUESTIONS, (800, 150, 150), settings={"method": "lora"}),
    Case("small batches", QUESTIONS, (500, 100, 100), settings={"batch_size": 4, "epochs": 2}),
    Case("several labels", "several-labels", (800, 150, 150)),
    Case("pairs", "text-matching", (500, 100, 100), settings={"epochs": 1}),
    Case("entities", "ner", (500, 100, 100), settings={"epochs": 2}),
)


def add(commands: Any) -> None:
    one = commands.add_parser("estimate", help="what is predicted of a run beside what it takes")
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument("--base", default=catalogue.DEFAULT)
    one.add_argument("--only", default="", help="names of cases, with commas between")
    one.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="cpu: one thread, and its seconds of the processor: for a machine that others use as well",
    )
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    if wanted.clock == "cpu":
        os.environ["OMP_NUM_THREADS"] = "1"
    only = [name for name in wanted.only.split(",") if name]
    cases = [case for case in CASES if not only or case.name in only]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        known = calibrated(Path(folder), wanted.clock)
        found = [*measured(cases, wanted, known, Path(folder))]
    result = summed(found)
    if not wanted.json:
        sys.stdout.write(table(found))
    sys.stdout.write(json.dumps(result) + "\n")
    return 0 if result["within"] >= WANTED * result["runs"] else 1


def calibrated(folder: Path, clock: str) -> dict[str, Any]:
    """What `python -m training calibrate` measures, as the site does once."""
    file = folder / "calibration.json"
    given = ["--clock", clock, "--out", str(file)]
    subprocess.run(
        [sys.executable, "-m", "training", "calibrate", *given],
        check=True,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def measured(
    cases: Sequence[Case], wanted: argparse.Namespace, known: Mapping[str, Any], folder: Path
) -> Iterator[dict[str, Any]]:
    for case in cases:
        place = folder / case.name.replace(" ", "-")
        place.mkdir()
        chosen = replace(sets.SETS[case.of], rows=case.rows, base=wanted.base)
        file = sets.version(chosen, wanted.data, place)
        said = predicted(case, file, chosen, known)
        took, parts, memory = taken(spec_of(case, file, chosen), place / "run", wanted.clock)
        one = {
            "case": case.name,
            "predicted": round(said.seconds, 1),
            "low": round(said.low, 1),
            "high": round(said.high, 1),
            "took": round(took, 1),
            "error": round(said.seconds / took - 1, 3),
            "memory_predicted": said.memory,
            "memory": memory,
            "parts_predicted": dict(said.parts),
            "parts": parts,
        }
        if not wanted.json:
            sys.stdout.write(json.dumps(one) + "\n")
            sys.stdout.flush()
        yield one


def predicted(
    case: Case, file: Path, chosen: sets.Set, known: Mapping[str, Any]
) -> estimate.Estimate:
    """From what the site knows of a version: rows, their length, the number of labels."""
    stats = stats_of(file)
    found = estimate.seconds(stats, known, case.effort, chosen.base, case.settings)
    return estimate.searched(found, budget.check(case.search))


def stats_of(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((file.parent / "stats.json").read_text(encoding="utf-8"))
    return found


def spec_of(case: Case, file: Path, chosen: sets.Set) -> dict[str, Any]:
    return {
        "task": chosen.task,
        "version": str(file),
        "base": chosen.base,
        "effort": case.effort,
        "settings": dict(case.settings),
        "search": dict(case.search),
    }


def taken(spec: Mapping[str, Any], folder: Path, clock: str) -> tuple[float, dict[str, float], int]:
    """Seconds of the fit and of the check of what it saved, as a run does both; those of its stages; its memory."""
    seconds = fitted(spec, folder, clock) + spent(["verify", str(folder)], clock)
    report = report_of(folder)
    return seconds, report["seconds"], report["memory"]


def fitted(spec: Mapping[str, Any], folder: Path, clock: str) -> float:
    """Seconds of the process that fits it, imports and all, in a folder that it makes."""
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return spent(["fit", "--spec", str(folder / "spec.json"), "--out", str(folder)], clock)


def report_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def spent(args: Sequence[str], clock: str) -> float:
    """Raises RuntimeError when it fails."""
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "training", *args], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _pid, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{args[0]} ended with {child.returncode}")
    clocks: dict[str, Callable[[], float]] = {
        "wall": lambda: time.monotonic() - begun,
        "cpu": lambda: used.ru_utime + used.ru_stime,
    }
    return clocks[clock]()


def summed(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    errors = [abs(one["error"]) for one in found]
    return {
        "runs": len(found),
        "within": sum(error <= WITHIN for error in errors),
        "inside_interval": sum(one["low"] <= one["took"] <= one["high"] for one in found),
        "median_error": round(statistics.median(errors), 3),
        "memory_within": sum(
            abs(one["memory_predicted"] / one["memory"] - 1) <= WITHIN for one in found
        ),
        "errors": {one["case"]: one["error"] for one in found},
    }


def table(found: Sequence[Mapping[str, Any]]) -> str:
    lines = ["| run | predicted s | interval | took s | error | memory predicted / held |"]
    lines.append("|---|---|---|---|---|---|")
    for one in found:
        memory = f"{one['memory_predicted'] / 1e6:.0f} / {one['memory'] / 1e6:.0f} MB"
        interval = f"{one['low']:.0f}–{one['high']:.0f}"
        lines.append(
            f"| {one['case']} | {one['predicted']:.0f} | {interval} | {one['took']:.0f} | "
            f"{one['error']:+.0%} | {memory} |"
        )
    return "\n".join(lines) + "\n"
