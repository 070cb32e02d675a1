"""Compute price: what a watt of the newest chips rents for, in USD per W-year.

Model `jump`: P = longrun exp(.25 F.price) exp(y), y an exact monthly Ornstein-Uhlenbeck process from
ln(spot0 / longrun) with compound-Poisson jumps; a jump J at s adds J exp(-kappa (t - s)). Model `regime` (after Ortuno
and Harder 2010): three price levels - glut, normal, shortage - with exponential stays, the outer two leading to
normal, and normal to either with equal chance, times a fast mean-reverting noise u. Monthly shocks correlate with those
of ad revenue. An older vintage earns P x V. A contract locked at a month's end costs, over all its term, the price that
the model expects on average over that term (`forwards`, `contracts`).

Sources: lease deals and rental benchmarks 2023-26 (level, term discounts); hourly marketplace offers (volatility).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.drivers import reverting
from simulator.drivers.contracts import Curves, lock
from simulator.drivers.events import any_before, month_of, next_times
from simulator.drivers.forwards import JumpLaw
from simulator.drivers.marginals import Marginals, quantile, sample
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp, log

JUMP, REGIME = range(2)
GLUT, NORMAL, SHORTAGE = range(3)
WINDOW = 12  # months over which P12 averages


class Price(NamedTuple):
    """Frozen numbers of the driver; prices are USD per W-year of the frontier vintage."""

    kind: int  # 0: mean reversion with jumps; 1: three regimes
    spot0: float  # price at month 0
    shock: float  # stress: added to y (kind 1: to u) at month 0, fades like any distance
    longrun: int  # marginal of the long-run price
    load: float  # ln sensitivity of the long-run price (kind 1: of all levels) to F.price
    kappa: float  # mean reversion per year
    phi: float  # monthly persistence of ln price (kind 1: of the noise around the level)
    sd: float  # monthly innovation
    common: float  # correlation of the monthly shocks with those of ARPU
    own: float  # sqrt(1 - common^2)
    jump_slots: int  # most jumps a path can hold (0: none)
    jump_gap: int  # marginal of the years between jumps (exponential)
    jump_size: int  # marginal of a jump of ln price
    level: NDArray[np.float64]  # (3,) price in glut, normal, shortage
    stay: NDArray[np.int64]  # (3,) marginals of the years in each regime (exponential)
    state0: int  # regime at month 0
    regime_slots: int  # most regime changes a path can hold (0 unless kind 1)
    tenors: NDArray[np.int64]  # (K,) months of each contract term in use; K may be 0
    curves: Curves  # their prices, by y and (kind 1) regime
    market: NDArray[np.float64]  # (T,) size of the lease market, MW
    z_noise: int
    z_longrun: int
    z_jump_gap: int
    z_jump_size: int
    z_stay: int
    z_turn: int


@inner
def draw(
    p: Price,
    marginals: Marginals,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    trailing: NDArray[np.float64],
    contracts: NDArray[np.float64],
) -> bool:
    """Fill P and P12 by (month, lane) and contract prices by (tenor, month, lane), all USD per W-year.

    `arpu_noise` are the scores of ARPU's monthly shocks. A contract is locked at the month's end for frontier chips.
    False if a path has more events than slots.
    """
    if p.kind == REGIME:
        fits = _regimes(p, marginals, z, scratch, price)
        _regime_path(p, factor, arpu_noise, z, scratch, price, contracts)
    else:
        fits = _jumps(p, marginals, z, scratch, price)
        _jump_path(p, marginals, factor, arpu_noise, z, scratch, price, contracts)
    _trailing_mean(scratch[0], price, trailing)
    return fits


@inner
def _jumps(
    p: Price, marginals: Marginals, z: NDArray[np.float64], scratch: NDArray[np.float64], price: NDArray[np.float64]
) -> bool:
    """Sum, by month, the jumps that fall in it, each decayed to the month's end."""
    months = price.shape[0]
    time, size = scratch[0], scratch[1]
    price[:] = 0.0
    time[:] = 0.0
    for k in range(p.jump_slots):
        next_times(marginals, p.jump_gap, z[p.z_jump_gap + k], time, scratch[2])
        if not any_before(time, months):
            return True
        sample(marginals, p.jump_size, z[p.z_jump_size + k], size)
        for lane in range(time.size):
            left = np.ceil(12.0 * time[lane]) / 12.0 - time[lane]
            size[lane] *= exp(-p.kappa * left)
        for lane in range(time.size):
            if 12.0 * time[lane] <= months:
                price[month_of(12.0 * time[lane]), lane] += size[lane]
    return p.jump_slots == 0 or not any_before(time, months)


