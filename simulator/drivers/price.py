"""Compute price: the rent of a watt of the newest chips, in USD per W-year.

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
from simulator.drivers.contracts import Curves, lock_contract
from simulator.drivers.events import any_before, month_of, next_times, record
from simulator.drivers.forwards import JumpLaw
from simulator.drivers.marginals import Marginals, quantile, sample
from simulator.numerics.jit import inner
from simulator.numerics.special_functions import exp, log

JUMP, REGIME = range(2)
GLUT, NORMAL, SHORTAGE = range(3)
REGIMES = ("glut", "normal", "shortage")  # their names, by number
WINDOW = 12  # months over which P12 averages


class Price(NamedTuple):
    """Frozen numbers of the driver; prices are USD per W-year of the frontier vintage."""

    model: int  # 0: mean reversion with jumps; 1: three regimes
    spot0: float  # price at month 0
    shock: float  # stress: added to y (regime: to u) at month 0, fades like any distance
    longrun_marginal: int  # long-run price
    factor_level: float  # ln sensitivity of the long-run price (regime: of all levels) to F.price
    kappa: float  # mean reversion per year
    phi: float  # monthly persistence of ln price (regime: of the noise around the level)
    sd: float  # monthly innovation
    arpu_correlation: float  # correlation of the monthly shocks with those of ARPU
    arpu_correlation_residual: float  # sqrt(1 - arpu_correlation^2)
    jump_rate_slots: int  # most jumps a path can hold (0: none)
    jump_rate_marginal: int  # years between jumps (exponential)
    jump_size_marginal: int  # a jump of ln price
    regime_levels: NDArray[np.float64]  # (3,) price in glut, normal, shortage
    regime_stays_marginal: NDArray[np.int64]  # (3,) years in each regime (exponential)
    regime_start: int  # regime at month 0
    regime_stays_slots: int  # most regime changes a path can hold (0 under model jump)
    tenors: NDArray[np.int64]  # (K,) months of the contract terms that plans use; K may be 0
    curves: Curves  # their prices, by y and, under model regime, by regime
    market0_by_month: NDArray[np.float64]  # (T,) size of the lease market, MW
    noise_row: int
    longrun_row: int
    jump_rate_row: int
    jump_size_row: int
    regime_stays_row: int
    regime_turn_row: int


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
    tracing: bool,
    jump: NDArray[np.float64],
    regime: NDArray[np.float64],
) -> bool:
    """Fill P and P12 by (month, lane) and contract prices by (tenor, month, lane), all USD per W-year.

    `arpu_noise` are the scores of ARPU's monthly shocks. A contract is locked at the month's end for frontier chips.
    With `tracing` fill by (month, lane) the sum of the month's jumps and the regime at its end (-1 under model jump).
    False if a path has more events than slots.
    """
    if tracing:
        jump[:] = 0.0
        regime[:] = -1.0
    if p.model == REGIME:
        fits = _draw_regimes(p, marginals, z, scratch, price)
        if tracing:
            _carry_regime(p.regime_start, price, regime)
        _follow_regimes(p, factor, arpu_noise, z, scratch, price, contracts)
    else:
        fits = _draw_jumps(p, marginals, z, scratch, price)
        if tracing:
            record(price, jump)
        _follow_jumps(p, marginals, factor, arpu_noise, z, scratch, price, contracts)
    _average_trailing(scratch[0], price, trailing)
    return fits


@inner
def _draw_jumps(
    p: Price, marginals: Marginals, z: NDArray[np.float64], scratch: NDArray[np.float64], price: NDArray[np.float64]
) -> bool:
    """Fill `price` with each month's sum of jumps, each decayed to the month's end."""
    months = price.shape[0]
    time, size = scratch[0], scratch[1]
    price[:] = 0.0
    time[:] = 0.0
    for k in range(p.jump_rate_slots):
        next_times(marginals, p.jump_rate_marginal, z[p.jump_rate_row + k], time, scratch[2])
        if not any_before(time, months):
            return True
        sample(marginals, p.jump_size_marginal, z[p.jump_size_row + k], size)
        for lane in range(time.size):
            rest = np.ceil(12.0 * time[lane]) / 12.0 - time[lane]
            size[lane] *= exp(-p.kappa * rest)
        for lane in range(time.size):
            if 12.0 * time[lane] <= months:
                price[month_of(12.0 * time[lane]), lane] += size[lane]
    return p.jump_rate_slots == 0 or not any_before(time, months)


@inner
def _follow_jumps(
    p: Price,
    marginals: Marginals,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    contracts: NDArray[np.float64],
) -> None:
    """Turn the months' jumps, held in `price`, into the price by one exact OU step a month."""
    months, lanes = price.shape
    y, state, longrun = scratch[0], scratch[1], scratch[2]
    numbers, low, last = p.curves
    sample(marginals, p.longrun_marginal, z[p.longrun_row], longrun)
    state[:] = 0.0
    for lane in range(lanes):
        longrun[lane] *= exp(p.factor_level * factor[lane])
        y[lane] = log(p.spot0 / longrun[lane]) + p.shock
    for m in range(months):
        for lane in range(lanes):
            shock = p.arpu_correlation * arpu_noise[m, lane] + p.arpu_correlation_residual * z[p.noise_row + m, lane]
            y[lane] = y[lane] * p.phi + p.sd * shock + price[m, lane]
            price[m, lane] = longrun[lane] * exp(y[lane])
        for k in range(numbers.shape[0]):
            lock_contract(numbers[k], low, last, y, state, longrun, contracts[k, m])


