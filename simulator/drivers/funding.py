"""Funding cost: the 10-year rate and the credit spread.

The rate r follows Vasicek (1977, doi:10.1016/0304-405X(77)90016-2), the logarithm of the spread s an
Ornstein-Uhlenbeck process; both step exactly from month to month, their long-run means follow a systematic factor.

Sources: 10-year Treasury yields 1990-2026 (rate); Moody's Baa-Aaa 1990-2018 (spread).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.drivers import reverting
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp, log

__all__ = ["Funding", "draw"]


class Funding(NamedTuple):
    """Frozen numbers of the driver; rates are per year."""

    rate0: float  # 10-year rate at month 0
    rate_mean: float  # long-run rate
    rate_factor_level: float  # sensitivity of the long-run rate to F.rates
    rate_phi: float  # monthly persistence
    rate_sd: float  # monthly innovation
    spread0: float  # spread at month 0
    spread_mean_log: float  # ln of the long-run spread
    spread_factor_level: float  # sensitivity of that ln to F.spread
    spread_phi: float
    spread_sd: float
    rate_row: int
    spread_row: int


@inner
def draw(
    p: Funding,
    rate_factor: NDArray[np.float64],
    spread_factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    funding: NDArray[np.float64],
    mean: NDArray[np.float64],
) -> None:
    """Fill r + s by (month + 1, lane), row 0 the opening of month 0, and its mean over the month ends by lane."""
    rate, spread, rate_mean, spread_mean = scratch[0], scratch[1], scratch[2], scratch[3]
    months = funding.shape[0] - 1
    for lane in range(rate.size):
        rate[lane] = p.rate0
        spread[lane] = log(p.spread0)
        rate_mean[lane] = p.rate_mean + p.rate_factor_level * rate_factor[lane]
        spread_mean[lane] = p.spread_mean_log + p.spread_factor_level * spread_factor[lane]
    funding[0] = p.rate0 + p.spread0
    mean[:] = 0.0
    for m in range(months):
        for lane in range(rate.size):
            distance = rate[lane] - rate_mean[lane]
            rate[lane] = rate_mean[lane] + distance * p.rate_phi + p.rate_sd * z[p.rate_row + m, lane]
        for lane in range(rate.size):
            distance = spread[lane] - spread_mean[lane]
            spread[lane] = spread_mean[lane] + distance * p.spread_phi + p.spread_sd * z[p.spread_row + m, lane]
            funding[m + 1, lane] = rate[lane] + exp(spread[lane])
            mean[lane] += funding[m + 1, lane]
    for lane in range(rate.size):
        mean[lane] /= months


# Closed forms. Array of years in, array of rates a year out; `factor_level`: sensitivity to the systematic factor.


def rate_moments(
    t: ArrayLike, start: float, mean: float, factor_level: float, kappa: float, sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the normal r_t, over paths and factor."""
    return reverting.mean(t, start, mean, kappa), reverting.variance(t, kappa, sigma, factor_level)


def spread_moments(
    t: ArrayLike, start: float, mean: float, factor_level: float, kappa: float, sigma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of the lognormal s_t: e^{m + v/2} and e^{2m + v} (e^v - 1), ln s ~ N(m, v).

    `start` and `mean` are spreads, `factor_level` acts on the logarithm of the latter.
    """
    m = reverting.mean(t, np.log(start), np.log(mean), kappa)
    v = reverting.variance(t, kappa, sigma, factor_level)
    return np.exp(m + 0.5 * v), np.exp(2.0 * m + v) * np.expm1(v)
