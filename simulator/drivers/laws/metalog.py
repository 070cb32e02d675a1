"""Three percentiles: the three-term metalog family.

Keelin 2016, The Metalog Distributions (doi 10.1287/deca.2016.0338). With L = ln(p / (1 - p)) the quantile is

    M(p) = a1 + a2 L + a3 (p - 1/2) L

of the number itself, of ln(x - low), of -ln(high - x), or of ln((x - low) / (high - x)) where bounds are given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.special import expit

from simulator.drivers.laws.base import Array, Law, Numbers, Values, require, score_nodes

__all__: list[str] = []  # used in this folder only

_LOG_NINE = math.log(9.0)  # L at the 90 % point
_STEEPEST = 1.667113119201929  # M rises everywhere while |a3| < this a2: 1 / max (p - 1/2 + p (1 - p) L)


@dataclass(frozen=True)
class Metalog(Law):
    a1: float
    a2: float
    a3: float
    low: float | None
    high: float | None

    def ppf(self, p: Numbers) -> Values:
        p = np.asarray(p, dtype=np.float64)
        return self._quantile(p, 1.0 - p)

    def isf(self, q: Numbers) -> Values:
        q = np.asarray(q, dtype=np.float64)
        return self._quantile(1.0 - q, q)

    def cdf(self, x: Numbers) -> Values:
        return expit(self._logit(x))

    def sf(self, x: Numbers) -> Values:
        return expit(-self._logit(x))

    def _quantile(self, p: Array, q: Array) -> Array:
        """Value at lower probability p, upper q = 1 - p: the smaller of the two is the accurate one."""
        with np.errstate(divide="ignore", over="ignore"):
            logit = np.where(p < 0.5, np.log(p) - np.log1p(-p), np.log1p(-q) - np.log(q))
            y = self.a1 + logit * (self.a2 + self.a3 * 0.5 * (p - q))
            if self.low is None:
                return y if self.high is None else self.high - np.exp(-y)
            if self.high is None:
                return self.low + np.exp(y)
            return np.where(
                y < 0.0,
                self.low + (self.high - self.low) * expit(y),
                self.high - (self.high - self.low) * expit(-y),
            )

    def _transformed(self, x: Array) -> Values:
        """x on the scale on which M is the quantile: -infinity and infinity at and beyond the bounds."""
        with np.errstate(divide="ignore"):
            y = x if self.low is None and self.high is None else np.zeros(x.shape)
            if self.low is not None:
                y = y + np.log(np.maximum(x - self.low, 0.0))
            if self.high is not None:
                y = np.where(x < self.high, y - np.log(np.maximum(self.high - x, 0.0)), np.inf)
            return y

    def _logit(self, x: Numbers) -> Values:
        """The L with M = x by bisection: M grows with L at a slope between (1 - 1.67 / 2) a2 and (1 + 1.67 / 2) a2."""
        y = self._transformed(np.asarray(x, dtype=np.float64)) - self.a1
        y = np.clip(y, -1e3 * self.a2, 1e3 * self.a2)
        low, high = np.minimum(y, 0.0) * (7.0 / self.a2), np.maximum(y, 0.0) * (7.0 / self.a2)
        for _ in range(80):
            middle = 0.5 * (low + high)
            below = middle * (self.a2 + self.a3 * (expit(middle) - 0.5)) < y
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return 0.5 * (low + high)

    def _tail(self) -> float:
        """The x of a bounded-below law grows like (1 - p)^-tail."""
        heavy = self.low is not None and self.high is None
        return self.a2 + 0.5 * self.a3 if heavy else 0.0

    def _tail_below(self) -> float:
        """The same at the other end of a law that is bounded above only."""
        heavy = self.low is None and self.high is not None
        return self.a2 - 0.5 * self.a3 if heavy else 0.0

    @cached_property
    def mean(self) -> float:
        if self._tail() >= 1.0 or self._tail_below() >= 1.0:
            return math.inf if self._tail() >= 1.0 else -math.inf
        z, weight = score_nodes()
        return float(weight @ self.at(z))

    @cached_property
    def sd(self) -> float:
        if self._tail() >= 0.5 or self._tail_below() >= 0.5:
            return math.inf
        z, weight = score_nodes()
        return math.sqrt(float(weight @ (self.at(z) - self.mean) ** 2))


def percentiles(p10: float, p50: float, p90: float, low: float | None = None, high: float | None = None) -> Law:
    """Return the law with these 10, 50 and 90 % points and, where given, bounds."""
    points = [value for value in (low, p10, p50, p90, high) if value is not None]
    description = f"p10 = {p10:g}, p50 = {p50:g}, p90 = {p90:g}" + (f", low = {low:g}" if low is not None else "")
    description += f", high = {high:g}" if high is not None else ""
    require(all(math.isfinite(value) for value in points), description, "finite numbers")
    rising = all(left < right for left, right in pairwise(points))
    require(rising, description, "low < p10 < p50 < p90 < high")
    free = Metalog(0.0, 1.0, 0.0, low, high)
    y10, y50, y90 = (float(y) for y in free._transformed(np.array([p10, p50, p90])))
    a2 = (y90 - y10) / (2.0 * _LOG_NINE)
    a3 = (y90 - 2.0 * y50 + y10) / (0.8 * _LOG_NINE)
    if not abs(a3) < _STEEPEST * a2:
        margin = 0.5 * (1.0 - 0.4 * _STEEPEST) * (y90 - y10)
        edges = [float(free._quantile(*_both(y))) for y in (y10 + margin, y90 - margin)]
        raise ValueError(
            f"given {description}, wanted p50 between {edges[0]:.4g} and {edges[1]:.4g}: no metalog is so skew"
        )
    return Metalog(y50, a2, a3, low, high)


def _both(logit: float) -> tuple[Array, Array]:
    """p and 1 - p of a logit."""
    return np.asarray(expit(logit)), np.asarray(expit(-logit))
