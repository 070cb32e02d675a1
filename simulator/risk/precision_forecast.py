r"""How precise a measure will be after more paths, foretold from a pilot: half its 95 % interval, with a range.

A half-width falls as 1/sqrt(n), so that of n paths is that of the pilot's n_0 times sqrt(n_0 / n); but the pilot knows
it only up to its own error. To first order the logarithm of (half-width at n) sqrt(n) moves from n_0 to n by

    mean, CVaR    (1/4) (1/n_0 - 1/n) kappa,     kappa the kurtosis of x, of (L - VaR)+
    sd            (1/4) (1/n_0 - 1/n) mu_8 / mu_4^2
    probability   (1/4) (1/n_0 - 1/n) (1 - 2 p)^2 / (p (1 - p))
    VaR, quantile 1/m_0 + 1/m,                   m the paths between the bounding ranks (a sum of spacings)

in variance, and a half-width that is a share of the value also by that of the value. The ends of a quantile's interval
are rounded outwards to edges of the histogram's bins: half an interval is then a quarter of the two bins' widths wider,
at most half, however many paths there are. The pilot is the beginning of the run itself, so at n_0 all is known.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulator.results.histogram import Bins
from simulator.results.tallies import Tallies
from simulator.risk import convergence, intervals, measures, summary
from simulator.risk.precision import Reached, Target, reached
from simulator.risk.summary import Distribution

_RARE = 5  # events or tail paths of a pilot from which nothing is foretold
_WIDE = intervals.NORMAL  # of a range, in standard errors: 95 % of runs lie within


class Range(NamedTuple):
    """What is expected, and where 95 of 100 runs lie."""

    expected: float
    low: float
    high: float


class Outlook(NamedTuple):
    """What a pilot says of a target."""

    now: Reached
    paths: int  # of the pilot
    shrinks: float  # the part of the half-width that falls as 1/sqrt(n)
    coarse: float  # widths of the bins at the interval's ends
    known: float  # variance of ln(half sqrt n) that is due to the pilot's error, for n far beyond
    fresh: float  # and to that of n_0 other paths

    def half(self, paths: int) -> Range:
        """Half the interval after so many paths, at least those of the pilot."""
        if paths <= self.paths:
            return Range(self.now.half, self.now.half, self.now.half)
        root = math.sqrt(self.paths / paths)
        variance = self.known * (1.0 - root * root) + self.fresh * (1.0 + root)
        away = math.exp(min(_WIDE * math.sqrt(variance), 50.0))
        middle = self.shrinks * root
        return Range(middle + self.coarse / 4.0, middle / away, middle * away + self.coarse / 2.0)

    def excess(self, paths: int) -> Range:
        """Half-width over what was asked for."""
        if self.now.target.half == math.inf:
            return Range(0.0, 0.0, 0.0)
        if self.now.excess == math.inf:  # a share of a value that is 0
            return Range(math.inf, math.inf, math.inf)
        asked = self.now.half / self.now.excess if self.now.excess > 0.0 else math.inf
        return Range(*(half / asked for half in self.half(paths)))


def outlook(tallies: Tallies, wanted: Target, months: int) -> Outlook | None:
    """What the tallies of a pilot say of a target; None where too little is known of it."""
    now = reached(tallies, wanted, months)
    if not math.isfinite(now.half):
        return None
    of, n = summary.of_tally(tallies, wanted.column), tallies.paths
    shrinks, coarse, fresh = now.half, 0.0, 0.0
    if wanted.measure in ("mean", "cvar"):
        known = 0.25 / convergence.carriers(of, wanted.measure, wanted.level)
    elif wanted.measure == "sd":
        known = 0.25 * _eighth(of.bins)
    elif wanted.measure == "probability":
        p = now.figure.value or 0.0
        if min(p, 1.0 - p) * n < _RARE:
            return None
        known = 0.25 * (1.0 - 2.0 * p) ** 2 / (p * (1.0 - p)) / n
    else:
        shrinks, coarse, between = _quantile(of, wanted)
        known, fresh = 0.0, 1.0 / max(between, 1)
    if not math.isfinite(known):
        return None
    if wanted.relative and now.figure.value:
        known += (now.half / intervals.NORMAL / now.figure.value) ** 2
    return Outlook(now, n, shrinks, coarse, known, fresh)


def _quantile(of: Distribution, wanted: Target) -> tuple[float, float, int]:
    """Half the interval before its ends were rounded, widths of the bins there, paths between the ranks."""
    flip = wanted.measure == "var" and of.metric.bad == "low"
    bins = of.bins.negated() if flip else of.bins
    low, high = (min(max(rank, 1), of.n) for rank in intervals.ranks(wanted.level, of.n))
    half = (_within(bins, high) - _within(bins, low)) / 2.0
    ends = [measures.bin_at(bins, rank) for rank in (low, high)]
    return half, float(sum(bins.high[end] - bins.low[end] for end in ends)), high - low


def _within(bins: Bins, k: int) -> float:
    """About the k-th smallest value: the place within its bin that its rank there suggests."""
    b = measures.bin_at(bins, k)
    below = int(bins.n[:b].sum())
    return float(bins.low[b] + (bins.high[b] - bins.low[b]) * (k - below - 0.5) / bins.n[b])


def _eighth(bins: Bins) -> float:
    """mu_8 / mu_4^2 / n."""
    fourth = measures.bins_central(bins, 4)
    return measures.bins_central(bins, 8) / fourth / fourth / float(bins.n.sum()) if fourth > 0.0 else 0.0
