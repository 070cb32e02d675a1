"""Compute price: what a watt of the newest chips rents for, in USD per W-year.

Model `jump`: P = longrun exp(.25 F.price) exp(y), y an exact monthly Ornstein-Uhlenbeck process from
ln(spot0 / longrun) with compound-Poisson jumps; a jump J at s adds J exp(-kappa (t - s)). Model `regime` (after Ortuno
and Harder 2010): three price levels - glut, normal, shortage - with exponential stays, the outer two leading to
normal, and normal to either with equal chance, times a fast mean-reverting noise. Monthly shocks correlate with those
of ad revenue. An older vintage earns P x V.

Sources: lease deals and rental benchmarks 2023-26 (level, term discounts); hourly marketplace offers (volatility).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.compiled import njit
from simulator.drivers import reverting
from simulator.drivers.events import any_before, month_of, next_times
from simulator.drivers.marginals import Marginals, quantile, sample
from simulator.elementary import exp, log

JUMP, REGIME = range(2)
GLUT, NORMAL, SHORTAGE = range(3)
WINDOW = 12  # months over which P12 averages


class Price(NamedTuple):
    """Frozen numbers of the driver; prices are USD per W-year of the frontier vintage."""

    kind: int  # 0: mean reversion with jumps; 1: three regimes
    spot0: float  # price at month 0
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
    z_noise: int
    z_longrun: int
    z_jump_gap: int
    z_jump_size: int
    z_stay: int
    z_turn: int


@njit
def draw(
    p: Price,
    marginals: Marginals,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
    trailing: NDArray[np.float64],
) -> bool:
    """Fill P and P12 by (month, lane); `arpu_noise` are the scores of ARPU's monthly shocks.

    False if a path has more events than slots.
    """
    if p.kind == REGIME:
        fits = _regimes(p, marginals, z, scratch, price)
        _regime_path(p, factor, arpu_noise, z, scratch, price)
    else:
        fits = _jumps(p, marginals, z, scratch, price)
        _jump_path(p, marginals, factor, arpu_noise, z, scratch, price)
    _trailing_mean(scratch[0], price, trailing)
    return fits


@njit
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


@njit
def _jump_path(
    p: Price,
    marginals: Marginals,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
) -> None:
    """Turn the months' jumps into the price: one exact OU step a month."""
    months, lanes = price.shape
    y, longrun = scratch[0], scratch[1]
    sample(marginals, p.longrun, z[p.z_longrun], longrun)
    for lane in range(lanes):
        longrun[lane] *= exp(p.load * factor[lane])
        y[lane] = log(p.spot0 / longrun[lane])
    for m in range(months):
        for lane in range(lanes):
            shock = p.common * arpu_noise[m, lane] + p.own * z[p.z_noise + m, lane]
            y[lane] = y[lane] * p.phi + p.sd * shock + price[m, lane]
            price[m, lane] = longrun[lane] * exp(y[lane])


@njit
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


@njit
def _regime_path(
    p: Price,
    factor: NDArray[np.float64],
    arpu_noise: NDArray[np.float64],
    z: NDArray[np.float64],
    scratch: NDArray[np.float64],
    price: NDArray[np.float64],
) -> None:
    """Turn regime changes into the price: the level of the regime times a mean-reverting noise."""
    months, lanes = price.shape
    u, state, scale = scratch[0], scratch[1], scratch[2]
    for lane in range(lanes):
        u[lane] = 0.0
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


@njit
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


# Closed forms


