"""Laws made from other laws: truncated, zero-inflated, or conditional on exceeding an age."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulator.drivers.laws.base import NEGLIGIBLE, Array, Constant, Law, Numbers, Values, require
from simulator.drivers.laws.empirical import Empirical

__all__: list[str] = []  # used in this folder only

_SCORE_LIMIT = 8.0


@dataclass(frozen=True)
class Truncated(Law):
    """The law of X given low < X <= high."""

    base: Law
    low: float
    high: float

    @cached_property
    def _outside(self) -> tuple[float, float, float]:
        """P(X <= low), P(X > high), P(low < X <= high); the last from the tail that is the smaller."""
        below, above = float(self.base.cdf(self.low)), float(self.base.sf(self.high))
        if below > 0.5:
            inside = float(self.base.sf(self.low)) - above
        elif above > 0.5:
            inside = float(self.base.cdf(self.high)) - below
        else:
            inside = 1.0 - below - above
        return below, above, inside

    def ppf(self, p: Numbers) -> Values:
        p = np.asarray(p, dtype=np.float64)
        return self._quantile(p, 1.0 - p)

    def isf(self, q: Numbers) -> Values:
        q = np.asarray(q, dtype=np.float64)
        return self._quantile(1.0 - q, q)

    def _quantile(self, p: Array, q: Array) -> Array:
        below, above, inside = self._outside
        lower, upper = below + inside * p, above + inside * q
        x = np.where(lower < upper, self.base.ppf(np.minimum(lower, 1.0)), self.base.isf(np.minimum(upper, 1.0)))
        return np.clip(x, self.low, self.high)

    def cdf(self, x: Numbers) -> Values:
        return self._share(x, 0)

    def sf(self, x: Numbers) -> Values:
        return self._share(x, 1)

    def _share(self, x: Numbers, side: int) -> Values:
        """P(X <= x) for side 0, P(X > x) for side 1, from the tail that is the smaller."""
        below, above, inside = self._outside
        x = np.clip(x, self.low, self.high)
        lower, upper = self.base.cdf(x), self.base.sf(x)
        left, right = (lower - below) / inside, (upper - above) / inside
        by_lower, by_upper = (left, 1.0 - right) if side == 0 else (1.0 - left, right)
        return np.clip(np.where(lower < upper, by_lower, by_upper), 0.0, 1.0)


@dataclass(frozen=True)
class ZeroInflated(Law):
    """0 with some probability, else `base`, which has no negative values: an atom at the low end of the scores."""

    base: Law
    probability: float

    def ppf(self, p: Numbers) -> Values:
        p = np.asarray(p, dtype=np.float64)
        inner = np.clip((p - self.probability) / (1.0 - self.probability), 0.0, 1.0)
        return np.where(p > self.probability, self.base.ppf(inner), 0.0)

    def isf(self, q: Numbers) -> Values:
        q = np.asarray(q, dtype=np.float64)
        inner = q / (1.0 - self.probability)
        return np.where(inner < 1.0, self.base.isf(np.minimum(inner, 1.0)), 0.0)

    def cdf(self, x: Numbers) -> Values:
        whole = self.probability + (1.0 - self.probability) * self.base.cdf(x)
        return np.where(np.asarray(x) < 0.0, 0.0, whole)

    def sf(self, x: Numbers) -> Values:
        return np.where(np.asarray(x) < 0.0, 1.0, (1.0 - self.probability) * self.base.sf(x))

    @cached_property
    def mean(self) -> float:
        return (1.0 - self.probability) * self.base.mean

    @cached_property
    def sd(self) -> float:
        keep = 1.0 - self.probability
        return math.sqrt(keep * (self.base.sd**2 + self.probability * self.base.mean**2))


def truncated(law: Law, low: float | None = None, high: float | None = None) -> Law:
    """Return the law of X given low <= X <= high; either bound may be left open."""
    bottom, top = -math.inf if low is None else float(low), math.inf if high is None else float(high)
    require(bottom < top, f"low = {bottom:g}, high = {top:g}", "low < high")
    if isinstance(law, ZeroInflated):
        if not bottom <= 0.0 <= top:
            return truncated(law.base, low, high)
        kept = float(law.base.cdf(top)) * (1.0 - law.probability)
        if kept < NEGLIGIBLE:
            return Constant(0.0)
        return ZeroInflated(truncated(law.base, low, high), law.probability / (law.probability + kept))
    if isinstance(law, Constant):
        require(bottom <= law.value <= top, f"the constant {law.value:g}", f"one in {_range(bottom, top)}")
        return law
    return _cut(law, bottom, top, strict=False)


def condition_on_exceeding(law: Law, age: float) -> Law:
    """Return the law of X given X > age: of a whole duration of which `age` has elapsed."""
    if isinstance(law, ZeroInflated):
        return law if age < 0.0 else condition_on_exceeding(law.base, age)
    if isinstance(law, Constant):
        require(law.value > age, f"the constant {law.value:g}", f"more than {age:g}")
        return law
    return _cut(law, float(age), math.inf, strict=True)


def zero_inflated(law: Law, probability: float) -> Law:
    """Return the law that is 0 with this probability, else X, which must not be negative."""
    require(0.0 <= probability < 1.0, f"probability = {probability:g}", "0 <= probability < 1")
    if probability == 0.0:
        return law
    least = float(law.at(-_SCORE_LIMIT))
    require(least >= 0.0, f"a law that reaches {least:.4g}", "no negative values beside the zeros")
    if isinstance(law, ZeroInflated):
        return ZeroInflated(law.base, 1.0 - (1.0 - probability) * (1.0 - law.probability))
    return ZeroInflated(law, float(probability))


def _cut(law: Law, low: float, high: float, strict: bool) -> Law:
    """Return the part of a law without atoms of its own (or of data) between two bounds; `strict` leaves `low` out."""
    if isinstance(law, Empirical):
        start = max(law.start, float(law.whole(low, strict=not strict)))
        end = min(law.end, float(law.whole(high)))
        kept = (end - start) / (law.end - law.start)
        part: Law = Empirical(law.values, start, end)
    else:
        if float(law.cdf(low)) == 0.0 and float(law.sf(high)) == 0.0:
            return law
        cut = Truncated(law, low, high)
        kept, part = cut._outside[2], cut
    wanted = f"one that the law reaches (its probability is {kept:.2g})"
    require(kept > NEGLIGIBLE, f"the range {_range(low, high)}", wanted)
    return part


def _range(low: float, high: float) -> str:
    return f"{low:g} .. {high:g}"
