"""Files and functions stay small enough to be read at one sitting."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE_LIMIT, MEDIAN, P95 = 400, 8, 40  # lines


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def function_lengths() -> list[int]:
    lengths = []
    for path in python_files("platform", "projects", "training"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((node.end_lineno or 0) - node.lineno + 1)
    return lengths


def test_files_are_short() -> None:
    files = python_files("platform", "projects", "training", "tests")
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in files}
    assert not {str(path): count for path, count in lines.items() if count > FILE_LIMIT}


def test_functions_are_short() -> None:
    lengths = function_lengths()
    assert statistics.median(lengths) <= MEDIAN
    assert statistics.quantiles(lengths, n=20)[-1] <= P95
