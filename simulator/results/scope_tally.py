"""The tally of one scope (the world, or a plan): histogram, moments, extremes, worst paths, events of its columns."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import RunError
from simulator.results import histogram, tally_kernel, worst
from simulator.results.column_counts import ColumnCounts, count_column
from simulator.results.columns import Column, Event
from simulator.results.histogram import Bins
from simulator.results.moments import Moments
from simulator.results.tally_kernel import Layout

__all__ = ["ColumnTally", "Extreme"]


Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Extreme(NamedTuple):
    """A lowest or highest value and the first path that had it."""

    value: float
    path: int


class ColumnTally(NamedTuple):
    """The tally of one column (a copy)."""

    column: Column
    n: int  # paths (their weights) on which it is defined
    undefined: int
    bins: Bins  # of the value, rising
    moments: Moments
    lowest: Extreme | None  # None where nothing is defined
    highest: Extreme | None
    worst: tuple[Floats, Ints]  # values and path ids, worst first, at most 1,000
    events: Mapping[str, int]  # label -> count


class ScopeTally:
    """The tally of the columns of one scope; its own lock guards the state."""

    def __init__(self, name: str, columns: Sequence[Column], centres: Floats, events: Sequence[Event]) -> None:
        self.name = name
        self.columns = tuple(columns)
        names = [column.metric.name for column in columns]
        self.events = tuple(event for event in events if event.metric in names)
        signs = np.array([-1.0 if event.comparison == "<" else 1.0 for event in self.events])
        self.layout = Layout(
            row=np.array([column.row for column in columns], dtype=np.int64),
            sign=np.array([-1.0 if column.metric.bad == "low" else 1.0 for column in columns]),
            undefined=np.array([column.metric.undefined for column in columns], dtype=np.int64),
            centre=np.array(centres, dtype=np.float64),
            event_column=np.array([names.index(event.metric) for event in self.events], dtype=np.int64),
            event_sign=signs.astype(np.float64),
            event_threshold=np.array([event.threshold for event in self.events], dtype=np.float64),
        )
        self.state = tally_kernel.empty_state(self.layout)
        self.scratch = tally_kernel.new_scratch()
        self.lock = threading.Lock()

    def check(self, first_path: int, out: Floats) -> None:
        """Raise RunError at a value that cannot be: infinite, absurdly large, or undefined where it may not be."""
        i, lane = tally_kernel.first_bad(self.layout, out)
        if i >= 0:
            name, value = self.columns[i].name, out[self.layout.row[i], lane]
            raise RunError(f"path {first_path + lane}: {name} is {value}, wanted a finite number")

    def add(self, first_path: int, out: Floats, weights: Ints) -> None:
        """Record paths under the lock."""
        with self.lock:
            tally_kernel.add(self.layout, self.state, first_path, out, weights, self.scratch)

    def counts(self, i: int) -> ColumnCounts:
        """Bins and power sums of column i (a copy)."""
        return count_column(self.state.table[i], float(self.layout.centre[i]), self.state.sums[i])

    def tally(self, i: int) -> ColumnTally:
        """A copy of column i."""
        state, column = self.state, self.columns[i]
        counts = self.counts(i)
        n = counts.n
        losses, paths = worst.sort_heap(state.losses[i], state.paths[i], int(state.kept[i]))
        extremes = [
            Extreme(float(state.extreme[i, side]), int(state.extreme_path[i, side])) if n else None for side in range(2)
        ]
        events = zip(self.events, self.layout.event_column, state.events, strict=True)
        return ColumnTally(
            column=column,
            n=n,
            undefined=counts.undefined,
            bins=counts.bins(),
            moments=counts.moments(),
            lowest=extremes[0],
            highest=extremes[1],
            worst=(self.layout.sign[i] * losses, paths),
            events={event.label: int(count) for event, column_index, count in events if column_index == i},
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state, compact and in canonical order: non-empty bins, sums, extremes, worst paths, event counts."""
        state = self.state
        numbers = [histogram.nonempty_bins(table) for table in state.table]
        heaps = [worst.sort_heap(*pair) for pair in zip(state.losses, state.paths, state.kept, strict=True)]
        return {
            "centre": self.layout.centre,
            "bins": np.array([len(row) for row in numbers], dtype=np.int64),
            "bin": np.concatenate(numbers),
            "count": np.concatenate([state.table[i, row] for i, row in enumerate(numbers)]),
            "sums": state.sums,
            "extreme": state.extreme,
            "extreme_path": state.extreme_path,
            "kept": state.kept,
            "loss": np.concatenate([losses for losses, _ in heaps]),
            "path": np.concatenate([paths for _, paths in heaps]),
            "events": state.events,
        }

    def layout_text(self) -> list[str]:
        """The centres as text: part of what the numbers mean."""
        return [float(centre).hex() for centre in self.layout.centre]

    def clear(self) -> None:
        """Drop all recorded paths."""
        self.state = tally_kernel.empty_state(self.layout)

    def absorb(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Add the state of other paths, as `arrays` returned it, under the lock."""
        other = tally_kernel.empty_state(self.layout, bins=0)
        for name in ("sums", "extreme", "extreme_path", "kept", "events"):
            getattr(other, name)[...] = arrays[name]
        stops = np.cumsum(other.kept)
        for i, (stop, kept) in enumerate(zip(stops, other.kept, strict=True)):
            other.losses[i, :kept] = arrays["loss"][stop - kept : stop]
            other.paths[i, :kept] = arrays["path"][stop - kept : stop]
        column = np.repeat(np.arange(len(self.columns)), arrays["bins"])
        with self.lock:
            self.state.table[column, arrays["bin"]] += arrays["count"]
            tally_kernel.merge(self.state, other)
