"""The tally of one owner's columns (of the world's, of a plan's): histogram, moments, extremes, worst paths, events."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.results import column_counts, histogram, tally_kernel, worst
from simulator.results.column_counts import Counts
from simulator.results.columns import Column, Event
from simulator.results.histogram import Bins
from simulator.results.moments import Moments
from simulator.results.tally_kernel import Layout

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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


class Owner:
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
        self.state = tally_kernel.empty_state(self.layout)
        self.scratch = tally_kernel.new_scratch()
        self.lock = threading.Lock()

    def check(self, first_path: int, out: Floats) -> None:
        """Stop the run at a value that no figure can have."""
        i, lane = tally_kernel.first_bad(self.layout, out)
        if i >= 0:
            name, value = self.columns[i].name, out[self.layout.row[i], lane]
            raise RunError(f"path {first_path + lane}: {name} is {value}, wanted a finite number")

    def add(self, first_path: int, out: Floats, weights: Ints) -> None:
        """Record paths under the lock."""
        with self.lock:
            tally_kernel.add(self.layout, self.state, first_path, out, weights, self.scratch)

    def counts(self, i: int) -> Counts:
        """What was counted of column i (a copy)."""
        return column_counts.of(self.state.table[i], float(self.layout.centre[i]), self.state.sums[i])

    def tally(self, i: int) -> ColumnTally:
        """A copy of column i."""
        state, column = self.state, self.columns[i]
        counted = self.counts(i)
        n = counted.n
        losses, paths = worst.ordered(state.losses[i], state.paths[i], int(state.kept[i]))
        ends = [
            Extreme(float(state.extreme[i, side]), int(state.extreme_path[i, side])) if n else None for side in range(2)
        ]
        events = zip(self.events, self.layout.event_column, state.events, strict=True)
        return ColumnTally(
            column=column,
            n=n,
            undefined=counted.undefined,
            bins=counted.bins(),
            moments=counted.moments(),
            lowest=ends[0],
            highest=ends[1],
            worst=(self.layout.sign[i] * losses, paths),
            events={event.label: int(count) for event, at, count in events if at == i},
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

    def meaning(self) -> list[str]:
        """What the numbers are of, as text: the centres."""
        return [float(centre).hex() for centre in self.layout.centre]

    def clear(self) -> None:
        """Forget every path."""
        self.state = tally_kernel.empty_state(self.layout)

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add what `arrays` returned of other paths, under the lock."""
        other = tally_kernel.empty_state(self.layout, bins=0)
        for name in ("sums", "extreme", "extreme_path", "kept", "events"):
            getattr(other, name)[...] = arrays[name]
        ends = np.cumsum(other.kept)
        for i, (end, kept) in enumerate(zip(ends, other.kept, strict=True)):
            other.losses[i, :kept] = arrays["loss"][end - kept : end]
            other.paths[i, :kept] = arrays["path"][end - kept : end]
        column = np.repeat(np.arange(len(self.columns)), arrays["bins"])
        with self.lock:
            self.state.table[column, arrays["bin"]] += arrays["count"]
            tally_kernel.merge(self.state, other)
