"""`python -m bench training`: the speed of ours and of what people would otherwise run, in turn, and the scores."""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measuring import run, told
from bench.training import texts
from training import catalogue

BY = ("seed_loop", "trainer", "trainer_tuned", "ours")
SPEED, QUICK_SPEED = 20.0, 8.0  # seconds of each timing
TURNS, QUICK_TURNS = 5, 3
EPOCHS = 5  # of a training that is scored
QUICK_SCORED = ("trainer_tuned", "ours")  # the others take too long
QUICK_ROWS, QUICK_EPOCHS = 2_000, 3
ENOUGH = 10_000  # epochs of a timing, which the clock ends
TIMED = {"train": 2_000, "valid": 50, "test": 50}  # rows of a timing
# Multiplications of a token through the layers of the base and back; the embedding is looked up.
FLOP = 6


def add(commands: Any) -> None:
    one = commands.add_parser("training", help="speed and scores beside transformers' Trainer")
    one.add_argument("--data", type=Path, default=Path("../shared/data"), help="real data sets")
    one.add_argument("--base", default=catalogue.DEFAULT)
    one.add_argument(
        "--bases", default="bases", help="folder with the bases that no package brings"
    )
    one.add_argument("--quick", action="store_true", help="in less than eight minutes")
    one.add_argument("--rows", type=int, default=0, help="training rows of a scored training")
    one.add_argument("--turns", type=int, default=0, help="timings of each")
    one.add_argument("--no-scores", action="store_true", help="speed alone")
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    told(wanted, measured, table)
    return 0


def measured(wanted: argparse.Namespace, folder: Path) -> dict[str, Any]:
    base = str(catalogue.locate(wanted.base, wanted.bases))
    names = texts.names(wanted.data)[: 1 if wanted.quick else None]
    files = {
        name: texts.folder(wanted.data, name, TIMED, folder / name) for name in [*names, texts.LONG]
    }
    turns = wanted.turns or (QUICK_TURNS if wanted.quick else TURNS)
    seconds = QUICK_SPEED if wanted.quick else SPEED
    machine, speed = timings(base, files, turns, seconds)
    result = summed(base, machine, speed)
    if not wanted.no_scores:
        result["score"] = scores(wanted, base, folder)
    return result


def child(asked: Mapping[str, Any]) -> dict[str, Any]:
    found = run(["-m", "bench.training.one", json.dumps(asked)])
    return {**found.lines[-1][1], "peak_mb": round(found.peak)}


Speed = dict[str, dict[str, list[dict[str, Any]]]]


def timings(
    base: str, files: Mapping[str, Mapping[str, str]], turns: int, seconds: float
) -> tuple[list[dict[str, Any]], Speed]:
    """All in turn, so that a busy machine is busy for each of them."""
    machine, speed = [], {name: defaultdict[str, Any](list) for name in files}
    for _ in range(turns):
        machine.append(child({"by": "machine"}))
        for name, by in pairs(files):
            asked = {"by": by, "base": base, "epochs": ENOUGH, "seconds": seconds, **files[name]}
            speed[name][by].append(child(asked))
    return machine, {name: dict(found) for name, found in speed.items()}


def pairs(files: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return ((name, by) for name in files for by in BY)


def scores(wanted: argparse.Namespace, base: str, folder: Path) -> dict[str, Any]:
    """Of the same rows and epochs; the tutorial's loop has its own learning rate, ours and the Trainers theirs."""
    rows = wanted.rows or (QUICK_ROWS if wanted.quick else 0)
    epochs = QUICK_EPOCHS if wanted.quick else EPOCHS
    found: dict[str, Any] = {}
    names = texts.names(wanted.data)
    for name in names[-1:] if wanted.quick else names:
        files = texts.folder(wanted.data, name, {"train": rows}, folder / f"{name}-scored")
        found[name] = {"rows": rows or "all", "epochs": epochs}
        for by in QUICK_SCORED if wanted.quick else BY:
            one = child({"by": by, "base": base, "epochs": epochs, "seconds": 0, **files})
            found[name][by] = {
                "test": one["test"],
                "seconds": round(one["seconds"], 1),
                "by_epoch": one["epochs"],
            }
    return found


def summed(base: str, machine: Sequence[Mapping[str, Any]], speed: Speed) -> dict[str, Any]:
    """Medians over the turns; ratios are of rows a second, the least of the sets of short texts."""
    peak = statistics.median(one["peak"] for one in machine)
    weights = inner_weights(base)
    sets = {
        name: {by: medians(turns, peak, weights) for by, turns in found.items()}
        for name, found in speed.items()
    }
    short = [name for name in sets if name != texts.LONG]
    ratios = {
        f"vs_{by}": round(min(ratio(sets[name], by) for name in short), 2)
        for by in BY
        if by != "ours"
    }
    return {
        **ratios,
        "share_of_peak": sets[texts.LONG]["ours"]["share_of_peak"],
        "score": {},
        "peak_gflops": round(peak / 1e9, 1),
        "format": machine[0]["format"],
        "threads": machine[0]["threads"],
        "sets": sets,
    }


def medians(turns: Sequence[Mapping[str, Any]], peak: float, weights: int) -> dict[str, Any]:
    rows = statistics.median(one["rows"] / one["seconds"] for one in turns)
    tokens = statistics.median(one["tokens"] / one["seconds"] for one in turns)
    return {
        "rows_per_second": round(rows, 1),
        "tokens_per_second": round(tokens),
        "share_of_peak": round(FLOP * weights * tokens / peak, 3),
        "peak_mb": max(one["peak_mb"] for one in turns),
    }


def ratio(found: Mapping[str, Mapping[str, float]], by: str) -> float:
    return found["ours"]["rows_per_second"] / found[by]["rows_per_second"]


def inner_weights(base: str) -> int:
    """Of the matrices and biases that every token passes."""
    from safetensors import safe_open

    with safe_open(Path(base) / "model.safetensors", "np") as file:
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    inside = [shape for name, shape in shapes.items() if ".layer." in name or "layers." in name]
    return sum(size(shape) for shape in inside)


def size(shape: Sequence[int]) -> int:
    result = 1
    for number in shape:
        result *= number
    return result


def table(found: Mapping[str, Any]) -> str:
    """For bench/README.md."""
    lines = [
        "| set | | rows/s | tokens/s | share of peak | peak memory | ours is |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, by in ((name, by) for name in found["sets"] for by in BY):
        one = found["sets"][name][by]
        times = f"{ratio(found['sets'][name], by):.2f} ×" if by != "ours" else ""
        lines.append(
            f"| {name} | {by} | {one['rows_per_second']:,.1f} | {one['tokens_per_second']:,} "
            f"| {100 * one['share_of_peak']:.1f} % | {one['peak_mb']:,} MB | {times} |"
        )
    return "\n".join(lines) + "\n"
