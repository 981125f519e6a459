"""What is new in the product, from the file beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language

FILE = Path(__file__).with_name("changelog.toml")


@dataclass(frozen=True)
class Change:
    version: str
    day: date
    lines: tuple[str, ...]


def changes() -> list[Change]:
    """The newest first, in the reader's language."""
    key = "zh" if (get_language() or "").startswith("zh") else "en"
    return [Change(one["version"], one["day"], tuple(one[key])) for one in _read()]


@cache
def _read() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["change"]
    return found
