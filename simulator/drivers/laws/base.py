"""The interface of a law, and integrals that hold for any law."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__: list[str] = []  # used in this folder only

Array = NDArray[np.float64]
Numbers = float | Array
Values = Any  # an array where an array was given, else a number
NEGLIGIBLE = 1e-12  # a probability that no run will see: tails beyond it are not followed
_REACH = 37.5  # scores beyond have a probability that underflows


class Law(ABC):
    """The law of one uncertain number X. Functions take numbers or arrays of any shape and return alike."""

    @abstractmethod
    def ppf(self, p: Numbers) -> Values:
        """Quantile: the x with P(X <= x) = p."""

    @abstractmethod
    def isf(self, q: Numbers) -> Values:
        """Upper quantile: the x with P(X > x) = q, accurate for tiny q."""

    @abstractmethod
    def cdf(self, x: Numbers) -> Values:
        """P(X <= x)."""

    @abstractmethod
    def sf(self, x: Numbers) -> Values:
        """P(X > x), accurate where tiny."""

    @cached_property
    def mean(self) -> float:
        """E[X]; infinity where the upper tail is too heavy."""
        z, weight = score_nodes()
        return float(weight @ self.at(z))

    @cached_property
    def sd(self) -> float:
        """Standard deviation of X; infinity where the upper tail is too heavy."""
        z, weight = score_nodes()
        return math.sqrt(float(weight @ (self.at(z) - self.mean) ** 2))

    def at(self, z: Numbers) -> Values:
        """Value at the standard normal score z: the quantile at Phi(z), from the tail that is the smaller."""
        z = np.asarray(z, dtype=np.float64)
        return np.where(z < 0.0, self.ppf(ndtr(np.minimum(z, 0.0))), self.isf(ndtr(-np.maximum(z, 0.0))))


@dataclass(frozen=True)
class Constant(Law):
    """One value for certain."""

    value: float

    def __post_init__(self) -> None:
        require(math.isfinite(self.value), f"value = {self.value}", "a finite number")

    def ppf(self, p: Numbers) -> Values:
        return np.full(np.shape(p), self.value)

    def isf(self, q: Numbers) -> Values:
        return np.full(np.shape(q), self.value)

    def cdf(self, x: Numbers) -> Values:
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)

    def sf(self, x: Numbers) -> Values:
        return np.where(np.asarray(x) >= self.value, 0.0, 1.0)

    @cached_property
    def mean(self) -> float:
        return float(self.value)

    @cached_property
    def sd(self) -> float:
        return 0.0


@cache
def score_nodes() -> tuple[Array, Array]:
    """Return scores z and weights w with sum w g(z) = E[g(Z)], Z ~ N(0, 1): Gauss-Legendre on panels of width 1/2."""
    node, weight = np.polynomial.legendre.leggauss(16)
    left = np.arange(-_REACH, _REACH, 0.5)
    z = (left[:, None] + 0.25 * (node + 1.0)).ravel()
    return z, np.tile(0.25 * weight, left.size) * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def require(valid: bool, description: str, wanted: str) -> None:
    """Raise ValueError `given .., wanted ..` unless valid."""
    if not valid:
        raise ValueError(f"given {description}, wanted {wanted}")
