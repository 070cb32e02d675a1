"""Dependence: the systematic factors that all drivers share.

Six factors F, each exactly N(0, 1), arise from seven scores z of a path: G = chol z[0:6] has the correlation matrix;
the Gaussian copula takes F = G; the t copula divides by a common scale, which makes factors extreme together,

    F_i = Phi^-1(t_nu(G_i sqrt(nu / c))),   c = quantile of chi-square with nu degrees of freedom at Phi(z[6])

(Demarta and McNeil 2005, The t Copula and Related Copulas, doi 10.1111/j.1751-5823.2005.tb00254.x). A stress may shift
factors afterwards: a shifted factor is no longer N(0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, ndtr, ndtri_exp

from simulator.drivers.correlation import nearest_correlation, smallest_eigenvalue
from simulator.drivers.laws.scale import inverse_scale_law
from simulator.drivers.laws.tables import cubic_coefficients, cubic_nodes
from simulator.drivers.marginals import Marginals, cubic, sample
from simulator.numerics.jit import inner, njit
from simulator.numerics.special_functions import asinh

__all__ = [
    "FACTORS",
    "Dependence",
    "factors",
    "freeze_dependence",
    "inverse_scale_law",
    "nearest_correlation",
    "smallest_eigenvalue",
]

FACTORS = ("silicon", "grid", "arpu", "price", "rates", "spread")
_COUNT = len(FACTORS)
_REACH = 8.2  # factors are clamped to this many standard deviations (their scores stop at 6.8)
_INTERVALS = 512


class Dependence(NamedTuple):
    """Frozen numbers with which six factors arise from seven scores; the package's docstring explains the suffixes."""

    correlation_cholesky: NDArray[np.float64]  # (6, 6) lower Cholesky factor of the correlation matrix, order FACTORS
    # (or any weights (6, k) of the k scores from factor_row on, as where some drivers are drawn again)
    family: int  # 0: Gaussian copula; 1: t copula
    nu_marginal: int  # marginal of sqrt(nu / chi2_nu) as a function of the seventh score (decreasing in it)
    nu_table: NDArray[np.float64]  # flat cubic coefficients (4 an interval) of asinh|x| -> Phi^-1(t_nu(|x|)), from 0 on
    nu_table_per_unit: float  # intervals of that table per unit of asinh|x|
    shift: NDArray[np.float64]  # (6,) stress: added to the factors, standard deviations
    factor_row: int  # first of the seven rows


@njit
def factors(dependence: Dependence, marginals: Marginals, z: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Fill out (6, lanes) with the factors of the scores z (rows, lanes)."""
    row = dependence.factor_row
    for i in range(_COUNT):
        _weighted_sum(dependence.correlation_cholesky[i], z, row, out[i])
    if dependence.family:
        scale = np.empty(z.shape[1])
        place = np.empty(z.shape[1])
        sample(marginals, dependence.nu_marginal, z[row + _COUNT], scale)
        for i in range(_COUNT):
            _normal_scores(dependence, scale, place, out[i])
    for i in range(_COUNT):
        _shift_factor(dependence.shift[i], out[i])


@inner
def _shift_factor(shift: float, x: NDArray[np.float64]) -> None:
    for l in range(x.size):
        x[l] += shift


@inner
def _weighted_sum(weight: NDArray[np.float64], z: NDArray[np.float64], row: int, out: NDArray[np.float64]) -> None:
    """out = sum of weight[j] z[row + j]; a weight of zero costs nothing."""
    first = z[row]
    for l in range(out.size):
        out[l] = weight[0] * first[l]
    for j in range(1, weight.size):
        if weight[j] == 0.0:
            continue
        other = z[row + j]
        for l in range(out.size):
            out[l] += weight[j] * other[l]


@inner
def _normal_scores(
    dependence: Dependence, scale: NDArray[np.float64], place: NDArray[np.float64], x: NDArray[np.float64]
) -> None:
    """x = Phi^-1(t_nu(x scale)) in place: odd, so tabulated for positive arguments."""
    table, per_unit = dependence.nu_table, dependence.nu_table_per_unit
    for l in range(x.size):
        place[l] = asinh(x[l] * scale[l]) * per_unit
    for l in range(x.size):
        f = cubic(table, abs(place[l]))
        x[l] = -f if place[l] < 0.0 else f


def freeze_dependence(
    correlation: NDArray[np.float64],
    family: str,
    nu: float,
    factor_row: int,
    nu_marginal: int,
    shift: Sequence[float] = (0.0,) * _COUNT,
) -> Dependence:
    """The frozen numbers for a valid correlation matrix (6, 6), in the order FACTORS.

    `family` is "gaussian" or "t" (nu is read for "t" only); `nu_marginal` is the marginal of `inverse_scale_law(nu)`;
    `shift` (6,) is added to the factors.
    """
    if family not in ("gaussian", "t"):
        raise ValueError(f"given family {family!r}, wanted gaussian or t")
    least = smallest_eigenvalue(correlation)
    if least <= 0.0:
        raise ValueError(f"given a correlation matrix with eigenvalue {least:.6g}, wanted positive ones only")
    chol = np.ascontiguousarray(np.linalg.cholesky(correlation))
    shifts = np.array(shift, dtype=np.float64)
    if family == "gaussian":
        return Dependence(chol, 0, nu_marginal, np.zeros(4), 1.0, shifts, factor_row)
    edge = _edge(nu)
    place = cubic_nodes(0.0, edge, _INTERVALS)
    table = cubic_coefficients(-ndtri_exp(_log_upper(np.sinh(place), nu)))
    return Dependence(chol, 1, nu_marginal, table, _INTERVALS / edge, shifts, factor_row)


def _log_upper(x: NDArray[np.float64], nu: float) -> NDArray[np.float64]:
    """ln P(t_nu > x) for x >= 0, through the incomplete beta function, which keeps the tail's digits."""
    return np.log(0.5 * betainc(0.5 * nu, 0.5, nu / (nu + x * x)))


def _edge(nu: float) -> float:
    """asinh of the t quantile whose normal score is _REACH."""
    share = float(betaincinv(0.5 * nu, 0.5, 2.0 * float(ndtr(-_REACH))))
    return math.asinh(math.sqrt(nu * (1.0 - share) / share))
