"""Ad-ARPU elasticity: the response of advertising revenue to extra compute.

Without the programme a month's ad revenue is base_m exp(x_m): a trend in revenue per person and in people, a season,
and an exact monthly Ornstein-Uhlenbeck noise x from 0 whose mean follows the systematic factor. With it revenue is
multiplied by exp(eps L): L adopts ln((C0 + W) / C0) with a first-order lag, W the programme's effective compute and C0
that of the fleet that exists anyway. eps is a prior: public data do not identify it against a trend.

Sources: Meta quarterly reports 2022-25 (base, season, noise); GEM results quoted in 2025 earnings remarks (elasticity).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.drivers.marginals import Marginals, sample
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp

__all__ = ["Arpu", "draw"]


class Arpu(NamedTuple):
    """Frozen numbers of the driver. Monthly tables have one entry per month."""

    revenue0_by_month: NDArray[np.float64]  # (T,) a month's ad revenue without programme and noise, USD bn
    fleet0_by_month: NDArray[np.float64]  # (T,) C0, effective compute without the programme, MW-equivalents
    factor_level: float  # sensitivity of the noise's mean to F.arpu
    noise_phi: float  # monthly persistence of the noise: exp(-kappa / 12)
    noise_sd: float  # monthly innovation of the noise
    elasticity_marginal: int
    elasticity_loading: float  # weight of F.arpu in the elasticity's score: sqrt(.3)
    elasticity_residual: float  # weight of the elasticity's own score: sqrt(.7)
    lag_share: float  # adopted within a month: 1 - exp(-1 / lag months)
    margin_marginal: int  # margin on incremental ads
    noise_row: int
    elasticity_row: int
    margin_row: int


@inner
def draw(
    p: Arpu,
    marginals: Marginals,
    factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    noise: NDArray[np.float64],
    elasticity: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> None:
    """Fill exp(x) by (month, lane), and by lane the elasticity and the margin on incremental ads."""
    x, mean = scratch[0], scratch[1]
    for lane in range(elasticity.size):
        x[lane] = p.elasticity_loading * factor[lane] + p.elasticity_residual * z[p.elasticity_row, lane]
    sample(marginals, p.elasticity_marginal, x, elasticity)
    sample(marginals, p.margin_marginal, z[p.margin_row], margin)
    for lane in range(elasticity.size):
        mean[lane] = p.factor_level * factor[lane]
        x[lane] = 0.0
    for m in range(noise.shape[0]):
        for lane in range(elasticity.size):
            x[lane] = mean[lane] + (x[lane] - mean[lane]) * p.noise_phi + p.noise_sd * z[p.noise_row + m, lane]
            noise[m, lane] = exp(x[lane])


# Closed forms; those of the noise x are in `simulator.drivers.reverting`.


def adoption(months: ArrayLike, lag: float) -> NDArray[np.float64]:
    """L after a lasting step of ln C by 1: 1 - exp(-t / lag), t and lag in months."""
    return -np.expm1(-np.asarray(months, dtype=float) / lag)


def elasticity_moment(n: int, zero: float, mu: float, sigma: float, cap: float) -> float:
    """E[eps^n], n >= 1, of an eps that is 0 with probability `zero`, else lognormal(mu, sigma) given that it is < cap.

    (1 - zero) e^{n mu + n^2 sigma^2 / 2} Phi(c - n sigma) / Phi(c), c = (ln cap - mu) / sigma.
    """
    from scipy.special import ndtr

    c = (np.log(cap) - mu) / sigma
    whole = np.exp(n * mu + 0.5 * (n * sigma) ** 2)
    return float((1.0 - zero) * whole * ndtr(c - n * sigma) / ndtr(c))


def expected_ratio(growth: ArrayLike, mean: float, sd: float) -> NDArray[np.float64]:
    """E[(C / C0)^eps] for eps ~ N(mean, sd^2), without lag: exp(mean x + sd^2 x^2 / 2), x = ln(C / C0) = `growth`."""
    x = np.asarray(growth, dtype=float)
    return np.exp(mean * x + 0.5 * (sd * x) ** 2)