@dataclass(frozen=True)
class JumpLaw:
    """Model `jump` in closed form: y = ln(P / longrun), dy = -kappa y dt + sigma dW + J dN(rate). Times are years.

    The jump's law stands as values `size` with probabilities `weight`: the values at the Gauss-Hermite nodes of its
    score, so E[f(J)] = weight @ f(size) is exact for a normal J and polynomials up to degree 2 x nodes - 1.
    """

    kappa: float  # a year
    sigma: float  # a root year
    rate: float  # jumps a year
    size: NDArray[np.float64]
    weight: NDArray[np.float64]

    def log_mean(self, t: ArrayLike, start: float) -> NDArray[np.float64]:
        """E[y_t] = y_0 e^{-kappa t} + rate E[J] (1 - e^{-kappa t}) / kappa."""
        jumps = reverting.jump_cumulant(1, t, self.kappa, self.rate, self._moment(1))
        return reverting.mean(t, start, 0.0, self.kappa) + jumps

    def log_variance(self, t: ArrayLike) -> NDArray[np.float64]:
        """Var[y_t] = (sigma^2 + rate E[J^2]) (1 - e^{-2 kappa t}) / (2 kappa)."""
        jumps = reverting.jump_cumulant(2, t, self.kappa, self.rate, self._moment(2))
        return reverting.variance(t, self.kappa, self.sigma) + jumps

    def log_excess_kurtosis(self, t: ArrayLike) -> NDArray[np.float64]:
        """Fourth cumulant of y_t over its squared variance; for kappa = 0 rate E[J^4] t / Var^2."""
        return reverting.jump_cumulant(4, t, self.kappa, self.rate, self._moment(4)) / self.log_variance(t) ** 2

    def expected(self, t: ArrayLike, spot: ArrayLike, longrun: ArrayLike) -> NDArray[np.float64]:
        """E[P_t | P_0 = spot], the forward curve at no risk premium; the arguments broadcast. USD per W-year.

        longrun exp(y_0 e^{-kappa t} + sigma^2 (1 - e^{-2 kappa t}) / (4 kappa) + rate int_0^t (E e^{J w(u)} - 1) du),
        w(u) = e^{-kappa u}: Schwartz 1997 (doi:10.1111/j.1540-6261.1997.tb02721.x) and the jumps' cumulant function.
        """
        t, spot, longrun = np.asarray(t, dtype=float), np.asarray(spot, dtype=float), np.asarray(longrun, dtype=float)
        diffusion = 0.5 * reverting.variance(t, self.kappa, self.sigma)
        lift = diffusion + self._jump_lift(t)
        return np.asarray(longrun * np.exp(np.log(spot / longrun) * np.exp(-self.kappa * t) + lift))

    def contract(self, months: int, spot: ArrayLike, longrun: ArrayLike) -> NDArray[np.float64]:
        """Fixed price of a term of `months` locked now: mean of the expected price at mid-months. USD per W-year."""
        t = (np.arange(months) + 0.5) / 12.0
        spot, longrun = np.asarray(spot, dtype=float), np.asarray(longrun, dtype=float)
        return np.asarray(self.expected(t, spot[..., None], longrun[..., None]).mean(axis=-1))

    def _moment(self, n: int) -> float:
        return float(self.weight @ self.size**n)

    def _jump_lift(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Integral of rate (E exp(J e^{-kappa u}) - 1) over 0..t, by Gauss-Legendre; shape of t."""
        node, weight = np.polynomial.legendre.leggauss(40)
        u = 0.5 * t[..., None] * (node + 1.0)
        left = np.expm1(self.size * np.exp(-self.kappa * u)[..., None]) @ self.weight
        return np.asarray(self.rate * 0.5 * t * (left @ weight))


def jump_law(p: Price, marginals: Marginals, nodes: int = 64) -> JumpLaw:
    """The closed form of frozen numbers of kind JUMP. Gaps are exponential: their median is ln 2 / rate."""
    score, weight = np.polynomial.hermite_e.hermegauss(nodes)
    size = np.empty(nodes)
    sample(marginals, p.jump_size, score, size)
    rate = np.log(2.0) / quantile(marginals, p.jump_gap, 0.0) if p.jump_slots > 0 else 0.0
    sigma = p.sd / np.sqrt(reverting.faded(1.0 / 12.0, 2.0 * p.kappa))
    return JumpLaw(p.kappa, float(sigma), float(rate), size, weight / weight.sum())


def regime_rates(stays: ArrayLike) -> NDArray[np.float64]:
    """Generator Q of the regime chain, (3, 3) per year: outer regimes lead to normal, normal to either alike."""
    leave = 1.0 / np.asarray(stays, dtype=float)
    turn = np.array([[-1.0, 1.0, 0.0], [0.5, -1.0, 0.5], [0.0, 1.0, -1.0]])
    return np.asarray(leave[:, None] * turn)


def regime_shares(t: float, start: int, stays: ArrayLike) -> NDArray[np.float64]:
    """P(regime at t years) from regime `start`, (3,): a row of exp(Q t)."""
    from scipy.linalg import expm

    return np.asarray(expm(t * regime_rates(stays))[start])


def stationary_shares(stays: ArrayLike) -> NDArray[np.float64]:
    """Long-run share of time in each regime, (3,): visits 1/4, 1/2, 1/4 weighted by the mean stay."""
    weight = np.array([0.25, 0.5, 0.25]) * np.asarray(stays, dtype=float)
    return np.asarray(weight / weight.sum())


def regime_expected(
    t: float, start: int, stays: ArrayLike, level: NDArray[np.float64], kappa: float, sigma: float
) -> float:
    """E[P_t] of model `regime` with the factor at 0: mean level times exp(Var[u_t] / 2). USD per W-year."""
    noise = np.exp(0.5 * reverting.variance(t, kappa, sigma))
    return float(regime_shares(t, start, stays) @ level * noise)
