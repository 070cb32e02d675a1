"""Ad-ARPU elasticity: what extra compute does for advertising revenue.

Without the programme a month's ad revenue is base_m exp(x_m): a trend in revenue per person and in people, a season,
and an exact monthly Ornstein-Uhlenbeck noise x from 0 whose mean follows the systematic factor. With it revenue is
multiplied by exp(eps L): L adopts ln((C0 + W) / C0) with a first-order lag, W the programme's effective compute and C0
that of the fleet that exists anyway. eps is a prior: public data do not identify it against a trend.

Sources: Meta quarterly reports 2022-25 (base, season, noise); GEM results quoted in 2025 earnings remarks (elasticity).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.compiled import njit
from simulator.drivers.marginals import Marginals, sample
from simulator.elementary import exp


class Arpu(NamedTuple):
    """Frozen numbers of the driver. Monthly tables have one entry per month."""

    base: NDArray[np.float64]  # (T,) ad revenue of the month without the programme and without noise, USD bn
    fleet: NDArray[np.float64]  # (T,) C0, effective compute without the programme, MW-equivalents
    level: float  # sensitivity of the noise's mean to F.arpu
    phi: float  # monthly persistence of the noise: exp(-kappa / 12)
    sd: float  # monthly innovation of the noise
    epsilon: int  # marginal of the elasticity
    load: float  # weight of F.arpu in the elasticity's score: sqrt(.3)
    own: float  # weight of its own score: sqrt(.7)
    lag: float  # monthly adoption: 1 - exp(-1 / lag months)
    margin: int  # marginal of the margin on incremental ads
    z_noise: int
    z_epsilon: int
    z_margin: int


@njit
def draw(
    p: Arpu,
    marginals: Marginals,
    factor: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    noise: NDArray[np.float64],
    epsilon: NDArray[np.float64],
    margin: NDArray[np.float64],
) -> None:
    """Fill exp(x) by (month, lane), and by lane the elasticity and the margin on incremental ads."""
    x, mean = scratch[0], scratch[1]
    for lane in range(epsilon.size):
        x[lane] = p.load * factor[lane] + p.own * z[p.z_epsilon, lane]
    sample(marginals, p.epsilon, x, epsilon)
    sample(marginals, p.margin, z[p.z_margin], margin)
    for lane in range(epsilon.size):
        mean[lane] = p.level * factor[lane]
        x[lane] = 0.0
    for m in range(noise.shape[0]):
        for lane in range(epsilon.size):
            x[lane] = mean[lane] + (x[lane] - mean[lane]) * p.phi + p.sd * z[p.z_noise + m, lane]
            noise[m, lane] = exp(x[lane])
