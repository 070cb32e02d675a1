r"""Stochastic dominance of one plan over another, on a sample, with a stated tolerance.

With Q(p) the quantile of what is good (the value where low is bad, minus the value where high is bad) and
T(p) = (1/p) int_0^p Q the mean of the worst share p, A dominates B

    to the first order    if Q_A(p) >= Q_B(p) for every p: whoever prefers more prefers A;
    to the second order   if T_A(p) >= T_B(p) for every p: whoever prefers more and dislikes risk prefers A.

Both are tested at _SHARES values of p between 50/n and 1 - 50/n (second order: up to 1, the mean), since fewer than
50 paths say nothing of a tail. The *violation* is how far B is ahead where it is ahead most, max_p (B - A)+, in the
metric's unit: A dominates once each of its paths is worth so much more. Its 95 % interval is simultaneous over all p:
the paired standard error of each gap (influence values, see risk.measures) times Sidak's bound for _SHARES normal
variables (1967, doi:10.1080/01621459.1967.10482935), which holds whatever their correlation. It shrinks as 1/sqrt(n).

    dominates                    B is nowhere ahead on the sample (by 2^-20 or more), and surely by no more than the
                                 tolerance: the upper end of the interval is not above it
    dominates within tolerance   B is ahead somewhere, but surely by no more than the tolerance
    does not                     the violation is above the tolerance, even at the lower end of its interval
    not settled                  the interval holds the tolerance: more paths would tell
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.plan_comparison import TIE
from simulator.risk import measures
from simulator.risk.intervals import CONFIDENCE, NEEDED, rank
from simulator.risk.quantile_functions import normal_quantile

__all__: list[str] = []  # used in this folder only


Floats = NDArray[np.float64]
Order = Literal["first", "second"]
Verdict = Literal["dominates", "dominates within tolerance", "does not", "not settled"]

_SHARES = 40


class Gaps(NamedTuple):
    """The lead of B over A at some shares p (K,): above 0 where B is better."""

    share: Floats
    gap: Floats
    stderr: Floats

    def reversed(self) -> Gaps:
        """The gaps of A over B."""
        return Gaps(self.share, -self.gap, self.stderr)


class Dominance(NamedTuple):
    """The verdict on A over B: the violation in the metric's unit with its 95 % interval, and where it is largest."""

    verdict: Verdict
    violation: float
    low: float
    high: float
    share: float  # the p at which B is ahead most, or least behind
    n: int


def shares(n: int, order: Order) -> Floats:
    """The p that are tested: half of them evenly spaced, half close to the ends; none if n is below 100."""
    if n < 2 * NEEDED:
        return np.empty(0)
    least = NEEDED / n
    evenly = np.linspace(0.0, 1.0, _SHARES // 2 + 1)[1:]
    evenly = evenly if order == "second" else evenly - 0.5 / evenly.size
    if order == "second":
        ends = np.geomspace(least, 0.5, _SHARES // 2)
    else:
        ends = np.geomspace(least, 0.5, _SHARES // 4)
        ends = np.concatenate([ends, 1.0 - ends])
    return np.unique(np.clip(np.concatenate([evenly, ends]), least, 1.0 if order == "second" else 1.0 - least))


def gaps(a: Floats, b: Floats, order: Order) -> Gaps:
    """Gaps of `b` over `a`, values (n,) of the same paths for which more is better."""
    tested = shares(a.size, order)
    measure = _quantile if order == "first" else _tail_mean
    sorted_a, sorted_b = np.sort(a), np.sort(b)
    rows = np.zeros((tested.size, 2))
    for k, share in enumerate(tested):
        value_a, influence_a = measure(a, sorted_a, float(share))
        value_b, influence_b = measure(b, sorted_b, float(share))
        rows[k] = value_b - value_a, (influence_b - influence_a).std(ddof=1) / math.sqrt(a.size)
    return Gaps(tested, *rows.T)


def _quantile(x: Floats, sorted_x: Floats, share: float) -> tuple[float, Floats]:
    """Q(share) of `x` (n,), rising in `sorted_x`, and its influence values."""
    return float(sorted_x[rank(share, x.size) - 1]), measures.var_influence(x, share, sorted_x)


def _tail_mean(x: Floats, sorted_x: Floats, share: float) -> tuple[float, Floats]:
    """T(share): the quantile q less mean((q - x)+) / share; and its influence values."""
    q = float(sorted_x[rank(share, x.size) - 1])
    short = np.maximum(q - x, 0.0) / share
    return q - float(short.mean()), short.mean() - short


def dominance(a: Floats, b: Floats, order: Order, tolerance: float) -> Dominance | None:
    """The verdict on `a` over `b`, (n,) as in `gaps`; None of fewer than 100 paths."""
    gaps_of_b = gaps(a, b, order)
    return dominance_verdict(gaps_of_b, tolerance, a.size) if gaps_of_b.gap.size else None


def dominance_verdict(gaps_of_b: Gaps, tolerance: float, n: int) -> Dominance:
    """The verdict on A over B from the gaps of B over A."""
    gap = gaps_of_b.gap
    band = sidak_bound(gap.size) * gaps_of_b.stderr
    most = int(np.argmax(gap))
    violation = float(gap[most]) if gap[most] >= TIE else 0.0
    low, high = (max(float(bound.max()), 0.0) + 0.0 for bound in (gap - band, gap + band))
    verdict: Verdict = "not settled"
    if low > tolerance:
        verdict = "does not"
    elif high <= tolerance or high < TIE:
        verdict = "dominates within tolerance" if violation else "dominates"
    return Dominance(verdict, violation, low, high, float(gaps_of_b.share[most]), n)


def sidak_bound(count: int) -> float:
    """Standard errors on either side of `count` normal estimates so that all intervals are true together with 95 %."""
    return normal_quantile(0.5 + 0.5 * CONFIDENCE ** (1.0 / count))
