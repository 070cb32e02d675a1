r"""The convergence of figures: cumulative and over disjoint subsets, and warnings where an interval fails to shrink.

At n = 2^14, 2^15, ... paths each measure is taken of all paths so far and of those since the last power alone. Subsets
share no path, so their estimates are independent; under a law with a fourth moment the half-width h of an interval
falls as 1/sqrt(n), and an estimate of it has the relative standard error

    1 / (2 sqrt(c)),    c = (sum d^2)^2 / sum d^4,

where d is the deviation from the mean (of a CVaR that of (L - VaR)+) and c, the carriers, the number of equally heavy
paths that would make an interval as uncertain. Without a finite variance c stays at a handful however many paths there
are (the largest square is a lasting share of their sum: O'Brien 1980, doi:10.2307/3213152).

`warnings` has five reasons. `heavy`: the tail index, by Hill's estimator from the outermost 1/200 and 1/800 of the
paths (Hill 1975, doi:10.1214/aos/1176343247), lies below 2, where the variance ends. `few`: fewer than 10 carriers,
so the half-width itself is uncertain by 16 % or more. `growth`: h sqrt(n) grew over the last factor of 8 in paths by
more than chance explains. `subsets`: estimates of disjoint subsets lie further apart than their intervals allow (by
chi-square). `bins`: a VaR's interval is no wider than the histogram's bins that hold its ends, which more paths do
not narrow. Heavy, growth and subsets are tested at a level that leaves one run in a hundred with a false alarm among
all its figures (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simulator.finance.metrics import Metric
from simulator.results.column_counts import ColumnCounts
from simulator.results.columns import WORLD, Column
from simulator.results.histogram import Bins
from simulator.results.tallies import Tallies
from simulator.risk import figures, intervals, measures
from simulator.risk.convergence_rows import ConvergenceRow, ConvergenceWarning
from simulator.risk.distribution import Distribution, distribution_of_tally
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec

__all__ = ["convergence_rows", "convergence_warnings", "followed_columns"]


_GROWTH = 8  # of the paths, over which half-widths are compared
_CARRIERS = 10.0  # fewer make the half-width itself uncertain by 1 / (2 sqrt 10) = 16 %
_ALARM = 0.01  # runs with a false alarm
_TESTS = 3  # of each figure
_OUTER = 200, 800  # one in so many paths makes the tail whose index is estimated; the second is a check, at 2 %


class _HalfWidth(NamedTuple):
    """A figure's value and half-width at some number of paths."""

    paths: int
    value: float
    half_width: float

    @property
    def scaled(self) -> float:
        """Half-width times the root of the paths: about constant."""
        return self.half_width * math.sqrt(self.paths)


def followed_columns(tallies: Tallies) -> tuple[Column, ...]:
    """Columns whose convergence is followed: the tallied amounts of the plans."""
    return tuple(column for column in tallies.columns if column.metric.kind == "amount" and column.scope != WORLD)


def _measures(levels: Sequence[float]) -> list[MeasureSpec]:
    """The measures that are followed."""
    return [MeasureSpec("mean"), *(MeasureSpec(kind, level) for level in levels for kind in ("var", "cvar"))]


def amount_figures(counts: ColumnCounts, metric: Metric, levels: Sequence[float]) -> dict[str, Figure]:
    """Mean, VaR and CVaR of an amount by text of the measure, the very figures of a summary of these paths."""
    n = counts.n
    worst = n + 1 - min((intervals.interval_ranks(level, n)[0] for level in levels if n), default=n)
    tail = Distribution(metric, n, counts.undefined, counts.tail(metric.bad, worst), counts.moments(), {})
    by_kind = {"var": figures.var, "cvar": figures.cvar}
    return {
        measure.text: by_kind[measure.kind](tail, measure.level)
        if measure.kind in by_kind
        else figures.mean(tail.moments)
        for measure in _measures(levels)
    }


