"""The common scale of a t copula."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, gammaln, ndtr

from simulator.drivers.laws.base import Law, Numbers, Values, require

__all__: list[str] = []  # used in this folder only


@dataclass(frozen=True)
class InverseScale(Law):
    """sqrt(nu / C) with C chi-square of nu degrees of freedom: it *falls* in its score, which is the score of C."""

    nu: float

    def ppf(self, p: Numbers) -> Values:
        return np.sqrt(0.5 * self.nu / gammainccinv(0.5 * self.nu, p))

    def isf(self, q: Numbers) -> Values:
        return np.sqrt(0.5 * self.nu / gammaincinv(0.5 * self.nu, q))

    def cdf(self, x: Numbers) -> Values:
        return gammaincc(0.5 * self.nu, 0.5 * self.nu / np.square(x))

    def sf(self, x: Numbers) -> Values:
        return gammainc(0.5 * self.nu, 0.5 * self.nu / np.square(x))

    def at(self, z: Numbers) -> Values:
        """sqrt(nu / c), c the quantile of the chi-square at Phi(z)."""
        z = np.asarray(z, dtype=np.float64)
        return np.where(z < 0.0, self.isf(ndtr(np.minimum(z, 0.0))), self.ppf(ndtr(-np.maximum(z, 0.0))))

    @cached_property
    def mean(self) -> float:
        half = 0.5 * self.nu
        return math.sqrt(half) * math.exp(gammaln(half - 0.5) - gammaln(half)) if self.nu > 1.0 else math.inf

    @cached_property
    def sd(self) -> float:
        return math.sqrt(self.nu / (self.nu - 2.0) - self.mean**2) if self.nu > 2.0 else math.inf


def inverse_scale_law(nu: float) -> Law:
    """Return the law of the factor that turns normal scores into t scores."""
    require(1.0 <= nu < math.inf, f"nu = {nu:g}", "nu >= 1")
    return InverseScale(float(nu))
