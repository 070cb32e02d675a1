r"""How figures converge: cumulative and over disjoint doubling subsets, and where an interval fails to shrink.

At n = 2^14, 2^15, ... paths each measure is taken of all paths so far and of those since the last power alone. Subsets
share no path, so their estimates are independent; under a law with a fourth moment the half-width h of an interval
falls as 1/sqrt(n), and an estimate of it has the relative standard error

    1 / (2 sqrt(c)),    c = (sum d^2)^2 / sum d^4,

where d is the deviation from the mean (of a CVaR that of (L - VaR)+) and c, the carriers, the number of equally heavy
paths that would make an interval as uncertain. Without a finite variance c stays at a handful however many paths there
are (the largest square is a lasting share of their sum: O'Brien 1980, doi:10.2307/3213152).

`warnings` has five reasons. `heavy`: the tail index, by Hill's estimator from the outermost 1/200 and 1/800 of the
paths (Hill 1975, doi:10.1214/aos/1176343247), lies below 2, where the variance ends. `few`: fewer than 10 carriers, so
the half-width itself is uncertain by 16 % or more. `growth`: h sqrt(n) grew over the last three doublings by more than
chance explains. `subsets`: estimates of disjoint subsets lie further apart than their intervals allow (chi-square).
`bins`: a VaR's interval is no wider than the histogram's bins that hold its ends, which more paths do not narrow.
Heavy, growth and subsets are tested at a level that leaves one run in a hundred with a false alarm among all its
figures (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.finance.metrics import Metric
from simulator.results.column_counts import ColumnCounts
from simulator.results.columns import WORLD, Column
from simulator.results.histogram import Bins
from simulator.results.tallies import Tallies
from simulator.risk import intervals, measures, summary
from simulator.risk.intervals import Figure
from simulator.risk.summary import Distribution

DOUBLINGS = 3  # over which half-widths are compared
CARRIERS = 10.0  # fewer make the half-width itself uncertain by 1 / (2 sqrt 10) = 16 %
ALARM = 0.01  # runs with a false alarm
_TESTS = 3  # of each figure
_OUTER = 200, 800  # one in so many paths makes the tail whose index is looked at; the second look is a check, at 2 %

Row = dict[str, Any]  # {paths, subset_paths, plan, metric, measure, cumulative, subset}


class Half(NamedTuple):
    """A figure as convergence looks at it."""

    paths: int
    value: float
    half: float  # of the interval

    @property
    def unit(self) -> float:
        """Half-width times the root of the paths: about constant."""
        return self.half * math.sqrt(self.paths)


def followed(tallies: Tallies) -> tuple[Column, ...]:
    """Columns whose convergence is followed: the tallied amounts of the plans."""
    return tuple(column for column in tallies.columns if column.metric.kind == "amount" and column.scope != WORLD)


def measure(kind: str, level: float) -> str:
    """`cvar95`."""
    return f"{kind}{100 * level:g}"


def figures(counts: ColumnCounts, metric: Metric, levels: Sequence[float]) -> dict[str, Figure]:
    """Mean, VaR and CVaR of an amount, the very figures of a summary of these paths."""
    n = counts.n
    worst = n + 1 - min((intervals.ranks(level, n)[0] for level in levels if n), default=n)
    of = Distribution(metric, n, counts.undefined, counts.tail(metric.bad, worst), counts.moments(), {}, (None, None))
    found = {"mean": summary.mean(of)}
    for level in levels:
        found[measure("var", level)] = summary.var(of, level)
        found[measure("cvar", level)] = summary.cvar(of, level)
    return found


def rows(
    paths: int, since: int, column: Column, all_of: ColumnCounts, earlier: ColumnCounts | None, levels: Sequence[float]
) -> Iterator[Row]:
    """The rows of a column at `paths` paths, whose last subset is the paths `since` .. `paths` - 1."""
    cumulative = figures(all_of, column.metric, levels)
    subset = cumulative if earlier is None else figures(all_of.minus(earlier), column.metric, levels)
    for name, figure in cumulative.items():
        yield {
            "paths": paths,
            "subset_paths": paths - since,
            "plan": column.scope,
            "metric": column.metric.name,
            "measure": name,
            "cumulative": summary.figure_dict(figure),
            "subset": summary.figure_dict(subset[name]),
        }


def warnings(table: Sequence[Row], tallies: Tallies, levels: Sequence[float], figures: int = 0) -> list[dict[str, Any]]:
    """Figures whose intervals fail to shrink: {plan, metric, measure, reason, text}; `tallies` are of all paths.

    Tests are made at the level of so many `figures`, those of the table unless they are more.
    """
    by_figure: dict[tuple[str, str, str], list[Row]] = {}
    for row in table:
        by_figure.setdefault((row["plan"], row["metric"], row["measure"]), []).append(row)
    found = []
    alarm = ALARM / (_TESTS * max(len(by_figure), figures, 1))
    for column in followed(tallies):
        whole = summary.of_tally(tallies, column.name)
        for kind, level in [("mean", math.nan), *((kind, level) for level in levels for kind in ("var", "cvar"))]:
            name = "mean" if kind == "mean" else measure(kind, level)
            series = by_figure.get((column.scope, column.metric.name, name), [])
            what = reason(series, whole, kind, level, alarm)
            if what is not None:
                about = {"plan": column.scope, "metric": column.metric.name, "measure": name}
                found.append({**about, "reason": what[0], "text": what[1]})
    return found


def reason(series: Sequence[Row], whole: Distribution, kind: str, level: float, alarm: float) -> tuple[str, str] | None:
    """Why the interval of a figure does not shrink as it should, and what that means; None if it does.

    `alarm` is the probability of a false alarm of each test.
    """
    run = [half for row in series if (half := _half(row["paths"], row["cumulative"])) is not None]
    if not run or run[-1].half == 0.0 or run[-1].paths < 2**DOUBLINGS * run[0].paths:
        return None  # nothing to compare yet, or nothing left to know
    last, first = run[-1], next(one for one in reversed(run) if 2**DOUBLINGS * one.paths <= run[-1].paths)
    coarse = 0.0
    if kind == "var":
        coarse, spread = bin_widths(whole, level), math.hypot(*(_spacing(level, one.paths) for one in (first, last)))
        if coarse >= 2.0 * last.half:
            return "bins", "its interval is no wider than the histogram's bins: more paths do not narrow it"
    else:
        index, carried = _heavy(whole, kind, alarm), carriers(whole, kind, level)
        if index is not None:
            return "heavy", (
                f"the tail of its law is so heavy (index {index:.1f}, below 2) that it may have no variance: its "
                "interval is too narrow and need not shrink"
            )
        if carried < CARRIERS:
            return (
                "few",
                f"its interval rests on about {carried:.0f} paths: it may be far too narrow and need not shrink",
            )
        spread = 0.5 * math.sqrt((last.paths / first.paths - 1.0) / carried)
    grew = (last.half - coarse / 2.0) * math.sqrt(last.paths) / first.unit
    if grew > math.exp(_normal(alarm) * spread):
        return "growth", (
            f"its interval times the root of the paths grew {grew:.2f}-fold between {first.paths:,} and {last.paths:,} "
            "paths, where it should not grow"
        )
    found = _apart(series, last, coarse)
    if found < alarm:
        return "subsets", f"disjoint sets of paths lie further apart than their intervals allow (p = {found:.1g})"
    return None


def carriers(of: Distribution, kind: str, level: float) -> float:
    """How many equally heavy paths would make the interval of a mean or a CVaR as uncertain as it is."""
    bins = of.bins
    if kind == "cvar":
        loss = bins.negated() if of.metric.bad == "low" else bins
        bins = _excess(loss, measures.bins_quantile(loss, level))
    return _equal(bins)


def tail_index(bins: Bins, most: int) -> float:
    """Hill's estimate from the `most` highest values' distances from the mean; NaN where these are not all positive."""
    above = np.cumsum(bins.n[::-1])[::-1]
    b = int(np.searchsorted(-above, -most, side="right")) - 1  # the last group with so many at or above it
    away = bins.mean[b:] - _mean(bins)
    if b < 0 or not away[0] > 0.0:
        return math.nan
    logs = float((bins.n[b + 1 :] * np.log(away[1:] / away[0])).sum())
    return float(bins.n[b + 1 :].sum()) / logs if logs > 0.0 else math.nan


def _heavy(of: Distribution, kind: str, alarm: float) -> float | None:
    """The tail index where it lies below 2 by more than chance explains: on the bad side, of a mean on either side."""
    loss = of.bins.negated() if of.metric.bad == "low" else of.bins
    for bins in (loss, loss.negated())[: 2 if kind == "mean" else 1]:
        if not np.isfinite(bins.mean).all():
            continue
        paths = [of.n // share for share in _OUTER]
        limits = [2.0 / (1.0 + z / math.sqrt(n)) for z, n in zip((_normal(alarm), 2.0), paths, strict=True)]
        index = [tail_index(bins, n) for n in paths]
        if all(found < limit for found, limit in zip(index, limits, strict=True)):
            return index[0]
    return None


def _excess(loss: Bins, at: float) -> Bins:
    """The groups of (L - at)+."""
    over: NDArray[np.float64] = np.maximum(loss.mean - at, 0.0)
    return Bins(over, over, over, loss.n)


def _equal(bins: Bins) -> float:
    """(sum d^2)^2 / sum d^4, d the deviations from the mean; infinite where all are zero, NaN beyond the histogram."""
    if not np.isfinite(bins.mean).all():
        return math.nan
    squares = (bins.mean - _mean(bins)) ** 2
    second, fourth = ((bins.n * part).sum() for part in (squares, squares * squares))
    return float(second * second / fourth) if fourth > 0.0 else math.inf


def _mean(bins: Bins) -> float:
    return float((bins.n * bins.mean).sum() / bins.n.sum())


def bin_widths(of: Distribution, level: float) -> float:
    """Widths of the two bins that hold the ends of a VaR's interval."""
    loss = of.bins.negated() if of.metric.bad == "low" else of.bins
    ends = [measures.bin_at(loss, min(max(rank, 1), of.n)) for rank in intervals.ranks(level, of.n)]
    return float(sum(loss.high[end] - loss.low[end] for end in ends))


