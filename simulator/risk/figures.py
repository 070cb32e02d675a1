"""Measures of a distribution as figures: each with its 95 % interval, or the reason why there is none.

A month that never comes ranks after the horizon: a measure that falls on it is None with the note "never".
"""

from __future__ import annotations

import math

import numpy as np

from simulator.results.histogram import Bins
from simulator.results.moments import Moments
from simulator.risk import intervals, measures
from simulator.risk.distribution import Distribution
from simulator.risk.intervals import Figure

__all__: list[str] = []  # used in this folder only


NEVER = "never"
REACHES_NEVER = "the interval reaches beyond the horizon"


def mean(moments: Moments) -> Figure:
    """The mean."""
    if moments.n < 2:
        return Figure(finite(moments.mean), None, None, intervals.NOWHERE if moments.n == 0 else intervals.ALONE)
    return Figure(moments.mean, *intervals.mean_interval(moments.mean, moments.stderr, moments.n))


def sd(distribution: Distribution) -> Figure:
    """The standard deviation."""
    n, moments, bins = distribution.n, distribution.moments, distribution.bins
    if n < 2:
        return Figure(None, None, None, intervals.NOWHERE if n == 0 else intervals.ALONE)
    if not np.isfinite(bins.mean).all():
        return Figure(moments.sd, None, None, intervals.BEYOND)
    return Figure(moments.sd, *intervals.sd_interval(moments.sd, measures.bins_central(bins, 4), n))


def quantile(distribution: Distribution, share: float, months: int) -> Figure:
    """The quantile of the value at a share."""
    figure = _ranked(distribution.bins, distribution.n, share)
    if distribution.metric.kind != "month" or figure.value is None:
        return figure
    low, high = (None if bound is None or bound >= months else bound for bound in (figure.low, figure.high))
    if figure.value >= months:
        return Figure(None, low, None, NEVER)
    return Figure(figure.value, low, high, figure.note if high is not None else REACHES_NEVER)


def var(distribution: Distribution, level: float) -> Figure:
    """Value at risk."""
    return _ranked(distribution.loss, distribution.n, level)


def cvar(distribution: Distribution, level: float) -> Figure:
    """Conditional value at risk; its interval is normal."""
    n = distribution.n
    note = intervals.NOWHERE if n == 0 else intervals.reservation(level, n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    value, stderr = measures.bins_cvar(distribution.loss, level)
    if not math.isfinite(value):
        return Figure(None, None, None, intervals.BEYOND)
    return Figure(value, *intervals.mean_interval(value, stderr, n), note)


def probability(events: int, n: int) -> Figure:
    """The probability of an event that happened on `events` of n paths."""
    if n == 0:
        return Figure(None, None, None, intervals.NOWHERE)
    return Figure(events / n, *intervals.proportion_interval(events, n))


def probabilities(distribution: Distribution, months: int) -> dict[str, Figure]:
    """Probabilities by label: of the event that a metric is, of the config's events, and that a month never comes."""
    metric, n = distribution.metric, distribution.n
    if metric.kind == "event":
        return {metric.name: probability(distribution.count_at_least(0.5), n)}
    figures = {label: probability(events, n) for label, events in distribution.events.items()}
    if metric.kind == "month" and (never := distribution.count_at_least(months)):
        figures[NEVER] = probability(never, n)
    return figures


def finite(x: float) -> float | None:
    """The number, or None if it is NaN or infinite."""
    return float(x) if math.isfinite(x) else None


def _ranked(bins: Bins, n: int, level: float) -> Figure:
    """The value of rank ceil(level n), its interval between the outer edges of the bins of the bounding ranks."""
    note = intervals.NOWHERE if n == 0 else intervals.reservation(level, n)
    if note in (intervals.NOWHERE, intervals.TOO_FEW):
        return Figure(None, None, None, note)
    value = measures.bins_quantile(bins, level)
    if not math.isfinite(value):
        return Figure(None, None, None, intervals.BEYOND)
    lower, upper = intervals.interval_ranks(level, n)
    low, high = bins.low[bins.index_of_rank(lower)], bins.high[bins.index_of_rank(upper)]
    return Figure(value, finite(low), finite(high), note)
