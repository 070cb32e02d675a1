"""Tallies: all that a run keeps of every path, in memory that does not grow with their number.

Per column: a histogram, power sums about a centre, the extremes and the worst 1,000 with their path ids; per event a
count. With several plans their differences to the first and their regret as well (simulator.results.comparison). Every
part is exactly mergeable, so the tally of a set of paths does not depend on threads or order, and the
tally of paths [0, n) is the same whether the run went on or not.

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
from simulator.results.column_counts import Counts
from simulator.results.columns import Column, Event
from simulator.results.comparison import Comparison
from simulator.results.scope_tally import ColumnTally, Owner
from simulator.results.tally_kernel import BLOCK

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
        self._owners: dict[str, Owner] = {}
        self._place: dict[str, tuple[Owner, int]] = {}
        self.centres = about = np.asarray(centres, dtype=np.float64)
        for name in dict.fromkeys(column.owner for column in columns):
            mine = [k for k, column in enumerate(columns) if column.owner == name]
            owner = Owner(name, [columns[k] for k in mine], about[mine], events)
            self._owners[name] = owner
            self._place.update({column.name: (owner, i) for i, column in enumerate(owner.columns)})
        self.comparison = Comparison(columns, about)

    def record(self, first_path: int, out: Floats, weights: Ints | None = None) -> None:
        """Record paths first_path .. first_path + count - 1 from `out` (metrics, count). Thread-safe.

        `first_path` is a multiple of 1,024. `weights` (count,) are whole numbers of times a path counts, 1 if None;
        extremes and worst paths do not heed them. RunError names the path of a value that cannot be.
        """
        out = np.ascontiguousarray(out, dtype=np.float64)
        count = out.shape[1]
        with self._lock:
            if first_path % BLOCK or (self._short and count % BLOCK):
                raise ValueError(
                    f"given {count} paths from {first_path}, wanted whole blocks of {BLOCK} but for the last"
                )
            self._short |= count % BLOCK > 0
        for owner in self._owners.values():
            owner.check(first_path, out)
        ones = np.ones(count, dtype=np.int64) if weights is None else weights
        for owner in self._owners.values():
            owner.add(first_path, out, ones)
        self.comparison.add(first_path, out, ones)
        with self._lock:
            self.paths += count

    def merge(self, other: Tallies) -> None:
        """Add the tally of other paths; both must have the same columns, centres and events."""
        self.absorb(other.to_arrays())

    def column(self, name: str) -> ColumnTally:
        """What is known of the column `own.npv`; no recording may be under way."""
        owner, i = self._place[name]
        return owner.tally(i)

    def counts(self, name: str) -> Counts:
        """Bins and power sums of the column `own.npv`, from which others can be subtracted."""
        owner, i = self._place[name]
        return owner.counts(i)

    def worst_paths(self, name: str) -> Ints:
        """Path ids of the worst paths of a column, rising."""
        owner, i = self._place[name]
        return np.sort(owner.state.paths[i, : owner.state.kept[i]])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The state as named arrays for an .npz file (no pickle)."""
        arrays: dict[str, NDArray[Any]] = {
            "meaning": np.frombuffer(self._meaning(), dtype=np.uint8),
            "paths": np.array([self.paths, self._short], dtype=np.int64),
        }
        for owner, part in self._parts().items():
            arrays.update({f"{owner}/{name}": array for name, array in part.arrays().items()})
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the state that `to_arrays` gave for the same columns, centres and events."""
        if not self.like(arrays):
            raise RunError("the saved tallies are of other columns, centres or events: start the run afresh")
        for part in self._parts().values():
            part.clear()
        self.paths, self._short = 0, False
        self.absorb(arrays)

    def like(self, arrays: Mapping[str, NDArray[Any]]) -> bool:
        """Whether `arrays`, which `to_arrays` gave, are of the same columns, centres and events."""
        return "meaning" in arrays and arrays["meaning"].tobytes() == self._meaning()

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add the tally of other paths, as `to_arrays` gave it for the same columns, centres and events.

        Whole numbers may come in any integer type that holds them.
        """
        if not self.like(arrays):
            raise ValueError("given tallies of other columns, centres or events, wanted the same")
        paths, short = (int(number) for number in arrays["paths"])
        if self._short and short:
            raise ValueError(f"given two tallies with a short block, wanted whole blocks of {BLOCK} but for the last")
        for owner, part in self._parts().items():
            prefix = f"{owner}/"
            part.absorb({name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)})
        self.paths += paths
        self._short |= bool(short)

    def digest_update(self, hasher: Hasher) -> None:
        """Feed the canonical form: meaning, number of paths, then the arrays of each part, little-endian."""
        hasher.update(self._meaning())
        hasher.update(self.paths.to_bytes(8, "little"))
        for owner, part in self._parts().items():
            for name, array in part.arrays().items():
                hasher.update(f"{owner}/{name}:{array.shape}".encode())
                hasher.update(np.ascontiguousarray(array, dtype=_LITTLE[array.dtype]).tobytes())

    def _parts(self) -> dict[str, Owner | Comparison]:
        """All that holds counts, by a name that no plan can have as well."""
        return {**self._owners, COMPARISON: self.comparison}

    def _meaning(self) -> bytes:
        """What the numbers are of, as text."""
        lines = [LAYOUT] + [f"{column.name} {column.metric.bad}" for column in self.columns]
        lines += [event.label for event in self.events]
        for part in self._parts().values():
            lines += part.meaning()
        return "\n".join(lines).encode()
