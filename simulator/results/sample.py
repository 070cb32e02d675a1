"""The sample: all figures of the first paths, streamed in path order; and the rows of the worst paths."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simulator.results.columns import Column
from simulator.results.digest import update_rows
from simulator.results.store import SAMPLE, TAIL, RunFolder, table

SAMPLE_PATHS = 131_072


class SampleWriter:
    """Streams `sample.parquet`: one row group a record, in path order whatever the order of the records.

    What comes too early waits, at most `limit` paths. A thread that finds another one writing leaves its rows and goes.
    """

    def __init__(self, folder: RunFolder, columns: Sequence[Column], limit: int = SAMPLE_PATHS) -> None:
        self.paths = 0  # written, in order
        self._names = [column.name for column in columns]
        self._rows = np.array([column.row for column in columns], dtype=np.int64)
        self.limit = limit  # paths that belong to it
        self._waiting: dict[int, NDArray[np.float64]] = {}
        self._lock = threading.Lock()
        self._busy = False
        self._hash = hashlib.sha256("\n".join(self._names).encode() + b"\0")
        self._stack = ExitStack()
        empty = np.zeros((len(columns), 0))
        self._writer = pq.ParquetWriter(
            self._stack.enter_context(folder.stream(SAMPLE)),
            table(_named(self._names, np.zeros(0, dtype=np.int64), empty)).schema,
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
            self._waiting[first_path] = out[self._rows, :count]
            if self._busy:
                return
            self._busy = True
        self._drain()

    @property
    def complete(self) -> bool:
        """Whether it holds all that belongs to it, however many paths are still to come."""
        return self.paths >= self.limit

    def close(self) -> str:
        """Finish the file; returns the sample's hash. All records must have been made."""
        if self._waiting:
            raise ValueError(f"given paths from {min(self._waiting)}, wanted those from {self.paths} first")
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
                    rows = self._waiting.pop(self.paths, None)
                    if rows is None:
                        self._busy = False
                        return
                self._write(rows)
        except BaseException:
            with self._lock:
                self._busy = False
            raise

    def _write(self, rows: NDArray[np.float64]) -> None:
        paths = np.arange(self.paths, self.paths + rows.shape[1])
        self._writer.write_table(table(_named(self._names, paths, rows)), row_group_size=rows.shape[1])
        update_rows(self._hash, rows)
        self.paths += rows.shape[1]


def write_tail(
    folder: RunFolder, columns: Sequence[Column], paths: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """Write `tail.parquet`: the figures `out` (metrics, k) of the worst `paths` (k,), in path order."""
    order = np.argsort(paths, kind="stable")
    rows = out[[column.row for column in columns]][:, order]
    folder.write_table(TAIL, _named([column.name for column in columns], paths[order], rows))


def _named(names: Sequence[str], paths: NDArray[np.int64], rows: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    return {"path": paths, **dict(zip(names, rows, strict=True))}
