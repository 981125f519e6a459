"""The one pass over the files: flaws of rows as they come, and a few numbers for each row that is kept.

A row takes about 25 bytes here whatever its text, so that a million rows need little memory; the texts go into a spool
on the disk, where the findings and the version take them from.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training import splits
from training.problems import Problem
from training.spool import Spool
from training.table import Chunk, Fault, Table, cells, chunks, read, strings
from training.table.reader import shown
from training.tasks.shape import BETWEEN, Task, Variant
from training.validation.columns import check_columns, check_listed, used
from training.validation.findings import Findings, Place
from training.validation.parts import Part, understood
from training.validation.rows import (
    Growing,
    Rows,
    Source,
    estimated_tokens,
    extra_columns,
    joined,
)

_MAX_LABELS = 20_000  # told apart; more is the wrong column anyway
_LOOKED_AT = 1000  # rows from which the variant is inferred
NONE = 255  # in `given`: the row says nothing of its split


class Scan:
    """The arrays are parallel, one entry a kept row, in the order of the files and their lines."""

    def __init__(
        self, task: Task, columns: Mapping[str, str], spool: Spool, variant: str = ""
    ) -> None:
        self.task, self.columns, self.spool = task, dict(columns), spool
        suggested = task.suggested(columns) or task.variants[0]
        self.variant = task.variant(variant) if variant else suggested
        self.chosen = bool(variant)
        # Roles that are held besides those that every version of the variant has.
        self.besides = [role for role in self.variant.may if columns.get(role)]
        self.found = Findings()
        self.sources: list[Source] = []
        self.tables: list[Table | None] = []
        self.files: list[str] = []  # names that `source` points to
        self.extra: list[
            str
        ] = []  # names of the columns without a role of the task's own, in order
        self.read = 0  # rows with anything in them
        self.reserved: NDArray[np.uint64] = np.zeros(
            0, np.uint64
        )  # texts of test rows that come by themselves
        self.flawed: dict[str, int] = {}  # role -> rows that lack it
        self.labels: dict[str, int] = {}
        kinds = {"source": "u1", "line": "u4", "print": "u8", "size": "u4", "tokens": "u2"}
        kinds |= {"codes": "i2", "counts": "u2", "answer": "u8", "given": "u1"}
        kinds |= {"group": "u8", "date": "f8", "besides": "u8"}
        self._of = {name: Growing(kind) for name, kind in kinds.items()}

    def __len__(self) -> int:
        return len(self._of["line"])

    @property
    def source(self) -> NDArray[np.uint8]:
        """Index into `files`."""
        return self._of["source"].all()

    @property
    def line(self) -> NDArray[np.uint32]:
        return self._of["line"].all()

    @property
    def codes(self) -> NDArray[np.int16]:
        """Numbers of the labels (keys of `labels`, in order of appearance), one row's after another."""
        return self._of["codes"].all()

    @property
    def counts(self) -> NDArray[np.int64]:
        """Labels of each row."""
        found = self._of["counts"].all().astype(np.int64)
        return found if len(found) else np.ones(len(self), np.int64)

    @property
    def simple(self) -> bool:
        """Whether every row has exactly one label."""
        return not len(self._of["counts"])

    @property
    def label(self) -> NDArray[np.int16]:
        """One label a row: its only one, or its rarest (by which a split is stratified); -1 for none."""
        if self.simple:
            return self.codes
        counts, codes = self.counts, self.codes
        result = np.full(len(self), -1, np.int16)
        rows = np.repeat(np.arange(len(self)), counts)
        often = np.bincount(codes, minlength=1)[codes] if len(codes) else codes
        order = np.lexsort((codes, often, rows))[::-1]  # the rarest of a row is written last
        result[rows[order]] = codes[order]
        return result

    def codes_of(self, chosen: NDArray[np.bool_]) -> NDArray[np.int16]:
        """Of the chosen rows alone."""
        return self.codes[chosen if self.simple else np.repeat(chosen, self.counts)]

    def rows_of_codes(self) -> NDArray[np.int64]:
        """For each entry of `codes` its row."""
        rows = np.arange(len(self))
        return rows if self.simple else np.repeat(rows, self.counts)

    @property
    def fingerprint(self) -> NDArray[np.uint64]:
        return self._of["print"].all()

    @property
    def answer(self) -> NDArray[Any] | None:
        """What tells copies of a text apart; None where there is no such thing."""
        found = self._of["answer"].all()
        return found if len(found) else (self.codes if self.simple and len(self.codes) else None)

    @property
    def size(self) -> NDArray[np.uint32]:
        """Characters."""
        return self._of["size"].all()

    @property
    def tokens(self) -> NDArray[np.uint16]:
        """Estimated from the characters; at most 65,535."""
        return self._of["tokens"].all()

    @property
    def group(self) -> NDArray[np.uint64] | None:
        return self._of["group"].all() if len(self._of["group"]) else None

    @property
    def date(self) -> NDArray[np.float64] | None:
        """Seconds since 1970; NaN for what is no date."""
        return self._of["date"].all() if len(self._of["date"]) else None

    @property
    def split(self) -> NDArray[np.uint8]:
        """Index into SPLITS of the file that the row came from, or of what the row itself says."""
        of_file = [splits.SPLITS.index(source.split) for source in self.sources]
        of_file += [0] * (len(self.files) - len(of_file))  # rows that are no file's train
        found = np.array(of_file or [0], np.uint8)[self.source]
        given = self._of["given"].all()
        return np.where(given == NONE, found, given)

    def rows_of(self, split: str) -> NDArray[np.bool_]:
        return np.asarray(self.split == splits.SPLITS.index(split))

    def place(self, row: int, role: str, value: str = "") -> Place:
        column = self.columns.get(role, role).replace(BETWEEN, ", ")
        return Place(self.files[self.source[row]], int(self.line[row]), column, value)

    @property
    def roles(self) -> list[str]:
        """What a version of these rows holds of the task's roles."""
        return [*self.variant.keeps, *self.besides]

    def hold(self, roles: Iterable[str]) -> None:
        """Of the roles those that may be held besides, from now on; before any row is taken."""
        named = {*self.besides, *roles}
        self.besides = [role for role in self.variant.may if role in named]

    @property
    def further(self) -> NDArray[np.uint64] | None:
        """What tells apart what is held besides, 0 where there is nothing; None where there never is."""
        return self._of["besides"].all() if self.besides else None

    # --- files -------------------------------------------------------------------------------------------------

    def run(self, sources: Iterable[Source]) -> Generator[float, None, None]:
        """Reads the files one after another; yields how far it is, 0 to 1."""
        self.sources = list(sources)
        self.files = [source.name for source in self.sources]
        opened = [self._open(source) for source in self.sources]
        self.tables = [table for table, _usable in opened]
        usable = [table for table, fits in opened if table is not None and fits]
        check_listed(self.task, usable, self.columns, self.found)
        self._choose_variant(usable)
        named = [extra_columns(self.task, table, self.columns) for table in usable]
        self.extra = list(dict.fromkeys(name for names in named for name in names))
        for number, (table, fits) in enumerate(opened):
            for _ in self._read(number, table, fits) if table else ():
                yield (number + table.progress()) / len(opened)  # type: ignore[union-attr]
            yield (number + 1) / len(opened)

    def _choose_variant(self, tables: list[Table]) -> None:
        """From the first rows of the first file that can be read, unless a person chose it."""
        if self.chosen or not tables:
            return
        first = next(iter(chunks(tables[0])), None)
        if first is not None:
            columns = {
                role: column.slice(0, _LOOKED_AT).to_pylist()
                for role, column in self._by_role(tables[0], first).items()
            }
            rows = [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
            self.variant = self.task.variant(self.task.infer(rows, self.variant.name))

    def _open(self, source: Source) -> tuple[Table | None, bool]:
        """The table, and whether it has the columns that are needed."""
        try:
            table = read(
                source.path, source.encoding, source.delimiter, source.format, source.header
            )
        except Problem as problem:
            place = Place(source.name, int(problem.values.get("line", 0)))
            self.found.add(problem.code, place, key=source.name, **problem.values)
            return None, False
        place = Place(source.name, table.header_line)
        if table.detected.guessed and not source.encoding:
            values: dict[str, Any] = {"file": source.name, "encoding": table.encoding}
            self.found.add("file.encoding_guessed", place, key=source.name, **values)
        if not table.detected.header:
            self.found.add("file.header", place, key=source.name, file=source.name)
        for fault in table.faults:
            code = "column.repeated" if fault.code == "column.duplicate" else fault.code
            if fault.code != "column.duplicate" or fault.column not in used(
                self.task, self.columns
            ):
                self._fault(fault._replace(code=code), source.name)
        return table, check_columns(self.task, table, self.columns, source.name, self.found)

    def _read(self, number: int, table: Table, usable: bool) -> Iterator[None]:
        name = self.files[number]
        for chunk in chunks(table):
            for fault in chunk.faults:
                self._fault(fault, name)
            if usable:
                self._take(number, table, chunk)
            yield
        for code, rows in (("row.trailing", table.trailing), ("row.blank", table.blank)):
            if rows:
                self.found.add(code, Place(name, 0), count=rows, key=name)

    def _fault(self, fault: Fault, name: str) -> None:
        place = Place(name, fault.line, fault.column, shown(fault.value))
        values: dict[str, Any] = {"file": name, "line": fault.line, **fault.values}
        key = fault.column if fault.code.startswith("column.") else ""
        self.found.add(fault.code, place, key=key, **values)

    def _take(self, number: int, table: Table, chunk: Chunk) -> None:
        names = table.columns
        others = {
            name: chunk.columns[names.index(name)] if name in names else strings([""] * len(chunk))
            for name in self.extra
        }
        given = self._given(others, self.files[number], chunk.lines)
        sources = np.full(len(chunk), number, np.uint8)
        columns = self._by_role(table, chunk)
        part = understood(self.task, self.variant, columns, len(chunk), self.besides)
        if len(self.reserved):
            part = self._without_reserved(part, chunk.lines, sources)
        self._keep(part, chunk.lines, sources, given, others)

    def _by_role(self, table: Table, chunk: Chunk) -> dict[str, Any]:
        found = {}
        for role in self.task.roles:
            names = [n for n in self.columns.get(role, "").split(BETWEEN) if n in table.columns]
            own = [chunk.columns[table.columns.index(name)] for name in names]
            if own:
                is_label = role == self.task.label_role
                found[role] = own[0] if len(own) == 1 else joined(names, own, is_label)
        return found

    def _given(
        self, others: Mapping[str, Any], name: str, lines: NDArray[np.uint32]
    ) -> NDArray[np.uint8] | None:
        """What the split column says."""
        column = self.columns.get("split", "")
        if not column or column not in others:
            return None
        found = others[column].dictionary_encode()
        numbers = []
        for value in found.dictionary.to_pylist():
            split = splits.NAMES.get(value.strip().casefold())
            numbers.append(NONE if split is None else splits.SPLITS.index(split))
            if split is None and value.strip():
                at = int(np.flatnonzero(np.equal(found.indices, len(numbers) - 1))[0])
                place = Place(name, int(lines[at]), column, shown(value))
                self.found.add("split.unknown", place, key=value, known=", ".join(splits.SPLITS))
        return np.array(numbers, np.uint8)[cells.numbers(found.indices)]

    # --- rows --------------------------------------------------------------------------------------------------

    def keys_of(self, rows: Rows) -> NDArray[np.uint64]:
        """The fingerprints of what a model would read of rows of a version."""
        part = understood(self.task, self._stored, rows.columns, len(rows.lines))
        return splits.fingerprints(part.keys)

    @property
    def _stored(self) -> Variant:
        return self.task.variant(self.variant.stored or self.variant.name)

    def take_rows(self, rows: Rows) -> None:
        """Rows that are no file's: those of a version, or rows that were typed in."""
        for name in rows.files:
            if name not in self.files:
                self.files.append(name)
        sources = np.array([self.files.index(name) for name in rows.files], np.uint8)
        nothing = strings([""] * len(rows.lines))
        others = {name: rows.extra.get(name, nothing) for name in self.extra}
        part = understood(self.task, self._stored, rows.columns, len(rows.lines), self.besides)
        self._keep(part, rows.lines, sources, rows.splits, others)

    def _keep(
        self,
        part: Part,
        lines: NDArray[np.uint32],
        sources: NDArray[np.uint8],
        given: NDArray[np.uint8] | None,
        others: Mapping[str, Any],
    ) -> None:
        self.read += len(lines)
        for at, flaw in part.flaws:
            self._flaw(flaw, self.files[sources[at]], int(lines[at]))
        if not len(part.kept):
            return
        extra = list(others.values())
        if len(part.kept) < len(lines):
            kept = cells.array(part.kept)
            extra = [column.take(kept) for column in extra]
        self._numbers(part, lines[part.kept], sources[part.kept])
        self._of["given"].add(np.full(len(part.kept), NONE) if given is None else given[part.kept])
        self._common(dict(zip(others, extra, strict=True)))
        names = [*self.roles, *(f"x:{name}" for name in others)]
        self.spool.add(names, [*part.values, *extra])

    def _without_reserved(
        self, part: Part, lines: NDArray[np.uint32], sources: NDArray[np.uint8]
    ) -> Part:
        """Without the rows that stand in the project's test set."""
        hit = np.isin(splits.fingerprints(part.keys), self.reserved)
        for at in part.kept[hit]:
            place = Place(self.files[sources[at]], int(lines[at]))
            self.found.add("split.reserved", place)
        return part.only(~hit) if hit.any() else part

    def _flaw(self, flaw: Any, name: str, line: int) -> None:
        self.flawed[flaw.role] = self.flawed.get(flaw.role, 0) + 1
        column = self.columns.get(flaw.role, flaw.role).replace(BETWEEN, ", ")
        place = Place(name, line, column, shown(flaw.value))
        self.found.add(flaw.code, place, **dict(flaw.values))

    def _numbers(self, part: Part, lines: NDArray[np.uint32], sources: NDArray[np.uint8]) -> None:
        of, letters = self._of, cells.letters(part.keys)
        of["line"].add(lines)
        of["source"].add(sources)
        of["print"].add(splits.fingerprints(part.keys))
        of["size"].add(letters)
        tokens = estimated_tokens(letters, cells.sizes(part.keys))
        of["tokens"].add(np.minimum(tokens, np.iinfo(np.uint16).max))
        of["codes"].add(self._codes(part.labels))
        if part.counts is not None:
            of["counts"].add(part.counts)
        if part.answers is not None:
            of["answer"].add(part.answers)
        if self.besides:
            held = part.values[-1]
            of["besides"].add(np.where(cells.sizes(held) > 0, splits.digests(held), np.uint64(0)))

    def _codes(self, labels: Any) -> NDArray[np.int16]:
        if not len(labels):
            return np.zeros(0, np.int16)
        found = labels.dictionary_encode()
        numbers = [self._number(label) for label in found.dictionary.to_pylist()]
        return np.array(numbers, np.int16)[cells.numbers(found.indices)]

    def _number(self, label: str) -> int:
        known = self.labels.get(label)
        if known is None:
            known = len(self.labels)
            if known < _MAX_LABELS:
                self.labels[label] = known
        return known

    def _common(self, others: Mapping[str, Any]) -> None:
        group, date = (others.get(self.columns.get(role, "")) for role in ("group", "date"))
        if group is not None:
            self._of["group"].add(splits.digests(group))
        if date is not None:
            self._of["date"].add(splits.seconds(date))
