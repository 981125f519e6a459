"""What a scan takes in, and arrays that grow while it does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.table import Table, strings
from training.tasks.shape import Task
from training.validation.columns import used

_YES, _NO = frozenset({"1", "true", "yes", "x"}), frozenset({"0", "false", "no", ""})


@dataclass(frozen=True)
class Source:
    """A user's file. `name` is what a person knows it by; what is empty (or None) is detected."""

    split: str  # of splits.SPLITS
    path: str
    name: str
    encoding: str = ""
    delimiter: str = ""
    format: str = ""  # of table.FORMATS
    header: bool | None = None


@dataclass(frozen=True)
class Rows:
    """Rows from elsewhere than a file: `columns` by role, the others by their names, and where each row was."""

    lines: NDArray[np.uint32]
    files: Sequence[str]
    splits: NDArray[np.uint8]
    columns: Mapping[str, Any]
    extra: Mapping[str, Any]


class Growing:
    """An array that grows piece by piece; room that is not used yet takes no memory."""

    def __init__(self, kind: Any) -> None:
        self._data, self._size = np.empty(1024, kind), 0

    def add(self, values: Any) -> None:
        end = self._size + len(values)
        if end > len(self._data):
            larger = np.empty(max(2 * len(self._data), end), self._data.dtype)
            larger[: self._size] = self._data[: self._size]
            self._data = larger
        self._data[self._size : end] = values
        self._size = end

    def all(self) -> NDArray[Any]:
        return self._data[: self._size]

    def __len__(self) -> int:
        return self._size


def joined(names: Sequence[str], cells: Sequence[Any], marks: bool = True) -> Any:
    """Several columns as one: a JSON list of what stands in them. Where they may be `marks`: of those that say yes."""
    rows = zip(*(column.to_pylist() for column in cells), strict=True)
    plain = [[cell.strip() for cell in row] for row in rows]
    if marks and all(cell.lower() in _YES | _NO for row in plain for cell in row):
        found = [
            [name for name, cell in zip(names, row, strict=True) if cell.lower() in _YES]
            for row in plain
        ]
    else:
        found = [[cell for cell in row if cell] for row in plain]
    return strings(json.dumps(row, ensure_ascii=False) for row in found)


def estimated_tokens(letters: Any, size: Any) -> Any:
    """About as many tokens as a model would see: a quarter of the Latin characters, every Chinese one.

    `letters` are characters, `size` bytes of UTF-8.
    """
    wide = (size - letters) // 2
    return wide + (letters - wide) // 4 + 1


def extra_columns(task: Task, table: Table, columns: Mapping[str, str]) -> list[str]:
    """Columns without a role, but for unnamed ones (most often a separator at the end of the lines)."""
    unnamed = {fault.column for fault in table.faults if fault.code == "column.unnamed"}
    own = set(used(task, columns)) | unnamed
    return [name for name in table.columns if name not in own]
