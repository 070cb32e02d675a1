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
from simulator.risk import intervals, measures, summary
from simulator.risk.intervals import ALONE, ATOM, Figure

Floats = NDArray[np.float64]
UNPAIRED = "undefined in the base or under stress"


class Measure(NamedTuple):
    """A figure of a distribution: mean, probability, or var / cvar at a level."""

    kind: str
    level: float = math.nan


class Estimate(NamedTuple):
    """A measure of n paths and the influence (n,) of each on it; influences have mean 0."""

    value: float
    influence: Floats
    kind: str = "mean"  # of the measure
    events: Floats | None = None  # (n,) 0 or 1, undefined as NaN, where the measure is a probability


class Measured(NamedTuple):
    """A measure as an estimate that pairs with others, and as a summary shows it."""

    estimate: Estimate
    shown: Figure


def measured(values: Floats, metric: Metric, wanted: Measure) -> Measured:
    """A measure of a metric over its values (n,)."""
    return Measured(estimate(values, metric, wanted), figure(values, metric, wanted))


def figure(values: Floats, metric: Metric, wanted: Measure) -> Figure:
    """A measure of a metric over its values (n,), undefined as NaN, with its interval or why there is none."""
    of = summary.of_sample(metric, values)
    if metric.kind == "event":
        return summary.probability(int(np.nansum(values)), of.n)
    match wanted.kind:
        case "var":
            return summary.var(of, wanted.level)
        case "cvar":
            return summary.cvar(of, wanted.level)
        case _:
            return summary.mean(of)


def estimate(values: Floats, metric: Metric, wanted: Measure) -> Estimate:
    """The measure over the paths (n,) on which the metric is defined, and every path's influence on it."""
    defined = np.isfinite(values)
    share = float(defined.mean())
    influence = np.zeros(values.size)
    events = values if metric.kind == "event" else None
    if not share:
        return Estimate(math.nan, influence, wanted.kind, events)
    x = values[defined]
    if wanted.kind in ("mean", "probability"):
        influence[defined] = measures.mean_influence(x) / share
        return Estimate(math.fsum(x) / x.size, influence, wanted.kind, events)
    loss = -x if metric.bad == "low" else x
    value, own = _tail(loss, wanted)
    influence[defined] = own / share
    return Estimate(value, influence, wanted.kind)


def _tail(loss: Floats, wanted: Measure) -> tuple[float, Floats]:
    """VaR or CVaR of a loss and its influence values."""
    if wanted.kind == "var":
        return measures.var(loss, wanted.level), measures.var_influence(loss, wanted.level)
    return measures.cvar(loss, wanted.level).value, measures.cvar_influence(loss, wanted.level)


def paired_error(one: Estimate, other: Estimate) -> float:
    """Standard error of the difference of two estimates made on the same paths."""
    n = one.influence.size
    return float(np.std(one.influence - other.influence, ddof=1) / math.sqrt(n)) if n > 1 else math.nan


def difference(one: Estimate, other: Estimate) -> Figure:
    """`one` less `other`, which are the same paths, with the interval of the pair."""
    value, error = one.value - other.value, paired_error(one, other)
    if not math.isfinite(value):
        return Figure(None, None, None, UNPAIRED)
    if one.events is not None and other.events is not None:
        return Figure(value, *between_events(one.events, other.events))
    if not math.isfinite(error):
        return Figure(value, None, None, ALONE)
    moves = one.influence.any() and other.influence.any()
    if one.kind in ("var", "cvar") and value and not error and not moves:
        return Figure(value, None, None, ATOM)
    return Figure(value, *intervals.about(value, error, one.influence.size))


def between_events(one: Floats, other: Floats) -> tuple[float, float]:
    """Interval of the difference of two probabilities from events (n,) on the same paths, undefined as NaN.

    Paths pair up where both are defined on the same ones; otherwise each counts its own.
    """
    defined, defined_b = ~np.isnan(one), ~np.isnan(other)
    if not np.array_equal(defined, defined_b):
        counts = (int(np.nansum(one)), int(defined.sum()), int(np.nansum(other)), int(defined_b.sum()))
        return intervals.unpaired_proportion(*counts)
    gained, lost = int(((one == 1) & (other == 0)).sum()), int(((one == 0) & (other == 1)).sum())
    return intervals.paired_proportion(gained, lost, int(defined.sum()))


def change(now: Measured, before: Measured) -> Figure:
    """`now` less `before`: nothing where one of the two is not to be trusted, flagged where one is."""
    shown = now.shown, before.shown
    without = next((one for one in shown if one.value is None), None)
    if without is not None:
        return Figure(None, None, None, without.note or UNPAIRED)
    found = difference(now.estimate, before.estimate)
    return found if found.note else found._replace(note=next((one.note for one in shown if one.note), None))
