"""Follows the convergence of a run at powers of two of its paths: the first 2^k paths, and each doubling alone.

Figures are taken at exactly 2^14, 2^15, ... paths, so they depend on the paths alone: not on threads, time or
interruptions. Of the past only the bins at the last power are kept, and the finished rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.results.column_counts import ColumnCounts
from simulator.results.columns import Column
from simulator.results.tallies import Tallies
from simulator.risk import convergence
from simulator.risk.convergence_rows import ConvergenceRow

FIRST = 16_384  # paths of the first row
LEAST = 8_192  # paths of a last, incomplete subset that deserves a row
UNKNOWN = -1  # paths at the last row in a state of a version that wrote no rows

Arrays = Mapping[str, NDArray[Any]]


class ConvergenceTracker:
    """The rows of a run so far; `next_paths` is the number of paths in the tallies at the next row."""

    def __init__(self, levels: Sequence[float]) -> None:
        self.levels = tuple(levels)
        self.next_paths = FIRST
        self._rows: list[ConvergenceRow] = []
        self._pool = ThreadPoolExecutor(1)  # rows are computed while the simulation goes on
        self._pending: Future[list[ConvergenceRow]] | None = None
        self._paths = 0  # at the last row
        self._last_counts: dict[str, ColumnCounts] = {}  # bins at the last row, by column

    def update(self, tallies: Tallies) -> None:
        """Compute a row for each followed column if the tallies hold `next_paths` paths."""
        if tallies.paths != self.next_paths:
            return
        counts = self._counts(tallies)
        if self._paths != UNKNOWN:
            columns, self._rows = convergence.followed_columns(tallies), self.rows
            self._pending = self._pool.submit(
                self._make_rows, columns, tallies.paths, self._paths, counts, self._last_counts
            )
        self._last_counts, self._paths, self.next_paths = counts, self.next_paths, 2 * self.next_paths

    @property
    def rows(self) -> list[ConvergenceRow]:
        """The rows so far."""
        if self._pending is not None:
            self._rows, self._pending = self._rows + self._pending.result(), None
        return self._rows

    def final_rows(self, tallies: Tallies) -> list[ConvergenceRow]:
        """Return all rows of a run that has ended, with one of the last subset if it has enough paths."""
        if self._paths == UNKNOWN or tallies.paths < self._paths + LEAST:
            return self.rows
        columns, counts = convergence.followed_columns(tallies), self._counts(tallies)
        return self.rows + self._make_rows(columns, tallies.paths, self._paths, counts, self._last_counts)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as named arrays for an .npz file (no pickle)."""
        arrays: dict[str, NDArray[Any]] = {
            "rows": np.frombuffer(json.dumps([row.to_dict() for row in self.rows]).encode(), dtype=np.uint8),
            "paths": np.array([self._paths, self.next_paths], dtype=np.int64),
        }
        for name, counts in self._last_counts.items():
            arrays[f"{name}/bins"] = np.stack([counts.numbers, counts.counts, counts.rests])
            arrays[f"{name}/sums"] = counts.sums
            arrays[f"{name}/about"] = np.array([counts.undefined, counts.centre])
        return arrays

    def from_arrays(self, arrays: Arrays, paths: int) -> None:
        """Restore the state of `to_arrays` at `paths` paths; without rows, tracking starts at the next power of two."""
        if "rows" not in arrays:
            self._paths = UNKNOWN
            while self.next_paths <= paths:
                self.next_paths *= 2
            return
        self._rows = [ConvergenceRow.from_dict(row) for row in json.loads(arrays["rows"].tobytes())]
        self._paths, self.next_paths = (int(number) for number in arrays["paths"])
        if not self._paths <= paths < self.next_paths:
            raise RunError(f"its convergence is of {self._paths:,} paths, the tallies are of {paths:,}")
        for key in arrays:
            name, _, part = key.rpartition("/")
            if part == "bins":
                numbers, counts, rests = arrays[key]
                undefined, centre = arrays[f"{name}/about"]
                self._last_counts[name] = ColumnCounts(
                    int(undefined), numbers, counts, rests, float(centre), arrays[f"{name}/sums"]
                )

    @staticmethod
    def _counts(tallies: Tallies) -> dict[str, ColumnCounts]:
        return {column.name: tallies.counts(column.name) for column in convergence.followed_columns(tallies)}

    def _make_rows(
        self,
        columns: Sequence[Column],
        paths: int,
        since: int,
        now: Mapping[str, ColumnCounts],
        then: Mapping[str, ColumnCounts],
    ) -> list[ConvergenceRow]:
        return [
            row
            for column in columns
            for row in convergence.convergence_rows(
                paths, since, column, now[column.name], then.get(column.name), self.levels
            )
        ]
