"""Uncertain numbers and factors, from frozen tables, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

Array = Any  # of float64: the model is read by attribute, so nothing here knows its types

CONSTANT, NORMAL, LOGNORMAL, UNIFORM, TABLE, LOG_TABLE, EMPIRICAL = range(7)
EDGE = 8.0  # tables cover scores -8 .. 8, clamped beyond
INTERVALS = 256


def quantile(marginals: Any, i: int, z: Array) -> Array:
    """Value of marginal `i` at standard scores `z`, any shape."""
    atom = marginals.atom[i]
    if atom <= 0.0:
        return _base(marginals, i, z)
    above = np.where(  # score of the base law: p -> (p - atom) / (1 - atom), by the tail that is the smaller
        z > 0.0,
        -ndtri(np.minimum(ndtr(-z) / (1.0 - atom), 1.0)),
        ndtri(np.clip((ndtr(z) - atom) / (1.0 - atom), 0.0, 1.0)),
    )
    return np.where(z < marginals.atom_z[i], marginals.atom_value[i], _base(marginals, i, above))


def _base(marginals: Any, i: int, z: Array) -> Array:
    """The law without its atom."""
    kind, a, b = marginals.kind[i], marginals.a[i], marginals.b[i]
    if kind == CONSTANT:
        return np.full(np.shape(z), a)
    if kind == NORMAL:
        return a + b * z
    if kind == LOGNORMAL:
        return np.exp(a + b * z)
    if kind == UNIFORM:
        return a + b * ndtr(z)
    numbers = marginals.numbers[marginals.first[i] : marginals.first[i] + marginals.count[i]]
    if kind == EMPIRICAL:
        return np.interp(a + b * ndtr(z), (np.arange(len(numbers)) + 0.5) / len(numbers), numbers)
    value = _cubics(numbers, (z + EDGE) * (INTERVALS / (2.0 * EDGE)))
    return np.exp(value) if kind == LOG_TABLE else value


def _cubics(numbers: Array, place: Array) -> Array:
    """Piecewise cubic: four coefficients for places j .. j + 1, from the constant term on; flat beyond."""
    rows = numbers.reshape(-1, 4)
    place = np.clip(place, 0, len(rows))
    j = np.minimum(np.floor(place).astype(int), len(rows) - 1)
    t = place - j
    return sum(rows[j, power] * t**power for power in range(4))


def factors(model: Any, z: Array) -> Array:
    """The six systematic factors (6, paths), each standard normal: silicon, grid, arpu, price, rates, spread;
    then moved by the stress `shift`.
    """
    dependence = model.dependence
    scores = z[dependence.factor_row : dependence.factor_row + 7]
    normal = dependence.correlation_cholesky @ scores[:6]
    shift = np.asarray(dependence.shift)[:, None]
    if not dependence.family:
        return normal + shift
    x = normal * quantile(model.marginals, dependence.nu_marginal, scores[6])  # t with nu degrees of freedom
    return np.sign(x) * _cubics(dependence.nu_table, np.arcsinh(np.abs(x)) * dependence.nu_table_per_unit) + shift
