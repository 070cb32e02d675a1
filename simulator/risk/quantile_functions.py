"""Quantiles of the laws behind intervals: the bits of scipy.stats without its import, a second of start-up."""

from __future__ import annotations

import numpy as np
from scipy import special

__all__: list[str] = []  # used in this folder only


def normal_quantile(level: float) -> float:
    """Return the quantile of the standard normal law."""
    return float(special.ndtri(level))


def normal_density(x: float) -> float:
    """Return the density of the standard normal law, exp(-x^2 / 2) / sqrt(2 pi)."""
    return float(np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi))


def student_quantile(level: float, degrees: int) -> float:
    """Return the quantile of Student's t with so many degrees of freedom."""
    return float(special.stdtrit(degrees, level))


def beta_quantile(level: float, a: float, b: float) -> float:
    """Return the quantile of Beta(a, b)."""
    return float(special.betaincinv(a, b, level))


def binomial_quantile(level: float, n: int, share: float) -> int:
    """Return the smallest k with P(Bin(n, share) <= k) >= level."""
    try:
        from scipy.special._ufuncs import _binom_ppf as quantile  # what scipy.stats.binom.ppf calls
    except ImportError:
        from scipy.stats import binom

        return int(binom.ppf(level, n, share))
    return int(quantile(level, n, share))
