r"""Risk measures: of a sample (the reference) and of a histogram, with errors, single and paired.

Conventions. The loss is L = -x where low is bad and x where high is bad; undefined values are left out. Of n losses in
rising order L_(1) <= ... <= L_(n), at level a (0.95 means the worst 5 %),

    VaR_a  = L_(k),  k = ceil(a n), a taken as the decimal it was written as,
    CVaR_a = VaR_a + mean((L - VaR_a)+) / (1 - a),    s.e. sd((L - VaR_a)+) / ((1 - a) sqrt n)

(Rockafellar and Uryasev 2002, doi:10.1016/S0378-4266(02)00271-6: atoms need no special case). The quantile of a share p
of the value itself is x_(ceil(p n)). Both are positive when something is lost.

Of a histogram the k-th smallest value is the mean of its bin, off by at most the bin's width w (a thousandth). CVaR is
off by at most w times the share of the tail's paths that lie in VaR's bin, plus 2^-30 of itself; its standard
error by about w over the mean excess.

Paired errors: two plans in the same worlds, or two configs on the same random numbers, differ by far less than each
is uncertain. An estimate moves with path i by its influence psi_i / n, so the s.e. of a difference is
sd(psi_i - psi'_i) / sqrt(n), with psi = x - mean of a mean, (1{L > VaR} - (1 - a)) / f(VaR) of VaR and
VaR + (L - VaR)+ / (1 - a) - CVaR of CVaR.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.results.histogram import Bins
from simulator.risk import intervals
from simulator.risk.distributions import normal_density, normal_quantile
from simulator.risk.intervals import rank

Floats = NDArray[np.float64]


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    stderr: float


def losses(x: Floats, bad: Literal["low", "high"]) -> Floats:
    """Losses of the values `x` (n,), undefined ones left out."""
    defined = x[~np.isnan(x)]
    return -defined if bad == "low" else defined


def quantile(x: Floats, share: float) -> float:
    """The ceil(share n)-th smallest of `x` (n,)."""
    k = rank(share, x.size)
    return float(np.partition(x, k - 1)[k - 1])


def var(loss: Floats, level: float) -> float:
    """Value at risk of the losses (n,)."""
    return quantile(loss, level)


def cvar(loss: Floats, level: float) -> Estimate:
    """Conditional value at risk of the losses (n,), with its standard error."""
    at = var(loss, level)
    excess = np.maximum(loss - at, 0.0)
    beyond = intervals.beyond(level)
    return Estimate(
        at + math.fsum(excess) / loss.size / beyond,
        float(excess.std(ddof=1)) / (beyond * math.sqrt(loss.size)) if loss.size > 1 else math.nan,
    )


def mean_influence(x: Floats) -> Floats:
    """How each of the values (n,) moves their mean, times n."""
    influence: Floats = x - x.mean()
    return influence


def var_influence(loss: Floats, level: float, ordered: Floats | None = None) -> Floats:
    """How each of the losses (n,) moves VaR, times n; zero where VaR sits on an atom. `ordered`: the losses, rising."""
    ordered = np.sort(loss) if ordered is None else ordered
    beyond = (loss > ordered[rank(level, loss.size) - 1]).astype(np.float64)
    influence: Floats = (beyond - beyond.mean()) * _sparsity(ordered, level)
    return influence


def cvar_influence(loss: Floats, level: float) -> Floats:
    """How each of the losses (n,) moves CVaR, times n."""
    excess = np.maximum(loss - var(loss, level), 0.0)
    influence: Floats = (excess - excess.mean()) / intervals.beyond(level)
    return influence


def paired(one: Floats, other: Floats, of: Callable[[Floats], tuple[float, Floats]]) -> Estimate:
    """`one` less `other` (n,), which are the same paths: the difference of a measure and its paired standard error.

    `of` gives a measure and its influence values. Paths on which either is undefined are left out of both.
    """
    both = ~(np.isnan(one) | np.isnan(other))
    (value, moves), (value_other, moves_other) = of(one[both]), of(other[both])
    return Estimate(value - value_other, float(np.std(moves - moves_other, ddof=1)) / math.sqrt(int(both.sum())))


def paired_mean(one: Floats, other: Floats) -> Estimate:
    """Mean of `one` less mean of `other`."""
    return paired(one, other, lambda x: (math.fsum(x) / x.size, mean_influence(x)))


def paired_quantile(one: Floats, other: Floats, share: float) -> Estimate:
    """Quantile of the values `one` less quantile of `other`."""
    return paired(one, other, lambda x: (quantile(x, share), var_influence(x, share)))


def paired_var(one: Floats, other: Floats, level: float, bad: Literal["low", "high"]) -> Estimate:
    """VaR of the values `one` less VaR of `other`."""
    sign = -1.0 if bad == "low" else 1.0
    return paired(sign * one, sign * other, lambda loss: (var(loss, level), var_influence(loss, level)))


def paired_cvar(one: Floats, other: Floats, level: float, bad: Literal["low", "high"]) -> Estimate:
    """CVaR of the values `one` less CVaR of `other`."""
    sign = -1.0 if bad == "low" else 1.0
    return paired(sign * one, sign * other, lambda loss: (cvar(loss, level).value, cvar_influence(loss, level)))


def _sparsity(ordered: Floats, level: float) -> float:
    """1 / density at the quantile, from the spacing of its neighbours in the rising order.

    They lie n h away, h = n^(-1/3) z^(2/3) (1.5 phi(q)^2 / (2 q^2 + 1))^(1/3) with q the normal quantile (Hall and
    Sheather 1988, doi:10.1111/j.2517-6161.1988.tb01735.x).
    """
    n, q = ordered.size, normal_quantile(level)
    z = normal_quantile(0.975)
    reach = n * (z * z * 1.5 * normal_density(q) ** 2 / (2.0 * q * q + 1.0) / n) ** (1.0 / 3.0)
    step = max(int(min(reach, n - rank(level, n), rank(level, n) - 1)), 1)
    low, high = max(rank(level, n) - 1 - step, 0), min(rank(level, n) - 1 + step, n - 1)
    return float((ordered[high] - ordered[low]) * n / max(high - low, 1))


def bin_at(bins: Bins, k: int) -> int:
    """Index of the group that holds the k-th smallest value."""
    return int(np.searchsorted(np.cumsum(bins.n), k))


def bins_quantile(bins: Bins, share: float) -> float:
    """The ceil(share n)-th smallest value: the mean of its bin, infinite if that overflowed."""
    return float(bins.mean[bin_at(bins, rank(share, int(bins.n.sum())))])


def bins_cvar(loss: Bins, level: float) -> Estimate:
    """CVaR of the losses in `loss`, with its standard error; infinite if the tail overflowed."""
    n, beyond = int(loss.n.sum()), intervals.beyond(level)
    b = bin_at(loss, rank(level, n))
    at = float(loss.mean[b])
    if not math.isfinite(at) or math.isinf(loss.mean[-1]):
        return Estimate(math.inf, math.nan)
    excess = loss.mean[b + 1 :] - at
    weighed = loss.n[b + 1 :] * excess
    first, second = (math.fsum(part.tolist()) / n for part in (weighed, weighed * excess))
    variance = max(second - first * first, 0.0) * n / max(n - 1, 1)
    return Estimate(at + first / beyond, math.sqrt(variance / n) / beyond)


def bins_central(bins: Bins, power: int) -> float:
    """Central moment of a power; bins are narrow enough to stand for their values."""
    n = int(bins.n.sum())
    mean = math.fsum((bins.n * bins.mean).tolist()) / n
    return math.fsum((bins.n * (bins.mean - mean) ** power).tolist()) / n
