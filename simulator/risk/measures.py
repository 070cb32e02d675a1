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

from simulator.results import exact_sum
from simulator.results.histogram import Bins
from simulator.risk import intervals
from simulator.risk.intervals import rank
from simulator.risk.quantile_functions import normal_density, normal_quantile

__all__ = ["paired_cvar"]


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
    threshold = var(loss, level)
    excess = np.maximum(loss - threshold, 0.0)
    beyond = intervals.beyond(level)
    return Estimate(
        threshold + exact_sum.total(excess) / loss.size / beyond,
        float(excess.std(ddof=1)) / (beyond * math.sqrt(loss.size)) if loss.size > 1 else math.nan,
    )


def mean_influence(x: Floats) -> Floats:
    """The influence of each of the values (n,) on their mean, times n."""
    influence: Floats = x - x.mean()
    return influence


def var_influence(loss: Floats, level: float, ordered: Floats | None = None) -> Floats:
    """The influence of each of the losses (n,) on VaR, times n; 0 on an atom. `ordered`: sorted losses."""
    ordered = np.sort(loss) if ordered is None else ordered
    beyond = (loss > ordered[rank(level, loss.size) - 1]).astype(np.float64)
    influence: Floats = (beyond - beyond.mean()) * _sparsity(ordered, level)
    return influence


def cvar_influence(loss: Floats, level: float) -> Floats:
    """The influence of each of the losses (n,) on CVaR, times n."""
    excess = np.maximum(loss - var(loss, level), 0.0)
    influence: Floats = (excess - excess.mean()) / intervals.beyond(level)
    return influence


def _paired(x: Floats, y: Floats, measure: Callable[[Floats], tuple[float, Floats]]) -> Estimate:
    """A measure of `x` less that of `y` (n,), values of the same paths, with the paired standard error.

    `measure` returns the measure and its influence values. Paths on which either is undefined are left out of both.
    """
    both = ~(np.isnan(x) | np.isnan(y))
    (value_x, influence_x), (value_y, influence_y) = measure(x[both]), measure(y[both])
    stderr = float(np.std(influence_x - influence_y, ddof=1)) / math.sqrt(int(both.sum()))
    return Estimate(value_x - value_y, stderr)


def paired_mean(x: Floats, y: Floats) -> Estimate:
    """Mean of `x` less mean of `y`."""
    return _paired(x, y, lambda values: (exact_sum.total(values) / values.size, mean_influence(values)))


def paired_quantile(x: Floats, y: Floats, share: float) -> Estimate:
    """Quantile of the values `x` less quantile of `y`."""
    return _paired(x, y, lambda values: (quantile(values, share), var_influence(values, share)))


def paired_var(x: Floats, y: Floats, level: float, bad: Literal["low", "high"]) -> Estimate:
    """VaR of the values `x` less VaR of `y`."""
    sign = -1.0 if bad == "low" else 1.0
    return _paired(sign * x, sign * y, lambda loss: (var(loss, level), var_influence(loss, level)))


def paired_cvar(x: Floats, y: Floats, level: float, bad: Literal["low", "high"]) -> Estimate:
    """CVaR of the values `x` less CVaR of `y`."""
    sign = -1.0 if bad == "low" else 1.0
    return _paired(sign * x, sign * y, lambda loss: (cvar(loss, level).value, cvar_influence(loss, level)))


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


def bins_quantile(bins: Bins, share: float) -> float:
    """The ceil(share n)-th smallest value: the mean of its bin, infinite if that overflowed."""
    return float(bins.mean[bins.index_of_rank(rank(share, bins.count))])


def bins_cvar(loss: Bins, level: float) -> Estimate:
    """CVaR of the losses in `loss`, with its standard error; infinite if the tail overflowed."""
    n, beyond = loss.count, intervals.beyond(level)
    b = loss.index_of_rank(rank(level, n))
    threshold = float(loss.mean[b])
    if not math.isfinite(threshold) or math.isinf(loss.mean[-1]):
        return Estimate(math.inf, math.nan)
    excess = loss.mean[b + 1 :] - threshold
    weighed = loss.n[b + 1 :] * excess
    first, second = (exact_sum.total(part) / n for part in (weighed, weighed * excess))
    variance = max(second - first * first, 0.0) * n / max(n - 1, 1)
    return Estimate(threshold + first / beyond, math.sqrt(variance / n) / beyond)


def bins_central(bins: Bins, power: int) -> float:
    """Central moment of a power, taking each value as the mean of its bin."""
    return exact_sum.total(bins.n * (bins.mean - bins.average) ** power) / bins.count
