"""The empirical law of data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.drivers.laws.base import Array, Constant, Law, Numbers, Values, require

__all__: list[str] = []  # used in this folder only


@dataclass(frozen=True, eq=False)
class Empirical(Law):
    """Quantile linear between the order statistics x_i at probability (i - 1/2) / n, flat beyond.

    `start` and `end` are the range of probability that is kept: (0, 1), or a part of it once the law is truncated.
    """

    values: Array
    start: float = 0.0
    end: float = 1.0

    def ppf(self, p: Numbers) -> Values:
        return np.interp(self.start + (self.end - self.start) * np.asarray(p), self._probabilities, self.values)

    def isf(self, q: Numbers) -> Values:
        return np.interp(self.end - (self.end - self.start) * np.asarray(q), self._probabilities, self.values)

    def cdf(self, x: Numbers) -> Values:
        return np.clip((self.whole(x) - self.start) / (self.end - self.start), 0.0, 1.0)

    def sf(self, x: Numbers) -> Values:
        return np.clip((self.end - self.whole(x)) / (self.end - self.start), 0.0, 1.0)

    def whole(self, x: Numbers, strict: bool = False) -> Values:
        """P(X <= x), or P(X < x) where strict, of the law before truncation."""
        x, n = np.asarray(x, dtype=np.float64), self.values.size
        count = np.searchsorted(self.values, x, side="left" if strict else "right")
        k = np.clip(count, 1, n - 1)
        low, high = self.values[k - 1], self.values[k]
        share = np.clip((x - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        return np.where(count == 0, 0.0, np.where(count == n, 1.0, (k - 0.5 + share) / n))

    @property
    def _probabilities(self) -> Array:
        return (np.arange(self.values.size) + 0.5) / self.values.size

    @cached_property
    def _pieces(self) -> tuple[Array, Array, Array]:
        """Share, left and right value of each linear piece of the quantile."""
        inner = self._probabilities
        p = np.concatenate([[self.start], inner[(inner > self.start) & (inner < self.end)], [self.end]])
        x = np.interp(p, inner, self.values)
        return np.diff(p) / (self.end - self.start), x[:-1], x[1:]

    @cached_property
    def mean(self) -> float:
        share, left, right = self._pieces
        return float(share @ (left + right)) / 2.0

    @cached_property
    def sd(self) -> float:
        share, left, right = self._pieces
        left, right = left - self.mean, right - self.mean
        return math.sqrt(float(share @ (left * left + left * right + right * right)) / 3.0)


def empirical(values: Sequence[float] | Array) -> Law:
    """Return the law of a column of numbers."""
    data = np.sort(np.asarray(values, dtype=np.float64).ravel())
    require(data.size > 0, "no values", "at least one number")
    require(bool(np.isfinite(data).all()), "values that are not numbers", "finite numbers only")
    return Empirical(data) if data[0] < data[-1] else Constant(float(data[0]))
