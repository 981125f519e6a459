"""What the check is compared with, each in a process of its own: `python -m bench.readers NAME FILE`."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable

from bench.measuring import held

IMPORTS = {
    "pandas": ["pandas"],
    "one_thread": ["pandas"],
    "csv": ["csv"],
    "idle": ["training.check", "training.commands"],
}


def with_pandas(file: str) -> int:
    import pandas

    return len(pandas.read_csv(file))


def with_pandas_in_one_thread(file: str) -> int:
    """For comparison only: without arguments pandas 3.1 reads large files in several threads."""
    import pandas

    return len(pandas.read_csv(file, low_memory=False))


def with_csv(file: str) -> int:
    import csv
    from pathlib import Path

    with Path(file).open(encoding="utf-8", newline="") as source:
        return sum(1 for _row in csv.reader(source)) - 1


def nothing(_file: str) -> int:
    """What the check imports, and no more."""
    return 0


READERS: dict[str, Callable[[str], int]] = {
    "pandas": with_pandas,
    "one_thread": with_pandas_in_one_thread,
    "csv": with_csv,
    "idle": nothing,
}


def say(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main(name: str, file: str) -> None:
    for module in IMPORTS[name]:
        importlib.import_module(module)
    say(at="imported", held=held(os.getpid()))
    say(at="read", rows=READERS[name](file))


if __name__ == "__main__":
    main(*sys.argv[1:])
