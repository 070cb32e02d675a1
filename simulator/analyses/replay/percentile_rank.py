"""Where a path stands among those of its run, by what the run kept: the sample, and the worst paths of its amounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from simulator.analyses.replay.replayed_path import Floats
from simulator.errors import ConfigError
from simulator.results import store
from simulator.results.columns import WORLD, Column
from simulator.results.store import Run
from simulator.results.worst import WORST_PATHS
from simulator.risk import intervals


class Chosen(NamedTuple):
    """The worst paths by a figure, worst first, and in words out of how many."""

    paths: list[int]
    words: str
    by: list[str]  # the metric, if any


def entry_of(summary: Mapping[str, Any], column: Column) -> Mapping[str, Any]:
    """What summary.json (empty in an unfinished run) says of a column."""
    scopes = summary.get("world") if column.scope == WORLD else summary.get("plans", {}).get(column.scope)
    found: Mapping[str, Any] = (scopes or {}).get(column.metric.name, {})
    return found


def _counted_over_all(summary: Mapping[str, Any], column: Column, sampled: int) -> bool:
    """Whether the run kept the worst paths of a column out of all of its paths."""
    entry = entry_of(summary, column)
    seen = 1.0 - float(entry.get("undefined") or 0.0)
    tallied = seen > 0.0 and round(entry.get("n", 0) / seen) > sampled
    return tallied and column.metric.kind == "amount" and column.scope != WORLD


def _losses(column: Column, values: Floats) -> Floats:
    return -values if column.metric.bad == "low" else values


def worst(run: Run, column: Column, count: int) -> Chosen:
    """The worst paths of a finished run by a column: out of all its paths where it kept them, else of its sample."""
    summary = run.summary
    number = summary["paths"]
    sampled = run.sample([column.name])[column.name]
    whole = number <= sampled.size
    kept = not whole and _counted_over_all(summary, column, sampled.size)
    values, ids = sampled, np.arange(sampled.size)
    if kept:
        tail = run.tail(["path", column.name])
        values, ids = tail[column.name], tail["path"]
    losses = _losses(column, np.asarray(values, dtype=np.float64))
    order = np.lexsort((ids, -losses))[: int(np.isfinite(losses).sum())][: WORST_PATHS if kept else None]
    if not order.size:
        raise ConfigError([f"--metric: given {column.metric.name}, which is undefined on every path of {column.scope}"])
    if count > order.size:
        raise ConfigError([f"--worst: given {count:,}, wanted at most {order.size:,}: no more paths can be ranked"])
    what = f"all {number:,} paths" if whole or kept else f"the first {sampled.size:,} of {number:,} paths only"
    which = "the worst path" if count == 1 else f"the {count:,} worst paths"
    return Chosen(
        [int(path) for path in ids[order[:count]]], f"{which} by {column.name}, of {what}", [column.metric.name]
    )


class Kept(NamedTuple):
    """What a run stored of a path: the file, and all its figures in the order of the columns."""

    file: str
    figures: Floats


class Rank(NamedTuple):
    """Of a path by a figure: how many sampled paths are less bad, and its place among all paths where that is known
    and no other path is as bad."""

    less_bad: int
    sampled: int  # paths on which the figure is defined
    place: int | None  # 1: the worst
    paths: int  # of the run

    def told(self) -> dict[str, Any]:
        """Share of paths that are less bad, with its interval, and the place."""
        low, high = intervals.proportion(self.less_bad, self.sampled)
        share = {"value": self.less_bad / self.sampled, "low": low, "high": high, "n": self.sampled}
        place = None if self.place is None else {"place": self.place, "of": self.paths}
        return {"worse_than": share, "rank": place}


class Standing:
    """What the run kept of some paths and how bad each is by every figure; `figures` are by path, in column order."""

    def __init__(self, run: Run, columns: Sequence[Column], figures: Mapping[int, Floats]) -> None:
        self.kept: dict[int, list[Kept]] = {path: [] for path in figures}
        self.summary: dict[str, Any] = run.summary if run.finished else {}
        self.ranks: dict[tuple[int, str], Rank] = {}
        self._run, self._tail = run, run.tail() if store.TAIL in run.manifest["files"] else {}
        for path in figures:
            place = np.flatnonzero(self._tail["path"] == path) if self._tail else np.empty(0, dtype=np.int64)
            if place.size:
                row = np.array([self._tail[column.name][place[0]] for column in columns], dtype=np.float64)
                self.kept[path].append(Kept(store.TAIL, row))
        for scope in dict.fromkeys(column.scope for column in columns) if store.SAMPLE in run.manifest["files"] else ():
            self._look([column for column in columns if column.scope == scope], len(columns), figures)

    def _look(self, mine: Sequence[Column], width: int, figures: Mapping[int, Floats]) -> None:
        """Read the sample of one owner's columns, of `width` in all."""
        sample = self._run.sample([column.name for column in mine])
        for column in mine:
            values = np.asarray(sample[column.name], dtype=np.float64)
            for path in figures:
                if path < values.size:
                    kept = self.kept[path]
                    if not kept or kept[-1].file != store.SAMPLE:
                        kept.append(Kept(store.SAMPLE, np.empty(width)))
                    kept[-1].figures[column.row] = values[path]
            if self.summary:
                self._rank(column, values, figures)

    def _rank(self, column: Column, values: Floats, figures: Mapping[int, Floats]) -> None:
        """Rank the paths on which a column is defined among the sample, and among all where those are known."""
        paths = int(self.summary["paths"])
        sampled = _losses(column, values[np.isfinite(values)])
        whole, known = values.size >= paths, np.empty(0)
        if whole and column.metric.kind != "event":
            known = sampled
        elif not whole and _counted_over_all(self.summary, column, values.size):
            known = _losses(column, np.asarray(self._tail[column.name], dtype=np.float64))
        for path, row in figures.items():
            if np.isfinite(row[column.row]) and sampled.size:
                loss = _losses(column, row[column.row])
                worse, alike = int((known > loss).sum()), int((known == loss).sum())
                place = 1 + worse if alike == 1 and (whole or worse < WORST_PATHS) else None
                self.ranks[path, column.name] = Rank(int((sampled < loss).sum()), sampled.size, place, paths)


def differences(columns: Sequence[Column], kept: Kept, figures: Floats) -> list[str]:
    """Figures of a path that are not, bit for bit, those the run stored; NaN is undefined, whatever its bits."""
    apart = (figures.view(np.int64) != kept.figures.view(np.int64)) & ~(np.isnan(figures) & np.isnan(kept.figures))
    return [
        f"{column.name} is {figures[column.row]!r}, in {kept.file} {kept.figures[column.row]!r}"
        for column in columns
        if apart[column.row]
    ]