@inner
def _jump_path(
    p: Price,
    marginals: Marginals,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    contracts: NDArray[np.float64],
) -> None:
    """Turn the months' jumps into the price: one exact OU step a month."""
    months, lanes = price.shape
    y, state, longrun = scratch[0], scratch[1], scratch[2]
    numbers, low, last = p.curves
    sample(marginals, p.longrun, z[p.z_longrun], longrun)
    state[:] = 0.0
    for lane in range(lanes):
        longrun[lane] *= exp(p.load * factor[lane])
        y[lane] = log(p.spot0 / longrun[lane]) + p.shock
    for m in range(months):
        for lane in range(lanes):
            shock = p.common * arpu_noise[m, lane] + p.own * z[p.z_noise + m, lane]
            y[lane] = y[lane] * p.phi + p.sd * shock + price[m, lane]
            price[m, lane] = longrun[lane] * exp(y[lane])
        for k in range(numbers.shape[0]):
            lock(numbers[k], low, last, y, state, longrun, contracts[k, m])


@inner
def _regimes(
    p: Price, marginals: Marginals, z: NDArray[np.float64], scratch: NDArray[np.float64], price: NDArray[np.float64]
) -> bool:
    """Note, by month, the regime entered last in it; -1 where none was."""
    months = price.shape[0]
    time, state, stay = scratch[0], scratch[1], scratch[2]
    price[:] = -1.0
    time[:] = 0.0
    state[:] = p.state0
    for k in range(p.regime_slots):
        for regime in range(3):
            sample(marginals, p.stay[regime], z[p.z_stay + k], stay)
            for lane in range(time.size):
                scratch[3, lane] = stay[lane] if state[lane] == regime else scratch[3, lane]
        for lane in range(time.size):
            time[lane] += scratch[3, lane]
            outer = GLUT if z[p.z_turn + k, lane] < 0.0 else SHORTAGE
            state[lane] = outer if state[lane] == NORMAL else NORMAL
            if 12.0 * time[lane] <= months:
                price[month_of(12.0 * time[lane]), lane] = state[lane]
        if not any_before(time, months):
            return True
    return not any_before(time, months)


@inner
def _regime_path(
    p: Price,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    contracts: NDArray[np.float64],
) -> None:
    """Turn regime changes into the price: the level of the regime times a mean-reverting noise."""
    months, lanes = price.shape
    u, state, scale = scratch[0], scratch[1], scratch[2]
    numbers, low, last = p.curves
    for lane in range(lanes):
        u[lane] = p.shock
        state[lane] = p.state0
        scale[lane] = exp(p.load * factor[lane])
    for m in range(months):
        for lane in range(lanes):
            state[lane] = price[m, lane] if price[m, lane] >= 0.0 else state[lane]
            shock = p.common * arpu_noise[m, lane] + p.own * z[p.z_noise + m, lane]
            u[lane] = u[lane] * p.phi + p.sd * shock
        for lane in range(lanes):
            high = p.level[2] if state[lane] == SHORTAGE else p.level[1]
            level = p.level[0] if state[lane] == GLUT else high
            price[m, lane] = level * scale[lane] * exp(u[lane])
        for k in range(numbers.shape[0]):
            lock(numbers[k], low, last, u, state, scale, contracts[k, m])


@inner
def _trailing_mean(window: NDArray[np.float64], price: NDArray[np.float64], trailing: NDArray[np.float64]) -> None:
    """P12: mean price of the last 12 months, of the months there are before that."""
    months, lanes = price.shape
    window[:] = 0.0
    for m in range(months):
        share = 1.0 / min(m + 1, WINDOW)
        for lane in range(lanes):
            window[lane] += price[m, lane]
        if m >= WINDOW:
            for lane in range(lanes):
                window[lane] -= price[m - WINDOW, lane]
        for lane in range(lanes):
            trailing[m, lane] = window[lane] * share


def jump_law(p: Price, marginals: Marginals, nodes: int = 64) -> JumpLaw:
    """The closed form of frozen numbers of kind JUMP. Gaps are exponential: their median is ln 2 / rate."""
    score, weight = np.polynomial.hermite_e.hermegauss(nodes)
    size = np.empty(nodes)
    sample(marginals, p.jump_size, score, size)
    rate = np.log(2.0) / quantile(marginals, p.jump_gap, 0.0) if p.jump_slots > 0 else 0.0
    sigma = p.sd / np.sqrt(reverting.faded(1.0 / 12.0, 2.0 * p.kappa))
    return JumpLaw(p.kappa, float(sigma), float(rate), size, weight / weight.sum())
