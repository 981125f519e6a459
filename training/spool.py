"""The rows of a scan on the disk, before it is known which split each belongs to; gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.table import cells


class Spool:
    """`with Spool(…) as spool`: columns are added piece by piece, and then read as often as is wanted."""

    def __init__(self, folder: str | Path = "") -> None:
        self.folder = str(folder) or None
        self._writer: Any = None
        self._starts: list[int] = []  # first row of each piece
        self._names: list[str] = []
        self.rows = 0

    def __enter__(self) -> Spool:
        if self.folder:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".spool", delete=False) as file:
            self.path = Path(file.name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
        with suppress(OSError):
            self.path.unlink()

    def add(self, names: Sequence[str], columns: Sequence[Any]) -> None:
        batch = pa.record_batch(list(columns), names=list(names))
        if self._writer is None:
            self._names = list(names)
            self._writer = pa.ipc.new_file(str(self.path), batch.schema)
        self._writer.write_batch(batch)
        self._starts.append(self.rows)
        self.rows += batch.num_rows

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def batches(
        self, columns: Sequence[str] = (), wanted: NDArray[np.integer[Any]] | None = None
    ) -> Iterator[tuple[int, Any]]:
        """(number of its first row, record batch) of each piece, one in memory at a time.

        Only those with `wanted` rows (ascending) are read, and of them only the `columns`, if any are named.
        """
        self.close()
        if not self._starts:
            return
        ends = [*self._starts[1:], self.rows]
        with pa.OSFile(str(self.path)) as source:
            reader = pa.ipc.open_file(source, options=self._only(columns))
            for number, (start, end) in enumerate(zip(self._starts, ends, strict=True)):
                if wanted is None or np.subtract(*np.searchsorted(wanted, (end, start))):
                    yield start, reader.get_batch(number)

    def _only(self, columns: Sequence[str]) -> pa.ipc.IpcReadOptions:
        places = [self._names.index(name) for name in columns]
        return pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)

    def texts(self, column: str, rows: NDArray[np.integer[Any]]) -> list[str]:
        """Of the rows (ascending), that column."""
        wanted = np.asarray(rows)
        found: list[str] = []
        for start, batch in self.batches([column], wanted):
            low, high = np.searchsorted(wanted, (start, start + batch.num_rows))
            places = cells.array(wanted[low:high] - start)
            found += batch.column(column).take(places).to_pylist()
        return found
