r"""Stochastic dominance of one plan over another, on a sample, with a stated tolerance.

With Q(p) the quantile of what is good (the value where low is bad, minus the value where high is bad) and
T(p) = (1/p) int_0^p Q the mean of the worst share p, A dominates B

    to the first order    if Q_A(p) >= Q_B(p) for every p: whoever prefers more prefers A;
    to the second order   if T_A(p) >= T_B(p) for every p: whoever prefers more and dislikes risk prefers A.

Both are looked at in SHARES values of p between 50/n and 1 - 50/n (second order: up to 1, the mean), since fewer than
50 paths say nothing of a tail. The *violation* is how far B is ahead where it is ahead most, max_p (B - A)+, in the
metric's unit: A dominates once each of its paths is worth so much more. Its 95 % interval is simultaneous over all p:
the paired standard error of each gap (influence values, see risk.measures) times Sidak's bound for SHARES normal
variables (1967, doi:10.1080/01621459.1967.10482935), which holds whatever their correlation. It shrinks as 1/sqrt(n).

    dominates                    B is nowhere ahead on the sample (by 2^-20 or more)
    dominates within tolerance   B is ahead somewhere, but not surely by more than the tolerance
    does not                     the violation is above the tolerance, even at the lower end of its interval
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.plan_comparison import TIE
from simulator.risk import measures
from simulator.risk.distributions import normal_quantile
from simulator.risk.intervals import CONFIDENCE, NEEDED, rank

Floats = NDArray[np.float64]
Order = Literal["first", "second"]
Verdict = Literal["dominates", "dominates within tolerance", "does not"]

SHARES = 40


class Gaps(NamedTuple):
    """How far B is ahead of A at some shares p (K,): above 0 where B is better."""

    share: Floats
    gap: Floats
    stderr: Floats


class Dominance(NamedTuple):
    """Whether A dominates B: the violation in the metric's unit with its 95 % interval, and where it is largest."""

    verdict: Verdict
    violation: float
    low: float
    high: float
    share: float  # the p at which B is ahead most, or least behind
    n: int


def shares(n: int, order: Order) -> Floats:
    """The p that are looked at: half of them evenly, half close to the ends; none if n is below 100."""
    if n < 2 * NEEDED:
        return np.empty(0)
    least = NEEDED / n
    evenly = np.linspace(0.0, 1.0, SHARES // 2 + 1)[1:]
    evenly = evenly if order == "second" else evenly - 0.5 / evenly.size
    if order == "second":
        ends = np.geomspace(least, 0.5, SHARES // 2)
    else:
        ends = np.geomspace(least, 0.5, SHARES // 4)
        ends = np.concatenate([ends, 1.0 - ends])
    return np.unique(np.clip(np.concatenate([evenly, ends]), least, 1.0 if order == "second" else 1.0 - least))


def gaps(one: Floats, other: Floats, order: Order) -> Gaps:
    """Gaps of `other` over `one`, values (n,) of the same paths for which more is better."""
    at = shares(one.size, order)
    of = _quantile if order == "first" else _tail_mean
    ordered, ordered_other = np.sort(one), np.sort(other)
    found = np.zeros((at.size, 2))
    for k, share in enumerate(at):
        value, moves = of(one, ordered, float(share))
        value_other, moves_other = of(other, ordered_other, float(share))
        found[k] = value_other - value, (moves_other - moves).std(ddof=1) / math.sqrt(one.size)
    return Gaps(at, *found.T)


def _quantile(x: Floats, ordered: Floats, share: float) -> tuple[float, Floats]:
    """Q(share) of `x` (n,), which `ordered` holds rising, and its influence values."""
    return float(ordered[rank(share, x.size) - 1]), measures.var_influence(x, share, ordered)


def _tail_mean(x: Floats, ordered: Floats, share: float) -> tuple[float, Floats]:
    """T(share): the quantile q less mean((q - x)+) / share."""
    q = float(ordered[rank(share, x.size) - 1])
    short = np.maximum(q - x, 0.0) / share
    return q - float(short.mean()), short.mean() - short


def dominance(one: Floats, other: Floats, order: Order, tolerance: float) -> Dominance | None:
    """Whether `one` dominates `other`, (n,) as in `gaps`; None of fewer than 100 paths."""
    of = gaps(one, other, order)
    return verdict(of, tolerance, one.size) if of.gap.size else None


def verdict(of: Gaps, tolerance: float, n: int) -> Dominance:
    """What the gaps of B over A say of A."""
    band = sidak(of.gap.size) * of.stderr
    most = int(np.argmax(of.gap))
    violation = float(of.gap[most]) if of.gap[most] >= TIE else 0.0
    low, high = (max(float(bound.max()), 0.0) + 0.0 for bound in (of.gap - band, of.gap + band))
    said: Verdict = "does not"
    if violation == 0.0:
        said = "dominates"
    elif low <= tolerance:
        said = "dominates within tolerance"
    return Dominance(said, violation, low, high, float(of.share[most]), n)


def reverse(of: Gaps) -> Gaps:
    """The gaps of A over B from those of B over A."""
    return Gaps(of.share, -of.gap, of.stderr)


def sidak(count: int) -> float:
    """Standard errors either side so that `count` normal intervals hold together with 95 %."""
    return normal_quantile(0.5 + 0.5 * CONFIDENCE ** (1.0 / count))
