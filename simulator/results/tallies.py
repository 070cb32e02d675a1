"""Tallies: all that a run keeps of every path, in memory that does not grow with their number.

Per column: a histogram, power sums about a centre, the extremes and the worst 1,000 with their path ids; per event a
count. Every part is exactly mergeable, so the tally of a set of paths does not depend on threads or order, and the
tally of paths [0, n) is the same whether the run went on or not.

Power sums are rounded within tally blocks of 1,024 paths (part of the layout's version). So paths are recorded from a
multiple of 1,024 on, and only the last block of a run may be short: a state to go on from ends with a whole block.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.results import histogram, moments, recording, worst
from simulator.results.columns import Column, Event
from simulator.results.histogram import Bins
from simulator.results.moments import Moments
from simulator.results.recording import BLOCK, Layout

LAYOUT = "tally/1"  # blocks, bins, limbs and order of the digest
_LITTLE = {np.dtype(np.int64): "<i8", np.dtype(np.float64): "<f8"}

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Hasher(Protocol):
    """A hashlib object."""

    def update(self, data: bytes, /) -> object: ...


class Extreme(NamedTuple):
    """A lowest or highest value and the first path that had it."""

    value: float
    path: int


class ColumnTally(NamedTuple):
    """What is known of one column (a copy)."""

    column: Column
    n: int  # paths (their weights) on which it is defined
    undefined: int
    bins: Bins  # of the value, rising
    moments: Moments
    lowest: Extreme | None  # None where nothing is defined
    highest: Extreme | None
    worst: tuple[Floats, Ints]  # values and path ids, worst first, at most 1,000
    events: Mapping[str, int]  # label -> count


class _Owner:
    """The columns of the world or of one plan, behind a lock of their own."""

    def __init__(self, name: str, columns: Sequence[Column], centres: Floats, events: Sequence[Event]) -> None:
        self.name = name
        self.columns = tuple(columns)
        names = [column.metric.name for column in columns]
        self.events = tuple(event for event in events if event.metric in names)
        below = np.array([-1.0 if event.comparison == "<" else 1.0 for event in self.events])
        self.layout = Layout(
            row=np.array([column.row for column in columns], dtype=np.int64),
            sign=np.array([-1.0 if column.metric.bad == "low" else 1.0 for column in columns]),
            undefined=np.array([column.metric.undefined for column in columns], dtype=np.int64),
            centre=np.array(centres, dtype=np.float64),
            event_column=np.array([names.index(event.metric) for event in self.events], dtype=np.int64),
            event_sign=below.astype(np.float64),
            event_threshold=np.array([event.threshold for event in self.events], dtype=np.float64),
        )
        self.state = recording.empty_state(self.layout)
        self.scratch = recording.new_scratch()
        self.lock = threading.Lock()

    def check(self, first_path: int, out: Floats) -> None:
        """Stop the run at a value that no figure can have."""
        i, lane = recording.first_bad(self.layout, out)
        if i >= 0:
            name, value = self.columns[i].name, out[self.layout.row[i], lane]
            raise RunError(f"path {first_path + lane}: {name} is {value}, wanted a finite number")

    def add(self, first_path: int, out: Floats, weights: Ints) -> None:
        """Record paths under the lock."""
        with self.lock:
            recording.add(self.layout, self.state, first_path, out, weights, self.scratch)

    def tally(self, i: int) -> ColumnTally:
        """A copy of column i."""
        state, column = self.state, self.columns[i]
        place = histogram.filled(state.table[i])
        place = place[place != histogram.UNDEFINED]
        count, rest = state.table[i, place, 0], state.table[i, place, 1]
        n = int(count.sum())
        losses, paths = worst.ordered(state.losses[i], state.paths[i], int(state.kept[i]))
        ends = [
            Extreme(float(state.extreme[i, side]), int(state.extreme_path[i, side])) if n else None for side in range(2)
        ]
        counts = zip(self.events, self.layout.event_column, state.events, strict=True)
        return ColumnTally(
            column=column,
            n=n,
            undefined=int(state.table[i, histogram.UNDEFINED, 0]),
            bins=histogram.grouped(place, count, rest),
            moments=moments.from_sums(n, float(self.layout.centre[i]), state.sums[i]),
            lowest=ends[0],
            highest=ends[1],
            worst=(self.layout.sign[i] * losses, paths),
            events={event.label: int(count) for event, at, count in counts if at == i},
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state in little room and canonical order: non-empty bins, sums, extremes, worst paths, event counts."""
        state = self.state
        filled = [histogram.filled(table) for table in state.table]
        kept = [worst.ordered(*pair) for pair in zip(state.losses, state.paths, state.kept, strict=True)]
        return {
            "centre": self.layout.centre,
            "bins": np.array([len(place) for place in filled], dtype=np.int64),
            "bin": np.concatenate(filled),
            "count": np.concatenate([state.table[i, place] for i, place in enumerate(filled)]),
            "sums": state.sums,
            "extreme": state.extreme,
            "extreme_path": state.extreme_path,
            "kept": state.kept,
            "loss": np.concatenate([losses for losses, _ in kept]),
            "path": np.concatenate([paths for _, paths in kept]),
            "events": state.events,
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace the state by what `arrays` returned."""
        state = recording.empty_state(self.layout)
        column = np.repeat(np.arange(len(self.columns)), arrays["bins"])
        state.table[column, arrays["bin"]] = arrays["count"]
        start = 0
        for i, kept in enumerate(arrays["kept"]):
            mine = slice(start, start + int(kept))
            for loss, path in zip(arrays["loss"][mine], arrays["path"][mine], strict=True):
                state.kept[i] = worst.push(state.losses[i], state.paths[i], int(state.kept[i]), float(loss), int(path))
            start = mine.stop
        for name in ("sums", "extreme", "extreme_path", "events"):
            getattr(state, name)[...] = arrays[name]
        self.state = state


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
        self._owners: dict[str, _Owner] = {}
        self._place: dict[str, tuple[_Owner, int]] = {}
        about = np.asarray(centres, dtype=np.float64)
        for name in dict.fromkeys(column.owner for column in columns):
            mine = [k for k, column in enumerate(columns) if column.owner == name]
            owner = _Owner(name, [columns[k] for k in mine], about[mine], events)
            self._owners[name] = owner
            self._place.update({column.name: (owner, i) for i, column in enumerate(owner.columns)})

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
        with self._lock:
            self.paths += count

    def merge(self, other: Tallies) -> None:
        """Add the tally of other paths; both must have the same columns, centres and events."""
        if self._meaning() != other._meaning():
            raise ValueError("given tallies of other columns, centres or events, wanted the same")
        if self._short and other._short:
            raise ValueError(f"given two tallies with a short block, wanted whole blocks of {BLOCK} but for the last")
        for mine, theirs in zip(self._owners.values(), other._owners.values(), strict=True):
            recording.merge(mine.state, theirs.state)
        self.paths += other.paths
        self._short |= other._short

    def column(self, name: str) -> ColumnTally:
        """What is known of the column `own.npv`; no recording may be under way."""
        owner, i = self._place[name]
        return owner.tally(i)

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
        for owner in self._owners.values():
            arrays.update({f"{owner.name}/{name}": array for name, array in owner.arrays().items()})
        return arrays

    def from_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from the state that `to_arrays` gave for the same columns, centres and events."""
        if "meaning" not in arrays or arrays["meaning"].tobytes() != self._meaning():
            raise RunError("the saved tallies are of other columns, centres or events: start the run afresh")
        for owner in self._owners.values():
            prefix = f"{owner.name}/"
            owner.load({name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)})
        self.paths, self._short = int(arrays["paths"][0]), bool(arrays["paths"][1])

    def digest_update(self, hasher: Hasher) -> None:
        """Feed the canonical form: meaning, number of paths, then each owner's arrays, little-endian."""
        hasher.update(self._meaning())
        hasher.update(self.paths.to_bytes(8, "little"))
        for owner in self._owners.values():
            for name, array in owner.arrays().items():
                hasher.update(f"{owner.name}/{name}:{array.shape}".encode())
                hasher.update(np.ascontiguousarray(array, dtype=_LITTLE[array.dtype]).tobytes())

    def _meaning(self) -> bytes:
        """What the numbers are of, as text."""
        lines = [LAYOUT] + [f"{column.name} {column.metric.bad}" for column in self.columns]
        lines += [event.label for event in self.events]
        for owner in self._owners.values():
            lines += [float(centre).hex() for centre in owner.layout.centre]
        return "\n".join(lines).encode()
