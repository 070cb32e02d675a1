"""Closed forms of mean reversion: dx = kappa (level - x) dt + sigma dW + dJ, and its exact monthly step.

Jumps of law J arrive at a rate a year and fade like any other distance: one at s is worth J exp(-kappa (t - s)) at t.
All cumulants are known: with f(t, k) = (1 - e^{-k t}) / k the jumps add rate E[J^n] f(t, n kappa) to the n-th
cumulant of x_t. Times are years, arrays broadcast.

Source: Uhlenbeck and Ornstein 1930 (doi:10.1103/PhysRev.36.823); Barndorff-Nielsen and Shephard 2001
(doi:10.1111/1467-9868.00282) for the jumps.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["monthly"]

Array = NDArray[np.float64]


def faded(t: ArrayLike, k: float) -> Array:
    """Integral of e^{-k u} over 0..t, i.e. (1 - e^{-k t}) / k; t where k = 0."""
    t = np.asarray(t, dtype=float)
    return t if k == 0.0 else -np.expm1(-k * t) / k


def monthly(kappa: float, sigma: float) -> tuple[float, float]:
    """Persistence e^{-kappa/12} and standard deviation of the innovation of one exact monthly step."""
    return math.exp(-kappa / 12.0), sigma * math.sqrt(float(faded(1.0 / 12.0, 2.0 * kappa)))


def mean(t: ArrayLike, start: float, level: float, kappa: float) -> Array:
    """E[x_t] = level + (start - level) e^{-kappa t}, without jumps."""
    return level + (start - level) * np.exp(-kappa * np.asarray(t, dtype=float))


def variance(t: ArrayLike, kappa: float, sigma: float, level_sd: float = 0.0) -> Array:
    """Var[x_t] = sigma^2 f(t, 2 kappa) + level_sd^2 (1 - e^{-kappa t})^2, for a level drawn once per path."""
    return covariance(t, t, kappa, sigma, level_sd)


def covariance(s: ArrayLike, t: ArrayLike, kappa: float, sigma: float, level_sd: float = 0.0) -> Array:
    """Cov[x_s, x_t] for s <= t: e^{-kappa (t - s)} sigma^2 f(s, 2 kappa), and what a random level adds."""
    s, t = np.asarray(s, dtype=float), np.asarray(t, dtype=float)
    noise = np.exp(-kappa * (t - s)) * sigma**2 * faded(s, 2.0 * kappa)
    return np.asarray(noise + level_sd**2 * np.expm1(-kappa * s) * np.expm1(-kappa * t))


def jump_cumulant(n: int, t: ArrayLike, kappa: float, rate: float, moment: float) -> Array:
    """The part of the n-th cumulant of x_t from jumps: rate E[J^n] f(t, n kappa); `moment` is E[J^n]."""
    return rate * moment * faded(t, n * kappa)
