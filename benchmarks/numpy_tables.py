"""Quantile tables and running sums in NumPy, at the best speed its whole-array operations have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simulator.drivers.dependence import Dependence
from simulator.drivers.marginals import (
    CONSTANT,
    INTERVALS,
    LOG_TABLE,
    LOGNORMAL,
    NORMAL,
    SCORE_LIMIT,
    TABLE,
    UNIFORM,
    Marginals,
)

Array = NDArray[np.float64]


def running(a: Array, by: np.ufunc = np.add) -> None:
    """Running sum (or product) along axis 0, in place; `cumsum(axis=0)` walks down columns and takes far longer."""
    for m in range(1, len(a)):
        by(a[m - 1], a[m], out=a[m])


def cubic(coefficients: Array, place: Array) -> Array:
    """Piecewise cubic: interval k, coefficients[:, k] by rising power, holds places k .. k + 1."""
    k = place.astype(np.intp)
    t = place - k
    out = np.take(coefficients[3], k, mode="clip")
    for power in (2, 1, 0):
        out *= t
        out += np.take(coefficients[power], k, mode="clip")
    return out


class Tables:
    """The marginals of a model, read by vectors of paths."""

    def __init__(self, marginals: Marginals) -> None:
        self._m = marginals
        self._cubics = {}
        for i in np.flatnonzero((marginals.kind == TABLE) | (marginals.kind == LOG_TABLE)):
            rows = marginals.numbers[marginals.first[i] : marginals.first[i] + marginals.count[i]].reshape(-1, 4)
            self._cubics[int(i)] = np.ascontiguousarray(rows.T)

    def sample(self, i: int, z: Array) -> Array:
        """Values of marginal i at the scores z, any shape."""
        atom = self._m.atom[i]
        if atom <= 0.0:
            return self._base(i, z)
        lower, upper = ndtr(z), ndtr(-z)
        low = ndtri(np.maximum(lower - atom, 1e-300) / (1.0 - atom))
        score = np.where(upper < lower, -ndtri(upper / (1.0 - atom)), low)
        return np.where(z < self._m.atom_z[i], self._m.atom_value[i], self._base(i, score))

    def _base(self, i: int, z: Array) -> Array:
        kind, a, b = self._m.kind[i], self._m.a[i], self._m.b[i]
        if kind == CONSTANT:
            return np.full(z.shape, a)
        if kind == NORMAL:
            return a + b * z
        if kind == LOGNORMAL:
            return np.exp(a + b * z)
        if kind == UNIFORM:
            return a + b * ndtr(z)
        place = z + SCORE_LIMIT
        place *= INTERVALS / (2.0 * SCORE_LIMIT)
        np.clip(place, 0.0, INTERVALS - 1e-9, out=place)
        x = cubic(self._cubics[i], place)
        return np.exp(x, out=x) if kind == LOG_TABLE else x


class Factors:
    """The systematic factors (6, paths) from seven scores."""

    def __init__(self, dependence: Dependence, tables: Tables) -> None:
        self._d, self._tables = dependence, tables
        self._score = np.ascontiguousarray(dependence.nu_table.reshape(-1, 4).T)

    def draw(self, z: Array) -> Array:
        """G = chol z, and for the t copula F = Phi^-1(t_nu(G sqrt(nu / chi2)))."""
        g = self._d.correlation_cholesky @ z[:6]
        if not self._d.family:
            return g
        g *= self._tables.sample(self._d.nu_marginal, z[6])
        place = np.arcsinh(np.abs(g))
        place *= self._d.nu_table_per_unit
        np.minimum(place, self._score.shape[1] - 1e-9, out=place)
        return np.copysign(cubic(self._score, place), g)
