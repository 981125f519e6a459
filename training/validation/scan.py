"""The one pass over the files: faults of rows as they come, and a few numbers for each row that is kept.

A row takes about 25 bytes here whatever its text, so that a million rows need little memory; texts are known by their
fingerprints.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import splits
from training.problems import Problem
from training.table import Fault, Record, Table, read
from training.table.reader import LOST, clean, shown
from training.tasks.shape import Task
from training.validation.columns import check_columns
from training.validation.findings import Findings, Place

_MAX_LABELS = 20_000  # told apart; more is the wrong column anyway
_REPORT_EVERY = 5_000  # rows


@dataclass(frozen=True)
class Source:
    """A user's file. `name` is what a person knows it by; empty `encoding` and `delimiter` are detected."""

    split: str  # of splits.SPLITS
    path: str
    name: str
    encoding: str = ""
    delimiter: str = ""


class Scan:
    """The arrays are parallel, one entry a kept row, in the order of the files and their lines."""

    def __init__(self, task: Task, columns: Mapping[str, str]) -> None:
        self.task, self.columns = task, dict(columns)
        self.found = Findings()
        self.sources: list[Source] = []
        self.tables: list[Table | None] = []
        self.extra: dict[str, None] = {}  # names of the columns without a role, in order
        self.read = 0  # rows with anything in them
        self.texts = 0  # rows with a text
        self.labels: dict[str, int] = {}
        self._source, self._line = array("B"), array("I")
        self._label, self._print = array("i"), array("Q")
        self._size, self._tokens = array("I"), array("I")

    def __len__(self) -> int:
        return len(self._line)

    @property
    def source(self) -> NDArray[np.uint8]:
        """Index into `sources`."""
        return np.frombuffer(self._source, np.uint8)

    @property
    def line(self) -> NDArray[np.uint32]:
        return np.frombuffer(self._line, np.uint32)

    @property
    def label(self) -> NDArray[np.int32]:
        """Index into the keys of `labels`, which are in order of appearance."""
        return np.frombuffer(self._label, np.int32)

    @property
    def fingerprint(self) -> NDArray[np.uint64]:
        return np.frombuffer(self._print, np.uint64)

    @property
    def size(self) -> NDArray[np.uint32]:
        """Characters."""
        return np.frombuffer(self._size, np.uint32)

    @property
    def tokens(self) -> NDArray[np.uint32]:
        """Estimated from the characters."""
        return np.frombuffer(self._tokens, np.uint32)

    @property
    def split(self) -> NDArray[np.uint8]:
        """Index into SPLITS of the file that the row came from."""
        of_source = np.array(
            [splits.SPLITS.index(source.split) for source in self.sources] or [0], np.uint8
        )
        return of_source[self.source]

    def rows_of(self, split: str) -> NDArray[np.bool_]:
        return np.asarray(self.split == splits.SPLITS.index(split))

    def run(self, sources: Iterable[Source]) -> Generator[float, None, None]:
        """Reads the files one after another; yields how far it is, 0 to 1."""
        self.sources = list(sources)
        for number, source in enumerate(self.sources):
            table = self._open(source)
            self.tables.append(table)
            if table is None:
                continue
            places = check_columns(self.task, table, self.columns, source.name, self.found)
            self.extra |= dict.fromkeys(extra_columns(table, self.columns))
            for _ in self._read(number, table, places):
                yield (number + table.progress()) / len(self.sources)
            yield (number + 1) / len(self.sources)

    def again(self) -> Generator[tuple[int, int, Record], None, None]:
        """The kept rows, read once more: (index into the arrays, index of the source, record)."""
        row = 0
        for number, table in enumerate(self.tables):
            end = row + int((self.source == number).sum())
            for record in table if table and row < end else ():
                if row < end and record.line == self._line[row]:
                    yield row, number, record
                    row += 1
            if row != end:
                raise RuntimeError(f"{self.sources[number].name} changed while it was read")

    def _open(self, source: Source) -> Table | None:
        try:
            table = read(source.path, source.encoding, source.delimiter)
        except Problem as problem:
            line = int(problem.values.get("line", 0))
            self.found.add(
                problem.code, Place(source.name, line), key=source.name, **problem.values
            )
            return None
        place = Place(source.name, table.header_line)
        if table.detected.guessed and not source.encoding:
            values: dict[str, Any] = {"file": source.name, "encoding": table.encoding}
            self.found.add("file.encoding_guessed", place, key=source.name, **values)
        if not table.detected.header:
            self.found.add("file.header", place, key=source.name, file=source.name)
        for fault in table.faults:
            code = "column.repeated" if fault.code == "column.duplicate" else fault.code
            if fault.code != "column.duplicate" or fault.column not in self.columns.values():
                self._fault(fault._replace(code=code), source.name)
        return table

    def _read(
        self, number: int, table: Table, places: Mapping[str, int]
    ) -> Generator[None, None, None]:
        name = self.sources[number].name
        text_at, label_at = places.get("text"), places.get("label")
        for count, record in enumerate(table, 1):
            for fault in record.faults:
                self._fault(fault, name)
            lost = any(fault.code in LOST for fault in record.faults)
            if text_at is not None and label_at is not None and not lost:
                self._row(number, record, record.cells[text_at], record.cells[label_at])
            if not count % _REPORT_EVERY:
                yield
        for code, rows in (("row.trailing", table.trailing), ("row.blank", table.blank)):
            if rows:
                self.found.add(code, Place(name, 0), count=rows, key=name)

    def _fault(self, fault: Fault, name: str) -> None:
        place = Place(name, fault.line, fault.column, shown(fault.value))
        values: dict[str, Any] = {"file": name, "line": fault.line, **fault.values}
        key = fault.column if fault.code.startswith("column.") else ""
        self.found.add(fault.code, place, key=key, **values)

    def _row(self, number: int, record: Record, text: str, label: str) -> None:
        self.read += 1
        name = self.sources[number].name
        has_text, has_label = bool(text.strip()), bool(label.strip())
        self.texts += has_text
        if not has_text:
            self.found.add(
                "data.empty_text", Place(name, record.line, self.columns["text"], shown(label))
            )
        if not has_label:
            self.found.add(
                "label.empty", Place(name, record.line, self.columns["label"], shown(text))
            )
        if not has_text or not has_label:
            return
        if record.faults:
            text, label = clean(text), clean(label)
        self._source.append(number)
        self._line.append(record.line)
        self._label.append(self._number(label))
        self._print.append(splits.fingerprint(text))
        self._size.append(len(text))
        self._tokens.append(estimated_tokens(text))

    def _number(self, label: str) -> int:
        known = self.labels.get(label)
        if known is None:
            known = len(self.labels)
            if known < _MAX_LABELS:
                self.labels[label] = known
        return known


def estimated_tokens(text: str) -> int:
    """About as many tokens as a model would see: a quarter of the Latin characters, every Chinese one."""
    if text.isascii():
        return len(text) // 4 + 1
    wide = (len(text.encode("utf-8", "replace")) - len(text)) // 2
    return wide + (len(text) - wide) // 4 + 1


def extra_columns(table: Table, columns: Mapping[str, str]) -> list[str]:
    """Columns without a role, but for unnamed ones (most often a separator at the end of the lines)."""
    unnamed = {fault.column for fault in table.faults if fault.code == "column.unnamed"}
    return [name for name in table.columns if name not in columns.values() and name not in unnamed]