@inner
def _draw_regimes(
    p: Price, marginals: Marginals, z: NDArray[np.float64], scratch: NDArray[np.float64], price: NDArray[np.float64]
) -> bool:
    """Fill `price` with the regime that is entered last in each month, -1 where none is."""
    months = price.shape[0]
    time, state, stay = scratch[0], scratch[1], scratch[2]
    price[:] = -1.0
    time[:] = 0.0
    state[:] = p.regime_start
    for k in range(p.regime_stays_slots):
        for regime in range(3):
            sample(marginals, p.regime_stays_marginal[regime], z[p.regime_stays_row + k], stay)
            for lane in range(time.size):
                scratch[3, lane] = stay[lane] if state[lane] == regime else scratch[3, lane]
        for lane in range(time.size):
            time[lane] += scratch[3, lane]
            outer = GLUT if z[p.regime_turn_row + k, lane] < 0.0 else SHORTAGE
            state[lane] = outer if state[lane] == NORMAL else NORMAL
            if 12.0 * time[lane] <= months:
                price[month_of(12.0 * time[lane]), lane] = state[lane]
        if not any_before(time, months):
            return True
    return not any_before(time, months)


@inner
def _carry_regime(start: int, entered: NDArray[np.float64], regime: NDArray[np.float64]) -> None:
    """Fill the regime at each month's end from the regimes entered, -1 in months without a change."""
    months, lanes = entered.shape
    for m in range(months):
        for lane in range(lanes):
            before = regime[m - 1, lane] if m > 0 else float(start)
            regime[m, lane] = entered[m, lane] if entered[m, lane] >= 0.0 else before


@inner
def _follow_regimes(
    p: Price,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    contracts: NDArray[np.float64],
) -> None:
    """Turn regime changes, held in `price`, into the price: the regime's level times a mean-reverting noise."""
    months, lanes = price.shape
    u, state, scale = scratch[0], scratch[1], scratch[2]
    numbers, low, last = p.curves
    for lane in range(lanes):
        u[lane] = p.shock
        state[lane] = p.regime_start
        scale[lane] = exp(p.factor_level * factor[lane])
    for m in range(months):
        for lane in range(lanes):
            state[lane] = price[m, lane] if price[m, lane] >= 0.0 else state[lane]
            shock = p.arpu_correlation * arpu_noise[m, lane] + p.arpu_correlation_residual * z[p.noise_row + m, lane]
            u[lane] = u[lane] * p.phi + p.sd * shock
        for lane in range(lanes):
            high = p.regime_levels[2] if state[lane] == SHORTAGE else p.regime_levels[1]
            level = p.regime_levels[0] if state[lane] == GLUT else high
            price[m, lane] = level * scale[lane] * exp(u[lane])
        for k in range(numbers.shape[0]):
            lock_contract(numbers[k], low, last, u, state, scale, contracts[k, m])


@inner
def _average_trailing(window: NDArray[np.float64], price: NDArray[np.float64], trailing: NDArray[np.float64]) -> None:
    """Fill P12, the mean price of the last 12 months, or of all months so far where they are fewer."""
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
    """The closed form of frozen numbers of model JUMP. Gaps are exponential: their median is ln 2 / rate."""
    score, weight = np.polynomial.hermite_e.hermegauss(nodes)
    size = np.empty(nodes)
    sample(marginals, p.jump_size_marginal, score, size)
    rate = np.log(2.0) / quantile(marginals, p.jump_rate_marginal, 0.0) if p.jump_rate_slots > 0 else 0.0
    sigma = p.sd / np.sqrt(reverting.faded(1.0 / 12.0, 2.0 * p.kappa))
    return JumpLaw(p.kappa, float(sigma), float(rate), size, weight / weight.sum())
