"""Closed forms of the compute price: its moments, forward curve and contract prices. Times are years.

Model `jump` (JumpLaw): y = ln(P / longrun), dy = -kappa y dt + sigma dW + J dN. Model `regime` (RegimeLaw): P = level
of the regime x exp(u), du = -kappa u dt + sigma dW. A *forward* is the expected price, at no risk premium; a *contract*
is its mean over the mid-months of a term. Prices are USD per W-year; of `regime`, with the price factor at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.drivers import reverting
from simulator.drivers.contracts import Curves, mid_months, tabulate_curves
from simulator.drivers.laws.base import Law

Array = NDArray[np.float64]
REACH = 8.0  # standard deviations of y that contract prices are tabulated for
_HALF_NODES = 40


@dataclass(frozen=True)
class JumpLaw:
    """Model `jump`. Jumps come at `rate` a year.

    The jump's law is given as values `size` with probabilities `weight`: the values at the Gauss-Hermite nodes of its
    score, so E[f(J)] = weight @ f(size) is exact for a normal J and polynomials up to degree 2 x nodes - 1.
    """

    kappa: float  # a year
    sigma: float  # a root year
    rate: float  # jumps a year
    size: Array
    weight: Array

    @staticmethod
    def from_law(kappa: float, sigma: float, rate: float, size: Law, nodes: int = 64) -> JumpLaw:
        """Return the closed form for jumps of any law."""
        score, weight = np.polynomial.hermite_e.hermegauss(nodes)
        return JumpLaw(kappa, sigma, rate, np.asarray(size.at(score), dtype=float), weight / weight.sum())

    def log_mean(self, t: ArrayLike, start: float) -> Array:
        """E[y_t] = y_0 e^{-kappa t} + rate E[J] (1 - e^{-kappa t}) / kappa."""
        jumps = reverting.jump_cumulant(1, t, self.kappa, self.rate, self._moment(1))
        return reverting.mean(t, start, 0.0, self.kappa) + jumps

    def log_variance(self, t: ArrayLike) -> Array:
        """Var[y_t] = (sigma^2 + rate E[J^2]) (1 - e^{-2 kappa t}) / (2 kappa)."""
        jumps = reverting.jump_cumulant(2, t, self.kappa, self.rate, self._moment(2))
        return reverting.variance(t, self.kappa, self.sigma) + jumps

    def log_excess_kurtosis(self, t: ArrayLike) -> Array:
        """Fourth cumulant of y_t over its squared variance; for kappa = 0 rate E[J^4] t / Var^2."""
        return reverting.jump_cumulant(4, t, self.kappa, self.rate, self._moment(4)) / self.log_variance(t) ** 2

    def expected(self, t: ArrayLike, spot: ArrayLike, longrun: ArrayLike) -> Array:
        """E[P_t | P_0 = spot]; the arguments broadcast.

        longrun exp(y_0 e^{-kappa t} + sigma^2 (1 - e^{-2 kappa t}) / (4 kappa) + rate int_0^t (E e^{J w(u)} - 1) du),
        w(u) = e^{-kappa u}: Schwartz 1997 (doi:10.1111/j.1540-6261.1997.tb02721.x) and the jumps' cumulant function.
        """
        t, spot, longrun = np.asarray(t, dtype=float), np.asarray(spot, dtype=float), np.asarray(longrun, dtype=float)
        return np.asarray(longrun * np.exp(np.log(spot / longrun) * np.exp(-self.kappa * t) + self._lift(t)))

    def contract(self, months: int, spot: ArrayLike, longrun: ArrayLike) -> Array:
        """Fixed price of a term of `months` locked now."""
        spot, longrun = np.asarray(spot, dtype=float), np.asarray(longrun, dtype=float)
        return np.asarray(self.expected(mid_months(months), spot[..., None], longrun[..., None]).mean(axis=-1))

    def curves(self, tenors: Sequence[int], start: ArrayLike, years: float) -> Curves:
        """The tables from which compiled code reads `contract`, for terms of `tenors` months.

        They span what y reaches within `years` from anywhere between the values of `start`, and 0.
        """
        start, t = np.asarray(start, dtype=float), np.linspace(0.0, years, 200)
        drift, sd = self.log_mean(t, 0.0), float(np.sqrt(self.log_variance(years)))
        low = min(float(start.min()), 0.0) + float(drift.min()) - REACH * sd
        high = max(float(start.max()), 0.0) + float(drift.max()) + REACH * sd
        return tabulate_curves(
            tenors, lambda t: np.exp(-self.kappa * t), lambda t: self._finite_lift(t)[None], low, high
        )

    def _moment(self, n: int) -> float:
        return float(self.weight @ self.size**n)

    def _finite_lift(self, t: Array) -> Array:
        with np.errstate(over="ignore"):
            lift = np.exp(self._lift(t))
        if not np.isfinite(lift).all():
            raise ValueError("given jumps so large that no price can be expected, wanted a bounded law")
        return lift

    def _lift(self, t: Array) -> Array:
        """The part of ln E[P_t] from diffusion and jumps; shape of t.

        int_0^t rate (E exp(J e^{-kappa u}) - 1) du by Gauss-Legendre over w = e^{-kappa u}, where it is smooth.
        """
        node, weight = np.polynomial.legendre.leggauss(_HALF_NODES)
        past = reverting.faded(t, self.kappa)[..., None] * 0.5 * (node + 1.0)
        w = 1.0 - self.kappa * past
        jumps = (np.expm1(self.size * w[..., None]) @ self.weight / w) @ weight * 0.5 * reverting.faded(t, self.kappa)
        return 0.5 * reverting.variance(t, self.kappa, self.sigma) + self.rate * jumps


@dataclass(frozen=True)
class RegimeLaw:
    """Model `regime`; regimes 0, 1, 2 are glut, normal and shortage. Outer ones lead to normal, normal to either."""

    stays: tuple[float, ...]  # (3,) mean years in each regime
    level: tuple[float, ...]  # (3,) price in each regime
    kappa: float  # of the noise u, a year
    sigma: float  # a root year

    def rates(self) -> Array:
        """Generator Q of the chain, (3, 3) per year."""
        leave = 1.0 / np.asarray(self.stays, dtype=float)
        turn = np.array([[-1.0, 1.0, 0.0], [0.5, -1.0, 0.5], [0.0, 1.0, -1.0]])
        return np.asarray(leave[:, None] * turn)

    def shares(self, t: ArrayLike) -> Array:
        """P(regime j at t | regime i at 0) = exp(Q t), (..., 3, 3)."""
        from scipy.linalg import expm

        return np.asarray(expm(np.asarray(t, dtype=float)[..., None, None] * self.rates()))

    def stationary(self) -> Array:
        """Long-run share of time in each regime, (3,): visits 1/4, 1/2, 1/4 weighted by the mean stay."""
        weight = np.array([0.25, 0.5, 0.25]) * np.asarray(self.stays, dtype=float)
        return np.asarray(weight / weight.sum())

    def expected(self, t: ArrayLike, state: int, u: ArrayLike = 0.0) -> Array:
        """E[P_t | state, u] = E[level_t | state] exp(u e^{-kappa t} + Var[u_t] / 2); t and u broadcast."""
        t, u = np.asarray(t, dtype=float), np.asarray(u, dtype=float)
        return np.asarray(self._weight(t)[state] * np.exp(u * np.exp(-self.kappa * t)))

    def contract(self, months: int, state: int, u: ArrayLike = 0.0) -> Array:
        """Fixed price of a term of `months` locked now."""
        return np.asarray(self.expected(mid_months(months), state, np.asarray(u, dtype=float)[..., None]).mean(axis=-1))

    def curves(self, tenors: Sequence[int], start: ArrayLike, years: float) -> Curves:
        """The tables from which compiled code reads `contract`, for terms of `tenors` months.

        They span what u reaches within `years` from anywhere between the values of `start`, and 0.
        """
        start, sd = np.asarray(start, dtype=float), float(np.sqrt(reverting.variance(years, self.kappa, self.sigma)))
        low, high = min(float(start.min()), 0.0) - REACH * sd, max(float(start.max()), 0.0) + REACH * sd
        return tabulate_curves(tenors, lambda t: np.exp(-self.kappa * t), self._weight, low, high)

    def _weight(self, t: Array) -> Array:
        """E[level_t | state] exp(Var[u_t] / 2), (3, ...): the expected price at u = 0."""
        mean = np.moveaxis(self.shares(t) @ np.asarray(self.level, dtype=float), -1, 0)
        return np.asarray(mean * np.exp(0.5 * reverting.variance(t, self.kappa, self.sigma)))
