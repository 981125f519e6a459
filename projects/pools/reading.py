"""Reads the file of a pool into rows, in the background: what is known already is counted and left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import xxhash

from projects.datasets import children, drafts
from projects.datasets.children import Kind
from projects.datasets.models import DatasetVersion, RowEdit
from projects.datasets.selectors import path_of, version_file, versions_in
from projects.jobs import leaving
from projects.pools import kinds, working
from projects.pools.models import Pool, PoolRow
from projects.pools.services import READ, let_go, suggest
from training import table, version
from training.problems import Problem
from training.table.shape import LOST, Record
from training.table.words import clean, without_halves

MOST = 100_000  # rows of a pool
BATCH = 1000  # rows written at once


@dataclass
class Counts:
    rows: int = 0
    copies: int = 0
    empty: int = 0
    faulty: int = 0
    cut: bool = False
    seen: set[int] = field(default_factory=set)  # hashes of what is known

    def as_fields(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "seen"}


def work(pool: Pool, attempt: int) -> bool:
    """Fills the pool; True when the queue ends and it has to be begun anew.

    Raises Problem(`upload.gone`, `file.*`, `column.missing`, `pool.empty`, `pool.version`).
    """
    if pool.upload is None or not path_of(pool.upload).is_file():
        raise Problem("upload.gone", name=pool.name)
    _target, kind = kinds.target(pool.project)
    PoolRow.objects.filter(pool=pool).delete()  # of an attempt that died
    counts = Counts(seen=known(pool, kind))
    file = table.read(path_of(pool.upload), **pool.reading)
    for batch in _batches(_taken(pool, file, counts)):
        if leaving.wanted():
            return True
        if not children.beat(KIND, pool.pk, attempt, file.progress()):
            return False
        PoolRow.objects.bulk_create(batch)
    if not counts.rows:
        raise Problem("pool.empty", **{k: v for k, v in counts.as_fields().items() if k != "cut"})
    if children.end(KIND, pool.pk, attempt, Pool.Status.READY, progress=1.0, **counts.as_fields()):
        let_go(pool.upload)
        if pool.run:
            suggest(pool=pool, run=pool.run, user=pool.created_by)
    return False


def _taken(pool: Pool, file: table.Table, counts: Counts) -> Iterator[PoolRow]:
    places = {role: file.index(column) for role, column in pool.columns.items()}
    for record in file:
        values = _values(record, places, counts)
        if values is None:
            continue
        if counts.rows == MOST:
            counts.cut = True
            return
        yield PoolRow(pool=pool, number=counts.rows, line=record.line, values=values)
        counts.rows += 1


def _values(record: Record, places: Mapping[str, int], counts: Counts) -> dict[str, str] | None:
    if any(fault.code in LOST for fault in record.faults):
        counts.faulty += 1
        return None
    values = {role: fit(record.cells[place]) for role, place in places.items()}
    if not all(text.strip() for text in values.values()):
        counts.empty += 1
        return None
    key = hashed(values.values())
    if key in counts.seen:
        counts.copies += 1
        return None
    counts.seen.add(key)
    return values


def fit(text: str) -> str:
    """Without what neither a database nor JSON can hold."""
    return without_halves(clean(text)).replace("\0", "")


def hashed(texts: Any) -> int:
    return xxhash.xxh3_64_intdigest("\x1f".join(texts).encode("utf-8", "replace"))


def known(pool: Pool, kind: kinds.Kind) -> set[int]:
    """Hashes of all texts of the newest version and of the rows added to drafts of the project."""
    newest = versions_in(pool.project).first()
    found = _in_version(newest, kind) if newest else set()
    added = RowEdit.objects.filter(drafts.OPEN, kind="add", version__project=pool.project)
    for values in added.values_list("values", flat=True).iterator():
        found.add(hashed(values.get(role, "") for role in kind.reads))
    return found


def _in_version(newest: DatasetVersion, kind: kinds.Kind) -> set[int]:
    found: set[int] = set()
    for part in version.tables(version_file(newest)):
        columns = [part[role].to_pylist() for role in kind.reads]
        found.update(hashed(texts) for texts in zip(*columns, strict=True))
    return found


def _batches(rows: Iterator[PoolRow]) -> Iterator[list[PoolRow]]:
    batch: list[PoolRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def execute(pool_id: str) -> None:
    working.execute(KIND, pool_id, work)


KIND = Kind(
    model=Pool,
    task=READ,
    cluster="",
    running=Pool.Status.READING,
    related=("project__workspace", "upload", "run", "created_by"),
    arguments=working.no_child,
    settle=working.no_child,
)
