r"""Forecast of a measure's precision after more paths, from a pilot: half its 95 % interval, with a range.

A half-width falls as 1/sqrt(n), so that of n paths is that of the pilot's n_0 times sqrt(n_0 / n); but the pilot knows
it only up to its own error. To first order the logarithm of (half-width at n) sqrt(n) moves from n_0 to n by

    mean, CVaR    (1/4) (1/n_0 - 1/n) kappa,     kappa the kurtosis of x, of (L - VaR)+
    sd            (1/4) (1/n_0 - 1/n) mu_8 / mu_4^2
    probability   (1/4) (1/n_0 - 1/n) (1 - 2 p)^2 / (p (1 - p))
    VaR, quantile 1/m_0 + 1/m,                   m the paths between the bounding ranks (a sum of spacings)

in variance, and a half-width that is a share of the value also by that of the value. The ends of a quantile's interval
are rounded outwards to edges of the histogram's bins: half an interval is then a quarter of the two bins' widths wider,
at most half, however many paths there are. The pilot is the beginning of the run itself, so at n_0 there is no error.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulator.results.histogram import Bins
from simulator.results.tallies import Tallies
from simulator.risk import convergence, intervals, measures
from simulator.risk.distribution import Distribution, distribution_of_tally
from simulator.risk.precision import AchievedPrecision, PrecisionTarget, assess_precision

__all__ = ["PrecisionForecast", "Range", "forecast_precision"]


_RARE = 5  # events or tail paths of a pilot that are too few for a forecast
_WIDE = intervals.NORMAL  # of a range, in standard errors: 95 % of runs lie within


class Range(NamedTuple):
    """An expected value, and the bounds between which 95 of 100 runs lie."""

    expected: float
    low: float
    high: float


class PrecisionForecast(NamedTuple):
    """The forecast of a target's precision."""

    pilot: AchievedPrecision
    paths: int  # of the pilot
    shrinking: float  # the part of the half-width that falls as 1/sqrt(n)
    bin_widths: float  # of the two bins at the interval's ends
    pilot_variance: float  # of ln(half-width sqrt n) due to the pilot's error, for n far beyond
    fresh_variance: float  # and to that of n_0 other paths

    def half_width(self, paths: int) -> Range:
        """Half the interval after so many paths, at least those of the pilot."""
        if paths <= self.paths:
            return Range(self.pilot.half_width, self.pilot.half_width, self.pilot.half_width)
        root = math.sqrt(self.paths / paths)
        variance = self.pilot_variance * (1.0 - root * root) + self.fresh_variance * (1.0 + root)
        factor = math.exp(min(_WIDE * math.sqrt(variance), 50.0))
        middle = self.shrinking * root
        return Range(middle + self.bin_widths / 4.0, middle / factor, middle * factor + self.bin_widths / 2.0)

    def excess(self, paths: int) -> Range:
        """Half-width over that of the target."""
        if self.pilot.target.half_width == math.inf:
            return Range(0.0, 0.0, 0.0)
        if self.pilot.excess == math.inf:  # a share of a value that is 0
            return Range(math.inf, math.inf, math.inf)
        limit = self.pilot.half_width / self.pilot.excess if self.pilot.excess > 0.0 else math.inf
        return Range(*(half / limit for half in self.half_width(paths)))


def forecast_precision(tallies: Tallies, target: PrecisionTarget, months: int) -> PrecisionForecast | None:
    """The forecast of a target's precision from the tallies of a pilot; None where they know too little of it."""
    pilot = assess_precision(tallies, target, months)
    if not math.isfinite(pilot.half_width):
        return None
    if pilot.half_width == 0.0:
        return PrecisionForecast(pilot, tallies.paths, 0.0, 0.0, 0.0, 0.0)
    distribution, n = distribution_of_tally(tallies.column(target.column)), tallies.paths
    shrinking, bin_widths, fresh = pilot.half_width, 0.0, 0.0
    kind = target.measure.kind
    if kind in ("mean", "cvar"):
        variance = 0.25 / convergence.carriers(distribution, target.measure)
    elif kind == "sd":
        variance = 0.25 * _eighth(distribution.bins)
    elif kind == "probability":
        p = pilot.figure.value or 0.0
        if min(p, 1.0 - p) * n < _RARE:
            return None
        variance = 0.25 * (1.0 - 2.0 * p) ** 2 / (p * (1.0 - p)) / n
    else:
        shrinking, bin_widths, spacings = _quantile(distribution, target)
        variance, fresh = 0.0, 1.0 / max(spacings, 1)
    if not math.isfinite(variance):
        return None
    if target.relative and pilot.figure.value:
        variance += (pilot.half_width / intervals.NORMAL / pilot.figure.value) ** 2
    return PrecisionForecast(pilot, n, shrinking, bin_widths, variance, fresh)


def _quantile(distribution: Distribution, target: PrecisionTarget) -> tuple[float, float, int]:
    """Half the interval before its ends were rounded, widths of the bins there, paths between the ranks."""
    bins = distribution.loss if target.measure.kind == "var" else distribution.bins
    ranks = intervals.interval_ranks(target.measure.level, distribution.n)
    low, high = (min(max(rank, 1), distribution.n) for rank in ranks)
    half_width = (_within(bins, high) - _within(bins, low)) / 2.0
    ends = [bins.index_of_rank(rank) for rank in (low, high)]
    return half_width, float(sum(bins.high[end] - bins.low[end] for end in ends)), high - low


def _within(bins: Bins, k: int) -> float:
    """About the k-th smallest value: the point within its bin that its rank there suggests."""
    b = bins.index_of_rank(k)
    below = int(bins.n[:b].sum())
    return float(bins.low[b] + (bins.high[b] - bins.low[b]) * (k - below - 0.5) / bins.n[b])


def _eighth(bins: Bins) -> float:
    """mu_8 / mu_4^2 / n."""
    fourth = measures.bins_central(bins, 4)
    return measures.bins_central(bins, 8) / fourth / fourth / float(bins.count) if fourth > 0.0 else 0.0
