"""The sample: all figures of the first paths, streamed in path order; and the rows of the worst paths."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.kernel import SAMPLE_PATHS
from simulator.results.arrow_tables import open_table, read_columns, to_table
from simulator.results.columns import Column
from simulator.results.digest import update_rows
from simulator.results.store import SAMPLE, TABLES, TAIL, RunFolder

__all__ = ["SampleReader", "SampleWriter", "write_tail"]


GROUP = 8_192  # paths of a row group, at most twice as many; the last may be shorter
_BATCH = 32  # columns read together
AHEAD = 1  # records that may wait for one that is being written


class SampleWriter:
    """Streams `sample.parquet` in path order, whatever the order and the sizes of the records.

    What comes too early waits, at most `limit` paths. A thread that finds another one writing leaves its rows and goes,
    but stays while AHEAD records wait already: writing is slower than simulating, and records are large.
    """

    def __init__(self, folder: RunFolder, columns: Sequence[Column], limit: int = SAMPLE_PATHS) -> None:
        self.paths = 0  # written, in order
        self._names = [column.name for column in columns]
        self._rows = np.array([column.row for column in columns], dtype=np.int64)
        self.limit = limit  # paths that belong to it
        self._waiting: dict[int, NDArray[np.float64]] = {}
        self._group: list[NDArray[np.float64]] = []  # next in path order, too few yet for a row group
        self._next = 0  # path that comes after them
        self._lock = threading.Condition()
        self._busy = False
        self._hash = hashlib.sha256("\n".join(self._names).encode() + b"\0")
        self._stack = ExitStack()
        empty = np.zeros((len(columns), 0))
        self._writer = pq.ParquetWriter(
            self._stack.enter_context(folder.stream(SAMPLE)),
            to_table(_named(self._names, np.zeros(0, dtype=np.int64), empty)).schema,
            compression="zstd",
            use_dictionary=False,
            write_statistics=False,
        )

    def record(self, first_path: int, out: NDArray[np.float64]) -> None:
        """Keep the paths first_path .. of `out` (metrics, count) that belong to the sample. Thread-safe."""
        count = min(out.shape[1], self.limit - first_path)
        if count <= 0:
            return
        with self._lock:
            self._lock.wait_for(lambda: not self._busy or len(self._waiting) < AHEAD)
            self._waiting[first_path] = out[self._rows, :count]
            if self._busy:
                return
            self._busy = True
        self._drain()

    @property
    def complete(self) -> bool:
        """True if the sample is complete, however many paths are still to come."""
        return self.paths >= self.limit

    def close(self) -> str:
        """Finish the file; returns the sample's hash. All records must have been made."""
        if self._waiting:
            raise ValueError(f"given paths from {min(self._waiting)}, wanted those from {self._next} first")
        self._write()
        self._writer.close()
        self._stack.close()
        return self._hash.hexdigest()

    def __enter__(self) -> SampleWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop the file if an exception ends the block."""
        if kind is not None:
            with suppress(OSError):  # on a full disk the footer cannot be written either
                self._writer.close()
            self._stack.__exit__(kind, error, trace)

    def _drain(self) -> None:
        """Write whatever is next in path order, until there is none."""
        try:
            while True:
                with self._lock:
                    rows = self._waiting.pop(self._next, None)
                    self._busy = rows is not None
                    self._lock.notify_all()
                if rows is None:
                    return
                self._group.append(rows)
                self._next += rows.shape[1]
                if self._next >= min(self.paths + GROUP, self.limit):
                    self._write()
        except BaseException:
            with self._lock:
                self._busy = False
                self._lock.notify_all()
            raise

    def _write(self) -> None:
        """Write what is next as a row group."""
        if not self._group:
            return
        rows = self._group[0] if len(self._group) == 1 else np.concatenate(self._group, axis=1)
        paths = np.arange(self.paths, self._next)
        self._group.clear()
        for begin, end in pairwise([0, *range(GROUP, paths.size - GROUP + 1, GROUP), paths.size]):
            part = to_table(_named(self._names, paths[begin:end], rows[:, begin:end]))
            self._writer.write_table(part, row_group_size=end - begin)
        update_rows(self._hash, rows)
        self.paths = self._next


def write_tail(
    folder: RunFolder, columns: Sequence[Column], paths: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """Write `tail.parquet`: the figures `out` (metrics, k) of the worst `paths` (k,), in path order."""
    order = np.argsort(paths, kind="stable")
    rows = out[[column.row for column in columns]][:, order]
    folder.write_table(TAIL, _named([column.name for column in columns], paths[order], rows))


def _named(names: Sequence[str], paths: NDArray[np.int64], rows: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    return {"path": paths, **dict(zip(names, rows, strict=True))}


class SampleReader:
    """Reads columns of a sample, a batch at a time: threads decode the columns of a batch together.

    Used as a context manager. A column of `keep` stays in memory from its batch on until it is taken, so that one pass
    over the file serves two passes over its columns. 131 kept columns of 131,072 paths are 137 MB, what the traces
    before took.
    """

    def __init__(self, path: Path, keep: Collection[str] = ()) -> None:
        self._stack = ExitStack()
        self._file = self._stack.enter_context(open_table(path, TABLES[SAMPLE]))  # once: reading its footer takes time
        self._names = list(self._file.schema_arrow.names)
        self._keep = set(keep)
        self._columns: dict[str, NDArray[np.float64]] = {}

    def __enter__(self) -> SampleReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def read(self, name: str) -> NDArray[np.float64]:
        """Values of a column, (paths,); it and the columns that follow in the file are fast to read next."""
        if name not in self._columns:
            first = self._names.index(name)
            kept = {column: values for column, values in self._columns.items() if column in self._keep}
            self._columns = kept | read_columns(self._file, self._names[first : first + _BATCH])
        return self._columns[name]

    def take(self, name: str) -> NDArray[np.float64]:
        """Values of a column that is not needed again, (paths,)."""
        values = self.read(name)
        del self._columns[name]
        return values
