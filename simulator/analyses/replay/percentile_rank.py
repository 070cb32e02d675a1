"""Percentile ranks of a path among those of its run, from what the run stored: its sample and its worst paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulator.analyses.replay.replayed_path import FloatArray
from simulator.errors import ConfigError
from simulator.results import store
from simulator.results.columns import WORLD, Column
from simulator.results.store import Run
from simulator.results.worst import WORST_PATHS
from simulator.risk import intervals

__all__: list[str] = []  # used in this folder only


class SelectedPaths(NamedTuple):
    """Paths to replay, and in words how they were selected."""

    paths: list[int]
    words: str
    by: list[str]  # the metric, if any


def summary_entry(summary: Mapping[str, Any], column: Column) -> Mapping[str, Any]:
    """Return the entry of a column in summary.json, which is empty in an unfinished run."""
    scopes = summary.get("world") if column.scope == WORLD else summary.get("plans", {}).get(column.scope)
    entry: Mapping[str, Any] = (scopes or {}).get(column.metric.name, {})
    return entry


def _counted_over_all(summary: Mapping[str, Any], column: Column, sampled: int) -> bool:
    """True if the run stored the worst paths of a column out of all of its paths."""
    entry = summary_entry(summary, column)
    defined = 1.0 - float(entry.get("undefined") or 0.0)
    tallied = defined > 0.0 and round(entry.get("n", 0) / defined) > sampled
    return tallied and column.metric.kind == "amount" and column.scope != WORLD


def _losses(column: Column, values: FloatArray) -> FloatArray:
    """Return values so that more is worse."""
    return -values if column.metric.bad == "low" else values


def select_worst(run: Run, column: Column, count: int) -> SelectedPaths:
    """Select the worst paths of a finished run by a column, of all paths if it stored them, else of its sample."""
    summary = run.summary
    number = summary["paths"]
    sampled = run.sample([column.name])[column.name]
    whole = number <= sampled.size
    from_tail = not whole and _counted_over_all(summary, column, sampled.size)
    values, ids = sampled, np.arange(sampled.size)
    if from_tail:
        tail = run.tail(["path", column.name])
        values, ids = tail[column.name], tail["path"]
    losses = _losses(column, np.asarray(values, dtype=np.float64))
    order = np.lexsort((ids, -losses))[: int(np.isfinite(losses).sum())][: WORST_PATHS if from_tail else None]
    if not order.size:
        raise ConfigError([f"--metric: given {column.metric.name}, which is undefined on every path of {column.scope}"])
    if count > order.size:
        raise ConfigError([f"--worst: given {count:,}, wanted at most {order.size:,}: no more paths can be ranked"])
    what = f"all {number:,} paths" if whole or from_tail else f"the first {sampled.size:,} of {number:,} paths only"
    which = "the worst path" if count == 1 else f"the {count:,} worst paths"
    return SelectedPaths(
        [int(path) for path in ids[order[:count]]], f"{which} by {column.name}, of {what}", [column.metric.name]
    )


class StoredFigures(NamedTuple):
    """Figures of a path that a run stored, in the order of the columns, and the file that holds them."""

    file: str
    figures: FloatArray


class PercentileRank(NamedTuple):
    """Rank of a path by one figure among the run's paths."""

    less_bad: int  # sampled paths that are less bad
    sampled: int  # paths on which the figure is defined
    place: int | None  # among all paths, 1 the worst; None where it is unknown or shared
    paths: int  # of the run

    def to_dict(self) -> dict[str, Any]:
        """Return the share of paths that are less bad, with its interval, and the place."""
        low, high = intervals.proportion_interval(self.less_bad, self.sampled)
        share = {"value": self.less_bad / self.sampled, "low": low, "high": high, "n": self.sampled}
        place = None if self.place is None else {"place": self.place, "of": self.paths}
        return {"worse_than": share, "rank": place}


class PercentileRanks:
    """Figures that a run stored of some paths, and the rank of each path by every figure.

    `figures` are those of the replayed paths, by path and in column order.
    """

    def __init__(self, run: Run, columns: Sequence[Column], figures: Mapping[int, FloatArray]) -> None:
        self.stored: dict[int, list[StoredFigures]] = {path: [] for path in figures}
        self.summary: dict[str, Any] = run.summary if run.finished else {}
        self.by_figure: dict[tuple[int, str], PercentileRank] = {}
        self._run, self._tail = run, run.tail() if store.TAIL in run.manifest["files"] else {}
        for path in figures:
            place = np.flatnonzero(self._tail["path"] == path) if self._tail else np.empty(0, dtype=np.int64)
            if place.size:
                row = np.array([self._tail[column.name][place[0]] for column in columns], dtype=np.float64)
                self.stored[path].append(StoredFigures(store.TAIL, row))
        for scope in dict.fromkeys(column.scope for column in columns) if store.SAMPLE in run.manifest["files"] else ():
            self._read_scope([column for column in columns if column.scope == scope], len(columns), figures)

    def _read_scope(self, scope: Sequence[Column], width: int, figures: Mapping[int, FloatArray]) -> None:
        """Read the sample of the columns of one scope, of `width` columns in all."""
        sample = self._run.sample([column.name for column in scope])
        for column in scope:
            values = np.asarray(sample[column.name], dtype=np.float64)
            for path in figures:
                if path < values.size:
                    stored = self.stored[path]
                    if not stored or stored[-1].file != store.SAMPLE:
                        stored.append(StoredFigures(store.SAMPLE, np.empty(width)))
                    stored[-1].figures[column.row] = values[path]
            if self.summary:
                self._rank(column, values, figures)

    def _rank(self, column: Column, values: FloatArray, figures: Mapping[int, FloatArray]) -> None:
        """Rank the paths on which a column is defined among the sample and, where all paths are known, among all."""
        paths = int(self.summary["paths"])
        sampled = _losses(column, values[np.isfinite(values)])
        whole, losses = values.size >= paths, np.empty(0)
        if whole and column.metric.kind != "event":
            losses = sampled
        elif not whole and _counted_over_all(self.summary, column, values.size):
            losses = _losses(column, np.asarray(self._tail[column.name], dtype=np.float64))
        for path, row in figures.items():
            if np.isfinite(row[column.row]) and sampled.size:
                loss = _losses(column, row[column.row])
                worse, equal = int((losses > loss).sum()), int((losses == loss).sum())
                place = 1 + worse if equal == 1 and (whole or worse < WORST_PATHS) else None
                self.by_figure[path, column.name] = PercentileRank(
                    int((sampled < loss).sum()), sampled.size, place, paths
                )


def find_differences(columns: Sequence[Column], stored: StoredFigures, figures: FloatArray) -> list[str]:
    """List the figures of a path that differ in any bit from those the run stored; every NaN is the same."""
    undefined = np.isnan(figures) & np.isnan(stored.figures)
    differing = (figures.view(np.int64) != stored.figures.view(np.int64)) & ~undefined
    return [
        f"{column.name} is {float(figures[column.row])}, in {stored.file} {float(stored.figures[column.row])}"
        for column in columns
        if differing[column.row]
    ]
