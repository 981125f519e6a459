"""How long the check of a large file takes, and how much memory, beside a bare reading of the same file."""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.measuring import Measured, run

LABELS = 20
TIMES = 3
_POOL = 20_000  # halves of texts
_WORDS = 4000


def add(commands: Any) -> None:
    one = commands.add_parser("data", help="check of a generated file, beside pandas.read_csv")
    one.add_argument("--rows", type=int, default=1_000_000)
    one.add_argument("--json", action="store_true", help="the last line only, for programs")
    one.set_defaults(run=main)


def main(wanted: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "rows.csv"
        make(file, wanted.rows)
        found = {"rows": wanted.rows, "file_mb": round(file.stat().st_size / 1e6, 1)}
        found |= measured(file)
    if not wanted.json:
        sys.stdout.write(table(found))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def make(file: Path, rows: int, seed: int = 13) -> None:
    """id, text, label: about 150 bytes a row; a fifth of the texts has commas and stands in quotes."""
    rng = random.Random(seed)  # noqa: S311 - the same file each time
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 10))) for _ in range(_WORDS)]
    halves = [" ".join(rng.choices(words, k=9)) for _ in range(_POOL)]
    with file.open("w", encoding="utf-8", newline="") as out:
        out.write("id,text,label\n")
        for number in range(rows):
            a, b = rng.choices(halves, k=2)
            text = f'"{a}, so ""{b}"""' if rng.random() < 0.2 else f"{a} {b}"
            out.write(f"{number},{text},label {rng.randrange(LABELS):02}\n")


def measured(file: Path) -> dict[str, Any]:
    """One after another, so that none takes the processor from another; the file is in the system's cache by then."""
    pandas, one, plain, idle = (_reader(n, file) for n in ("pandas", "one_thread", "csv", "idle"))
    columns = ["--column", "text=text", "--column", "label=label"]
    wanted = ["--task", "text-classification", *columns, "--out", str(file.parent / "out")]
    args = ["-m", "training", "check", "--fast", "--json", *wanted, str(file)]
    check = sorted((run(args) for _time in range(TIMES)), key=found_at)[TIMES // 2]
    seconds = {
        "pandas": reading(pandas),
        "pandas_one_thread": reading(one),
        "csv": reading(plain),
        "findings": found_at(check),
        "findings_without_imports": found_at(check) - idle.at("imported"),
        "check": check.seconds,
        **parts(check, idle.at("imported")),
    }
    over = {"pandas": above(pandas), "csv": above(plain), "check": check.peak - held(idle)}
    return {
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_mb_over_idle": {name: round(value) for name, value in over.items()},
        "vs_pandas": round(seconds["findings"] / seconds["pandas"], 2),
        "vs_pandas_without_imports": round(
            seconds["findings_without_imports"] / seconds["pandas"], 2
        ),
        "memory_vs_pandas": round(over["check"] / max(1, over["pandas"]), 2),
    }


def _reader(name: str, file: Path) -> Measured:
    """The middle one of three: a reading of a fifth of a second is easily disturbed."""
    found = [run(["-m", "bench.readers", name, str(file)]) for _time in range(TIMES)]
    return sorted(found, key=reading)[TIMES // 2]


def reading(found: Measured) -> float:
    """Without start and imports."""
    return found.at("read") - found.at("imported")


def found_at(check: Measured) -> float:
    """When the findings came, from the start of the process."""
    return next(when for when, line in check.lines if line["event"] in {"found", "checked"})


def parts(check: Measured, imported: float) -> dict[str, float]:
    """What the check spent its time on, told from when its events came."""
    done = [(when, line.get("progress", 1)) for when, line in check.lines]
    scanned = max(when for when, progress in done if progress <= 0.7)
    divided = max(when for when, progress in done if progress <= 0.8)
    return {
        "check_import": imported,
        "check_scan": scanned - imported,
        "check_findings_and_splits": divided - scanned,
        "check_version_and_lengths": check.seconds - divided,
    }


def held(found: Measured) -> float:
    """MB, when all was imported."""
    return next(float(line["held"]) for _when, line in found.lines if "held" in line)


def above(found: Measured) -> float:
    return found.peak - held(found)


def table(found: dict[str, Any]) -> str:
    lines = [f"{found['rows']:,} rows, {found['file_mb']} MB"]
    lines += [f"{name:>28} {value:8.2f} s" for name, value in found["seconds"].items()]
    lines += [
        f"{name:>28} {value:8,} MB over idle" for name, value in found["peak_mb_over_idle"].items()
    ]
    lines += [f"{'findings / pandas':>28} {found['vs_pandas']:8.2f} × time"]
    lines += [f"{'without imports':>28} {found['vs_pandas_without_imports']:8.2f} × time"]
    lines += [f"{'':>28} {found['memory_vs_pandas']:8.2f} × memory", ""]
    return "\n".join(lines)