def convergence_rows(
    paths: int,
    since: int,
    column: Column,
    counts: ColumnCounts,
    earlier: ColumnCounts | None,
    levels: Sequence[float],
) -> Iterator[ConvergenceRow]:
    """The rows of a column at `paths` paths, whose last subset is the paths `since` .. `paths` - 1."""
    cumulative = amount_figures(counts, column.metric, levels)
    subset = cumulative if earlier is None else amount_figures(counts.minus(earlier), column.metric, levels)
    for name, figure in cumulative.items():
        yield ConvergenceRow(paths, paths - since, column.scope, column.metric.name, name, figure, subset[name])


def convergence_warnings(
    table: Sequence[ConvergenceRow], tallies: Tallies, levels: Sequence[float], figure_count: int = 0
) -> list[ConvergenceWarning]:
    """Figures whose intervals fail to shrink; `tallies` are of all paths.

    Tests are made at the level of `figure_count` figures, those of the table unless they are more.
    """
    by_figure: dict[tuple[str, str, str], list[ConvergenceRow]] = {}
    for row in table:
        by_figure.setdefault((row.plan, row.metric, row.measure), []).append(row)
    warnings = []
    alarm = _ALARM / (_TESTS * max(len(by_figure), figure_count, 1))
    for column in followed_columns(tallies):
        distribution = distribution_of_tally(tallies.column(column.name))
        for measure in _measures(levels):
            key = column.scope, column.metric.name, measure.text
            fault = _convergence_fault(by_figure.get(key, []), distribution, measure, alarm)
            if fault is not None:
                warnings.append(ConvergenceWarning(*key, *fault))
    return warnings


def _convergence_fault(
    series: Sequence[ConvergenceRow], distribution: Distribution, measure: MeasureSpec, alarm: float
) -> tuple[str, str] | None:
    """Why the interval of a figure does not shrink as it should: (reason, sentence); None if it does.

    `alarm` is the probability of a false alarm of each test.
    """
    halves = [half for row in series if (half := _half_width(row.paths, row.cumulative)) is not None]
    if not halves or halves[-1].half_width == 0.0 or halves[-1].paths < _GROWTH * halves[0].paths:
        return None  # nothing to compare yet, or no uncertainty left
    last = halves[-1]
    first = next(half for half in reversed(halves) if _GROWTH * half.paths <= last.paths)
    coarse = 0.0
    if measure.kind == "var":
        coarse = _bin_widths(distribution, measure.level)
        spread = math.hypot(*(_spacing(measure.level, half.paths) for half in (first, last)))
        if coarse >= 2.0 * last.half_width:
            return "bins", "its interval is no wider than the histogram's bins: more paths do not narrow it"
    else:
        index, carried = _heavy(distribution, measure.kind, alarm), carriers(distribution, measure)
        if index is not None:
            return "heavy", (
                f"the tail of its law is so heavy (index {index:.1f}, below 2) that it may have no variance: its "
                "interval is too narrow and need not shrink"
            )
        if carried < _CARRIERS:
            return (
                "few",
                f"its interval rests on about {carried:.0f} paths: it may be far too narrow and need not shrink",
            )
        spread = 0.5 * math.sqrt((last.paths / first.paths - 1.0) / carried)
    growth = (last.half_width - coarse / 2.0) * math.sqrt(last.paths) / first.scaled
    if growth > math.exp(_normal(alarm) * spread):
        return "growth", (
            f"its interval times the root of the paths grew {growth:.2f}-fold between {first.paths:,} and "
            f"{last.paths:,} paths, where it should not grow"
        )
    p = _subset_p_value(series, last, coarse)
    if p < alarm:
        return "subsets", f"disjoint sets of paths lie further apart than their intervals allow (p = {p:.1g})"
    return None


def carriers(distribution: Distribution, measure: MeasureSpec) -> float:
    """The number of equally heavy paths that would make the interval of a mean or a CVaR as uncertain as it is."""
    bins = distribution.bins
    if measure.kind == "cvar":
        loss = distribution.loss
        bins = _excess(loss, measures.bins_quantile(loss, measure.level))
    return _equal_weights(bins)


