"""Figures from a simulation: one number a path, then its mean or the share of paths above a level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.config import Frozen
from simulator.engine.thread_pool import BlockSimulator, Task
from simulator.finance.series import series_names
from simulator.results.columns import all_columns
from simulator.risk.intervals import mean_interval, proportion_interval
from simulator.validation.schema import Figure

__all__: list[str] = []  # used in this folder only

_CHUNK = 512  # paths simulated at a time: bounds the memory of traces
Array = NDArray[np.float64]


class Value(NamedTuple):
    """A computed number, and its 95 % interval where it was simulated."""

    value: float
    low: float | None = None
    high: float | None = None


class _Block(NamedTuple):
    """Figures and trace of some paths."""

    rows: dict[str, int]  # of figures, by metric
    figures: Array  # (figures, paths)
    series: tuple[str, ...]
    trace: Array | None  # (series, months, paths)

    def read(self, figure: Figure, name: str) -> Array:
        """Return the metric or series `name` as one number a path, (paths,)."""
        if self.trace is None or figure.months is None:
            metric: Array = self.figures[self.rows[name]]
            return metric
        row, (first, last) = self.trace[self.series.index(name)], figure.months
        counted = row[first : last + 1]
        if figure.read == "later":
            later = row[first + figure.age : last + 1 + figure.age]
            return np.asarray((later / counted).mean(axis=0), dtype=np.float64)
        return np.asarray(counted.sum(axis=0) if figure.read == "sum" else counted.mean(axis=0), dtype=np.float64)


def simulate(frozen: Frozen, paths: int, figures: Sequence[Figure]) -> list[Value]:
    """Return the figures on the first `paths` paths of a model, all from one simulation."""
    block_simulator, series = BlockSimulator(frozen.model, _CHUNK), series_names(frozen.plans)
    rows = {column.name: column.row for column in all_columns(frozen.world, frozen.plan, frozen.plans)}
    traced = any(figure.series is not None for figure in figures)
    drawn = np.empty((len(figures), paths))
    for first in range(0, paths, _CHUNK):
        count = min(_CHUNK, paths - first)
        trace = np.empty((len(series), frozen.model.months, count)) if traced else None
        values = block_simulator.simulate(frozen.config.seed, Task(first, count), trace)
        block = _Block(rows, values, series, trace)
        for k, figure in enumerate(figures):
            now = block.read(figure, figure.metric or figure.series or "")
            drawn[k, first : first + count] = now - block.read(figure, figure.less) if figure.less else now
    return [_measure(figure, drawn[k]) for k, figure in enumerate(figures)]


def _measure(figure: Figure, drawn: Array) -> Value:
    """Return the mean or share over the paths on which the figure is defined; NaN if these are fewer than two."""
    drawn = drawn[~np.isnan(drawn)]
    n = drawn.size
    if n < 2:
        return Value(np.nan)
    if figure.above is not None:
        events = int((drawn > figure.above).sum())
        return Value(events / n, *proportion_interval(events, n))
    mean = float(drawn.mean())
    return Value(mean, *mean_interval(mean, float(drawn.std(ddof=1)) / np.sqrt(n), n))
