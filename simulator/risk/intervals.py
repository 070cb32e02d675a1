"""Intervals of 95 % and reservations: which figure may be shown, and how sure it is.

A tail figure (quantile, VaR, CVaR) from fewer than 50 paths in the tail is not given at all, from fewer than 300 it is
flagged. Probabilities have exact intervals whatever their size and need no reservation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any, NamedTuple

from simulator.risk.quantile_functions import beta_quantile, binomial_quantile, student_quantile
from simulator.risk.root_finding import find_root

__all__ = [
    "NOWHERE",
    "NO_FIGURE",
    "TOO_FEW",
    "Figure",
    "interval_ranks",
    "mean_interval",
    "proportion_interval",
    "rank",
    "reservation",
]


CONFIDENCE = 0.95
_OUTSIDE = (1.0 - CONFIDENCE) / 2.0
NORMAL = NormalDist().inv_cdf(1.0 - _OUTSIDE)
NEEDED = 50  # tail paths below which there is no figure
ENOUGH = 300  # tail paths below which a figure is flagged
TOO_FEW = "too few tail paths"
FEW = f"fewer than {ENOUGH} tail paths"
BEYOND = "beyond the range of the histogram"
NOWHERE = "undefined on every path"
ALONE = "one path only"
CANNOT = "cannot happen"  # begins the note of a probability that is 0 whatever is drawn
ALWAYS = "always"  # begins the note of a figure that is the same whatever is drawn
ATOM = "several paths have this very value: no interval"


class Figure(NamedTuple):
    """A measure and its 95 % interval: a bound that is None does not exist, such a value is not to be trusted."""

    value: float | None
    low: float | None
    high: float | None
    note: str | None = None

    @property
    def fixed(self) -> str:
        """The words `cannot happen` or `always` of a figure that the structure of the programme fixes; else empty."""
        note = "" if self.value is None or self.note is None else self.note
        return next((words for words in (CANNOT, ALWAYS) if note.startswith(words)), "")

    def to_dict(self) -> dict[str, Any]:
        """The figure as in summary.json: {"value", "low", "high"}, and "note" if there is one."""
        entry = {"value": self.value, "low": self.low, "high": self.high}
        return entry if self.note is None else {**entry, "note": self.note}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any] | None) -> Figure:
        """The figure of an entry as in summary.json; without an entry there is neither value nor note."""
        entry = entry or {}
        return cls(entry.get("value"), entry.get("low"), entry.get("high"), entry.get("note"))


NO_FIGURE = Figure(None, None, None)


@cache
def fraction(level: float) -> Fraction:
    """The decimal number as it was written: 0.95 is 19/20, not the float64 next to it."""
    return Fraction(str(float(level)))


@cache
def beyond(level: float) -> float:
    """1 - level, rounded once."""
    return float(1 - fraction(level))


@cache
def rank(level: float, n: int) -> int:
    """ceil(level n), free of rounding and at least 1: the rank of VaR and quantiles in rising order."""
    return max(math.ceil(fraction(level) * n), 1)


@cache
def tail_paths(level: float, n: int) -> int:
    """Paths beyond the quantile of `level`, on its rarer side: floor(n min(level, 1 - level))."""
    share = fraction(level)
    return math.floor(min(share, 1 - share) * n)


def reservation(level: float, n: int) -> str | None:
    """The reservation on a tail figure at `level` from n paths: TOO_FEW (no figure), FEW (flagged) or None."""
    tail = tail_paths(level, n)
    return TOO_FEW if tail < NEEDED else FEW if tail < ENOUGH else None


@cache
def interval_ranks(level: float, n: int) -> tuple[int, int]:
    """Ranks l, u such that X_(l) <= quantile <= X_(u) with at least 95 % for any law; 0 and n + 1 mean no bound.

    B ~ Bin(n, level) paths lie below the quantile: P(B < l) <= 2.5 % and P(B >= u) <= 2.5 %.
    """
    return binomial_quantile(_OUTSIDE, n, level), binomial_quantile(1.0 - _OUTSIDE, n, level) + 1


def proportion_interval(events: int, n: int) -> tuple[float, float]:
    """Interval of a probability after `events` of n, exact (Clopper and Pearson 1934); 0 of n: up to 3.7/n."""
    low = beta_quantile(_OUTSIDE, events, n - events + 1) if events > 0 else 0.0
    high = beta_quantile(1.0 - _OUTSIDE, events + 1, n - events) if events < n else 1.0
    return low, high


def paired_proportion_interval(gained: int, lost: int, n: int) -> tuple[float, float]:
    """Interval of P(A) - P(B), two events on the same n paths: A alone happened on `gained`, B alone on `lost` of them.

    The score interval of Tango (1998, Statistics in Medicine 17:891-908): every difference that its test, with the
    nuisance P(B alone) at its most likely value, does not reject. Without such a path it is +- 3.84/(n + 3.84), where
    the normal interval has no width at all.
    """
    difference = (gained - lost) / n

    def score(at: float) -> float:
        b = (2 * n - gained + lost) * at - gained - lost
        nuisance = (math.sqrt(max(b * b + 8.0 * n * lost * at * (1.0 - at), 0.0)) - b) / (4.0 * n)
        variance = n * (2.0 * nuisance + at * (1.0 - at))
        away = n * (difference - at)
        return away / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, away) if away else 0.0

    def bound(side: float) -> float:
        if difference == side or abs(score(side * (1.0 - 1e-12))) <= NORMAL:
            return side
        target = math.copysign(NORMAL, difference - side)
        return find_root(lambda at: score(at) - target, side * (1.0 - 1e-12), difference, 1e-15)

    return bound(-1.0), bound(1.0)


def unpaired_proportion_interval(events: int, n: int, others: int, other_n: int) -> tuple[float, float]:
    """Interval of a probability, `events` of n, less another, `others` of other_n, whose paths are not the same.

    From the score intervals of both (Newcombe 1998, Statistics in Medicine 17:873-890, method 10); wider than need be
    where the two move together.
    """
    (low, value, high), (low_b, other, high_b) = _wilson(events, n), _wilson(others, other_n)
    difference = value - other
    below, above = math.hypot(value - low, high_b - other), math.hypot(high - value, other - low_b)
    return max(difference - below, -1.0), min(difference + above, 1.0)


def _wilson(events: int, n: int) -> tuple[float, float, float]:
    """Score interval of a probability, with the share between its bounds."""
    share, z = events / n, NORMAL * NORMAL / n
    middle, half = share + z / 2.0, NORMAL * math.sqrt(share * (1.0 - share) / n + z / (4.0 * n))
    return min((middle - half) / (1.0 + z), share), share, max((middle + half) / (1.0 + z), share)


def mean_interval(value: float, stderr: float, n: int) -> tuple[float, float]:
    """Interval of a mean of n values: Student's t with n - 1 degrees of freedom."""
    half = _student(n - 1) * stderr
    return value - half, value + half


def sd_interval(sd: float, fourth: float, n: int) -> tuple[float, float]:
    """Interval of a standard deviation, given the fourth central moment, symmetric in its logarithm.

    Delta method: Var(ln sd) = (m4 / sd^4 - 1) / (4 n). It needs a finite fourth moment of the law to mean anything.
    """
    if sd == 0.0:
        return 0.0, 0.0
    kurtosis = fourth / sd / sd / sd / sd  # sd^4 of a tiny sd is 0
    half = NORMAL * math.sqrt(max(kurtosis - 1.0, 0.0) / (4.0 * n))
    return sd * math.exp(-half), sd * math.exp(half)


@cache
def _student(degrees: int) -> float:
    """Half a 95 % interval in standard errors."""
    return student_quantile(1.0 - _OUTSIDE, degrees)