def tail_index(bins: Bins, most: int) -> float:
    """Hill's estimate from the `most` highest values' distances from the mean; NaN where these are not all positive."""
    above = np.cumsum(bins.n[::-1])[::-1]
    b = int(np.searchsorted(-above, -most, side="right")) - 1  # the last group with so many at or above it
    away = bins.mean[b:] - _mean(bins)
    if b < 0 or not away[0] > 0.0:
        return math.nan
    logs = float((bins.n[b + 1 :] * np.log(away[1:] / away[0])).sum())
    return float(bins.n[b + 1 :].sum()) / logs if logs > 0.0 else math.nan


def _heavy(distribution: Distribution, kind: str, alarm: float) -> float | None:
    """The tail index where it lies below 2 by more than chance explains: on the bad side, of a mean on either side."""
    loss = distribution.loss
    for bins in (loss, loss.negated)[: 2 if kind == "mean" else 1]:
        if not np.isfinite(bins.mean).all():
            continue
        paths = [distribution.n // share for share in _OUTER]
        limits = [2.0 / (1.0 + z / math.sqrt(n)) for z, n in zip((_normal(alarm), 2.0), paths, strict=True)]
        index = [tail_index(bins, n) for n in paths]
        if all(estimate < limit for estimate, limit in zip(index, limits, strict=True)):
            return index[0]
    return None


def _excess(loss: Bins, threshold: float) -> Bins:
    """The groups of (L - threshold)+."""
    over: NDArray[np.float64] = np.maximum(loss.mean - threshold, 0.0)
    return Bins(over, over, over, loss.n)


def _equal_weights(bins: Bins) -> float:
    """(sum d^2)^2 / sum d^4, d the deviations from the mean; infinite where all are zero, NaN beyond the histogram."""
    if not np.isfinite(bins.mean).all():
        return math.nan
    squares = (bins.mean - _mean(bins)) ** 2
    second, fourth = ((bins.n * part).sum() for part in (squares, squares * squares))
    return float(second * second / fourth) if fourth > 0.0 else math.inf


def _mean(bins: Bins) -> float:
    return float((bins.n * bins.mean).sum() / bins.n.sum())


def _bin_widths(distribution: Distribution, level: float) -> float:
    """Widths of the two bins at the ends of a VaR's interval."""
    loss, n = distribution.loss, distribution.n
    ends = [loss.index_of_rank(min(max(rank, 1), n)) for rank in intervals.interval_ranks(level, n)]
    return float(sum(loss.high[end] - loss.low[end] for end in ends))


def _spacing(level: float, paths: int) -> float:
    """Relative standard error of a quantile's interval: that of a sum of as many exponential spacings."""
    low, high = intervals.interval_ranks(level, paths)
    return 1.0 / math.sqrt(max(high - low, 1))


def _subset_p_value(series: Sequence[ConvergenceRow], last: _HalfWidth, coarse: float) -> float:
    """p-value of the differences of disjoint subsets: chi-square about their mean, with the error of `last`.

    For VaR (`coarse` > 0) a subset's own interval counts where it is wider, and half a bin is added.
    """
    subsets = [half for row in series if (half := _half_width(row.subset_paths, row.subset)) is not None]
    if len(subsets) < 2:
        return 1.0
    wide = intervals.NORMAL
    errors = np.array([last.scaled / math.sqrt(subset.paths) / wide for subset in subsets])
    if coarse > 0.0:
        subset_errors = np.array([subset.half_width / wide for subset in subsets])
        errors = np.hypot(np.maximum(errors, subset_errors), coarse / 4.0)
    value, weight = np.array([subset.value for subset in subsets]), errors**-2
    chi_square = float((weight * (value - (weight * value).sum() / weight.sum()) ** 2).sum())
    return float(special.chdtrc(len(subsets) - 1, chi_square))


def _half_width(paths: int, figure: Figure) -> _HalfWidth | None:
    """Value and half-width of a figure; None without an interval or with a reservation."""
    if figure.value is None or figure.low is None or figure.high is None or figure.note:
        return None
    return _HalfWidth(paths, figure.value, (figure.high - figure.low) / 2.0)


@cache
def _normal(alarm: float) -> float:
    return float(-special.ndtri(alarm))
