r"""A measure of a sample with its interval, and by how much it differs from that of another sample of the same paths.

Scenarios and plans on the same random numbers pair up path by path, so the error of a difference is that of the paired
influence values,

    theta_s - theta_0 = mean(psi_s,i - psi_0,i) + o(n^-1/2),    s.e. = sd(psi_s - psi_0) / sqrt(n),

with the influence functions of simulator.risk.measures. VaR and CVaR are those of the loss (-x where low is bad). The
difference of two probabilities has the score interval of paired proportions: it has a width even if no path differs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.finance.metrics import Metric
from simulator.results import exact_sum
from simulator.risk import figures, intervals, measures
from simulator.risk.distribution import distribution_of_sample
from simulator.risk.intervals import ALONE, ATOM, Figure
from simulator.risk.metric_spec import MeasureSpec

__all__ = ["InfluenceEstimate", "influence_estimate", "measure_values", "paired_difference"]


Floats = NDArray[np.float64]
_UNPAIRED = "undefined in the base or under stress"


class InfluenceEstimate(NamedTuple):
    """A measure of n paths and the influence (n,) of each on it; influences have mean 0."""

    value: float
    influence: Floats
    kind: str = "mean"  # of the measure
    events: Floats | None = None  # (n,) 0 or 1, undefined as NaN, where the measure is a probability


class MeasuredValues(NamedTuple):
    """A measure of some values: as an estimate that pairs with others, and as the figure that a summary shows."""

    estimate: InfluenceEstimate
    figure: Figure


def measure_values(values: Floats, metric: Metric, measure: MeasureSpec) -> MeasuredValues:
    """A measure of a metric over its values (n,), undefined as NaN."""
    return MeasuredValues(influence_estimate(values, metric, measure), _figure(values, metric, measure))


def _figure(values: Floats, metric: Metric, measure: MeasureSpec) -> Figure:
    """A measure of a metric over its values (n,) with its interval, or why there is none."""
    distribution = distribution_of_sample(metric, values)
    if metric.kind == "event":
        return figures.probability(int(np.nansum(values)), distribution.n)
    match measure.kind:
        case "var":
            return figures.var(distribution, measure.level)
        case "cvar":
            return figures.cvar(distribution, measure.level)
        case _:
            return figures.mean(distribution.moments)


def influence_estimate(values: Floats, metric: Metric, measure: MeasureSpec) -> InfluenceEstimate:
    """The measure over the paths (n,) on which the metric is defined, and every path's influence on it."""
    defined = np.isfinite(values)
    share = float(defined.mean())
    influence = np.zeros(values.size)
    events = values if metric.kind == "event" else None
    if not share:
        return InfluenceEstimate(math.nan, influence, measure.kind, events)
    x = values[defined]
    if measure.kind in ("mean", "probability"):
        influence[defined] = measures.mean_influence(x) / share
        return InfluenceEstimate(exact_sum.total(x) / x.size, influence, measure.kind, events)
    value, tail_influence = _tail(-x if metric.bad == "low" else x, measure)
    influence[defined] = tail_influence / share
    return InfluenceEstimate(value, influence, measure.kind)


def _tail(loss: Floats, measure: MeasureSpec) -> tuple[float, Floats]:
    """VaR or CVaR of a loss and its influence values."""
    if measure.kind == "var":
        return measures.var(loss, measure.level), measures.var_influence(loss, measure.level)
    return measures.cvar(loss, measure.level).value, measures.cvar_influence(loss, measure.level)


def paired_error(a: InfluenceEstimate, b: InfluenceEstimate) -> float:
    """Standard error of the difference of two estimates made on the same paths."""
    n = a.influence.size
    return float(np.std(a.influence - b.influence, ddof=1) / math.sqrt(n)) if n > 1 else math.nan


def paired_difference(a: InfluenceEstimate, b: InfluenceEstimate) -> Figure:
    """`a` less `b`, estimates on the same paths, with the interval of the pair."""
    value, error = a.value - b.value, paired_error(a, b)
    if not math.isfinite(value):
        return Figure(None, None, None, _UNPAIRED)
    if a.events is not None and b.events is not None:
        return Figure(value, *event_difference_interval(a.events, b.events))
    if not math.isfinite(error):
        return Figure(value, None, None, ALONE)
    has_density = a.influence.any() and b.influence.any()
    if a.kind in ("var", "cvar") and value and not error and not has_density:
        return Figure(value, None, None, ATOM)
    return Figure(value, *intervals.mean_interval(value, error, a.influence.size))


def event_difference_interval(a: Floats, b: Floats) -> tuple[float, float]:
    """Interval of the difference of two probabilities from events (n,) on the same paths, undefined as NaN.

    Paths pair up where both are defined on the same ones; otherwise each counts its own.
    """
    defined_a, defined_b = ~np.isnan(a), ~np.isnan(b)
    if not np.array_equal(defined_a, defined_b):
        counts = (int(np.nansum(a)), int(defined_a.sum()), int(np.nansum(b)), int(defined_b.sum()))
        return intervals.unpaired_proportion_interval(*counts)
    gained, lost = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    return intervals.paired_proportion_interval(gained, lost, int(defined_a.sum()))


def change(now: MeasuredValues, before: MeasuredValues) -> Figure:
    """`now` less `before`: no value where either is not to be trusted, a note where either has one."""
    shown = now.figure, before.figure
    missing = next((figure for figure in shown if figure.value is None), None)
    if missing is not None:
        return Figure(None, None, None, missing.note or _UNPAIRED)
    if now.figure.fixed and now.figure == before.figure:
        return Figure(0.0, None, None, now.figure.note)
    difference = paired_difference(now.estimate, before.estimate)
    return difference if difference.note else difference._replace(note=now.figure.note or before.figure.note)