def _spacing(level: float, paths: int) -> float:
    """Relative standard error of a quantile's interval: that of a sum of as many exponential spacings."""
    low, high = intervals.ranks(level, paths)
    return 1.0 / math.sqrt(max(high - low, 1))


def _apart(series: Sequence[Row], last: Half, coarse: float) -> float:
    """p-value of what disjoint subsets say of a figure: chi-square about their mean, `last` giving the error.

    For VaR (`coarse` > 0) a subset's own interval counts where it is wider, and half a bin is added.
    """
    subsets = [half for row in series if (half := _half(row["subset_paths"], row["subset"])) is not None]
    if len(subsets) < 2:
        return 1.0
    wide = intervals.NORMAL
    errors = np.array([last.unit / math.sqrt(one.paths) / wide for one in subsets])
    if coarse > 0.0:
        own = np.array([one.half / wide for one in subsets])
        errors = np.hypot(np.maximum(errors, own), coarse / 4.0)
    value, weight = np.array([one.value for one in subsets]), errors**-2
    away = float((weight * (value - (weight * value).sum() / weight.sum()) ** 2).sum())
    return float(special.chdtrc(len(subsets) - 1, away))


def _half(paths: int, figure: Mapping[str, Any]) -> Half | None:
    """A figure with an interval and without a reservation."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None or low is None or high is None or figure.get("note"):
        return None
    return Half(paths, value, (high - low) / 2.0)


@cache
def _normal(alarm: float) -> float:
    return float(-special.ndtri(alarm))
