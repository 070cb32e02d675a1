"""Tallies: all that a run keeps of every path, in memory that does not grow with their number.

Per column: a histogram, power sums about a centre, the extremes and the worst 1,000 with their path ids; per event a
count. With several plans also their differences to the first and their regret (simulator.results.plan_comparison).
Every part is exactly mergeable, so the tally of a set of paths does not depend on threads or order, and the tally of
paths [0, n) is the same however many paths follow.

Power sums are rounded within tally blocks of 1,024 paths (part of the layout's version). So paths are recorded from a
multiple of 1,024 on, and only the last block of a run may be short: a state to go on from ends with a whole block.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.results.column_counts import ColumnCounts
from simulator.results.columns import Column, Event
from simulator.results.plan_comparison import PlanComparison
from simulator.results.scope_tally import ColumnTally, ScopeTally
from simulator.results.tally_kernel import BLOCK

__all__ = ["LAYOUT", "Tallies"]


LAYOUT = "tally/2"  # blocks, bins, limbs and order of the digest
COMPARISON = "plan-comparison"  # ids have no hyphen
_LITTLE = {np.dtype(np.int64): "<i8", np.dtype(np.float64): "<f8"}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Hasher(Protocol):
    """A hashlib object."""

    def update(self, data: bytes | memoryview, /) -> object: ...


class Tallies:
    """Tallies of `columns` (in config order) about `centres` (one a column), with the `events` counted on them.

    Centres must be the same in every run of a config (`pilot_centres` of paths 0-255): they move the last bits.
    """

    def __init__(
        self, columns: Sequence[Column], centres: Sequence[float] | Floats, events: Sequence[Event] = ()
    ) -> None:
        self.columns = tuple(columns)
        self.events = tuple(events)
        self.paths = 0  # recorded so far
        self._short = False
        self._lock = threading.Lock()
        unknown = {event.metric for event in events} - {column.metric.name for column in columns}
        if unknown:
            raise ValueError(f"events on {', '.join(sorted(unknown))}: given no such column, wanted a tallied metric")
        if len(centres) != len(columns):
            raise ValueError(f"given {len(centres)} centres, wanted one for each of {len(columns)} columns")
        self._scopes: dict[str, ScopeTally] = {}
        self._locations: dict[str, tuple[ScopeTally, int]] = {}
        self.centres = np.asarray(centres, dtype=np.float64)
        for name in dict.fromkeys(column.scope for column in columns):
            indices = [k for k, column in enumerate(columns) if column.scope == name]
            scope = ScopeTally(name, [columns[k] for k in indices], self.centres[indices], events)
            self._scopes[name] = scope
            self._locations.update({column.name: (scope, i) for i, column in enumerate(scope.columns)})
        self.comparison = PlanComparison(columns, self.centres)

    def record(self, first_path: int, out: Floats, weights: Ints | None = None) -> None:
        """Record paths first_path .. first_path + count - 1 from `out` (metrics, count). Thread-safe.

        `first_path` is a multiple of 1,024. `weights` (count,) are whole numbers of times a path counts, 1 if None;
        extremes and worst paths ignore them. RunError names the path of a value that cannot be.
        """
        out = np.ascontiguousarray(out, dtype=np.float64)
        count = out.shape[1]
        with self._lock:
            if first_path % BLOCK or (self._short and count % BLOCK):
                raise ValueError(
                    f"given {count} paths from {first_path}, wanted whole blocks of {BLOCK} but for the last"
                )
            self._short |= count % BLOCK > 0
        for scope in self._scopes.values():
            scope.check(first_path, out)
        ones = np.ones(count, dtype=np.int64) if weights is None else weights
        for scope in self._scopes.values():
            scope.add(first_path, out, ones)
        self.comparison.add(first_path, out, ones)
        with self._lock:
            self.paths += count

    def merge(self, other: Tallies) -> None:
        """Add the tally of other paths; both must have the same columns, centres and events."""
        self.absorb(other.to_arrays())

    def column(self, name: str) -> ColumnTally:
        """The tally of the column `own.npv`; no recording may be under way."""
        scope, i = self._locations[name]
        return scope.tally(i)

    def counts(self, name: str) -> ColumnCounts:
        """Bins and power sums of the column `own.npv`, from which others can be subtracted."""
        scope, i = self._locations[name]
        return scope.counts(i)

    def worst_paths(self, name: str) -> Ints:
        """Path ids of the worst paths of a column, rising."""
        scope, i = self._locations[name]
        return np.sort(scope.state.paths[i, : scope.state.kept[i]])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The state as named arrays for an .npz file (no pickle)."""
        arrays: dict[str, NDArray[Any]] = {
            "meaning": np.frombuffer(self._layout_text(), dtype=np.uint8),
            "paths": np.array([self.paths, self._short], dtype=np.int64),
        }
        for scope, part in self._parts().items():
            arrays.update({f"{scope}/{name}": array for name, array in part.arrays().items()})
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state by one that `to_arrays` returned for the same columns, centres and events."""
        if not self.matches(arrays):
            raise RunError("the saved tallies are of other columns, centres or events: start the run afresh")
        for part in self._parts().values():
            part.clear()
        self.paths, self._short = 0, False
        self.absorb(arrays)

    def matches(self, arrays: Mapping[str, NDArray[Any]]) -> bool:
        """True if `arrays`, as `to_arrays` returns them, are of the same columns, centres and events."""
        return "meaning" in arrays and arrays["meaning"].tobytes() == self._layout_text()

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add the tally of other paths, as `to_arrays` returned it for the same columns, centres and events.

        Whole numbers may come in any integer type that holds them.
        """
        if not self.matches(arrays):
            raise ValueError("given tallies of other columns, centres or events, wanted the same")
        paths, short = (int(number) for number in arrays["paths"])
        if self._short and short:
            raise ValueError(f"given two tallies with a short block, wanted whole blocks of {BLOCK} but for the last")
        for scope, part in self._parts().items():
            prefix = f"{scope}/"
            part.absorb({name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)})
        self.paths += paths
        self._short |= bool(short)

    def digest_update(self, hasher: Hasher) -> None:
        """Feed the canonical form: meaning, number of paths, then the arrays of each part, little-endian."""
        hasher.update(self._layout_text())
        hasher.update(self.paths.to_bytes(8, "little"))
        for scope, part in self._parts().items():
            for name, array in part.arrays().items():
                hasher.update(f"{scope}/{name}:{array.shape}".encode())
                hasher.update(np.ascontiguousarray(array, dtype=_LITTLE[array.dtype]).tobytes())

    def _parts(self) -> dict[str, ScopeTally | PlanComparison]:
        """Every part that has counts, by a name that no plan can have."""
        return {**self._scopes, COMPARISON: self.comparison}

    def _layout_text(self) -> bytes:
        """The columns, centres and events of the numbers, as text."""
        lines = [LAYOUT] + [f"{column.name} {column.metric.bad}" for column in self.columns]
        lines += [event.label for event in self.events]
        for part in self._parts().values():
            lines += part.layout_text()
        return "\n".join(lines).encode()
