"""Follows a run at powers of two of its paths: what was known of the first 2^k paths, and of each doubling alone.

Figures are taken at exactly 2^14, 2^15, ... paths, so they depend on the paths alone: not on threads, time or
interruptions. Of the past only the bins at the last power are kept, and the rows that are done.
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
from simulator.risk.convergence import Row

FIRST = 16_384  # paths at the first look
LEAST = 8_192  # paths of a last, incomplete subset that is worth a row
UNKNOWN = -1  # a state of a version that did not follow its run

Arrays = Mapping[str, NDArray[Any]]


class Doublings:
    """The rows of a run so far; `next` is how many paths must be in the tallies when it looks next."""

    def __init__(self, levels: Sequence[float]) -> None:
        self.levels = tuple(levels)
        self.next = FIRST
        self._rows: list[Row] = []
        self._pool = ThreadPoolExecutor(1)  # figures are worked out while the paths go on
        self._coming: Future[list[Row]] | None = None
        self._paths = 0  # at the last look
        self._kept: dict[str, ColumnCounts] = {}  # bins at the last look, by column

    def look(self, tallies: Tallies) -> None:
        """Take the figures if it is time to."""
        if tallies.paths != self.next:
            return
        counted = self._counted(tallies)
        if self._paths != UNKNOWN:
            columns, self._rows = convergence.followed(tallies), self.rows
            self._coming = self._pool.submit(self._made, columns, tallies.paths, self._paths, counted, self._kept)
        self._kept, self._paths, self.next = counted, self.next, 2 * self.next

    @property
    def rows(self) -> list[Row]:
        """Of all looks so far."""
        if self._coming is not None:
            self._rows, self._coming = self._rows + self._coming.result(), None
        return self._rows

    def finished(self, tallies: Tallies) -> list[Row]:
        """All rows of a run that ended, with the last subset if it has paths enough."""
        if self._paths == UNKNOWN or tallies.paths < self._paths + LEAST:
            return self.rows
        columns, counted = convergence.followed(tallies), self._counted(tallies)
        return self.rows + self._made(columns, tallies.paths, self._paths, counted, self._kept)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state as named arrays for an .npz file (no pickle)."""
        whole: dict[str, NDArray[Any]] = {
            "rows": np.frombuffer(json.dumps(self.rows).encode(), dtype=np.uint8),
            "paths": np.array([self._paths, self.next], dtype=np.int64),
        }
        for name, counts in self._kept.items():
            whole[f"{name}/bins"] = np.stack([counts.numbers, counts.counts, counts.rests])
            whole[f"{name}/sums"] = counts.sums
            whole[f"{name}/about"] = np.array([counts.undefined, counts.centre])
        return whole

    def load(self, arrays: Arrays, paths: int) -> None:
        """Go on from what `arrays` gave, at `paths` paths; a state without it is followed from the next power on."""
        if "rows" not in arrays:
            self._paths = UNKNOWN
            while self.next <= paths:
                self.next *= 2
            return
        self._rows = json.loads(arrays["rows"].tobytes())
        self._paths, self.next = (int(number) for number in arrays["paths"])
        if not self._paths <= paths < self.next:
            raise RunError(f"its convergence is of {self._paths:,} paths, the tallies are of {paths:,}")
        for key in arrays:
            name, _, part = key.rpartition("/")
            if part == "bins":
                numbers, counts, rests = arrays[key]
                undefined, centre = arrays[f"{name}/about"]
                self._kept[name] = ColumnCounts(
                    int(undefined), numbers, counts, rests, float(centre), arrays[f"{name}/sums"]
                )

    @staticmethod
    def _counted(tallies: Tallies) -> dict[str, ColumnCounts]:
        return {column.name: tallies.counts(column.name) for column in convergence.followed(tallies)}

    def _made(
        self,
        columns: Sequence[Column],
        paths: int,
        since: int,
        now: Mapping[str, ColumnCounts],
        then: Mapping[str, ColumnCounts],
    ) -> list[Row]:
        return [
            row
            for column in columns
            for row in convergence.rows(paths, since, column, now[column.name], then.get(column.name), self.levels)
        ]
