"""The table of faults names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TEXT = (HERE / "README.md").read_text(encoding="utf-8")


def test_every_fault_has_a_row() -> None:
    assert re.findall(r"^\| (F\d\d) ", TEXT, re.M) == [f"F{number:02}" for number in range(1, 71)]


def test_every_test_is_there() -> None:
    missing = [
        f"{file}::{name}"
        for file, name in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", TEXT)
        if "/" in file and f"def {name}" not in (HERE.parent / file).read_text(encoding="utf-8")
    ]
    assert missing == []
