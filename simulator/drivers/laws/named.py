"""The named families, from SciPy's special functions (`scipy.stats` takes half a second to load)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter, signature

import numpy as np
from scipy.special import (
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    ndtr,
    ndtri,
)

from simulator.drivers.laws.base import Array, Constant, Law, Numbers, Values, require

__all__: list[str] = []  # used in this folder only


@dataclass(frozen=True)
class Normal(Law):
    location: float
    scale: float

    def ppf(self, p: Numbers) -> Values:
        return self.location + self.scale * ndtri(p)

    def isf(self, q: Numbers) -> Values:
        return self.location - self.scale * ndtri(q)

    def cdf(self, x: Numbers) -> Values:
        return ndtr((x - self.location) / self.scale)

    def sf(self, x: Numbers) -> Values:
        return ndtr((self.location - x) / self.scale)

    @cached_property
    def mean(self) -> float:
        return self.location

    @cached_property
    def sd(self) -> float:
        return self.scale


@dataclass(frozen=True)
class Lognormal(Law):
    median: float
    sigma: float

    def ppf(self, p: Numbers) -> Values:
        return self.median * np.exp(self.sigma * ndtri(p))

    def isf(self, q: Numbers) -> Values:
        return self.median * np.exp(-self.sigma * ndtri(q))

    def cdf(self, x: Numbers) -> Values:
        return ndtr(self._score(x))

    def sf(self, x: Numbers) -> Values:
        return ndtr(-self._score(x))

    def _score(self, x: Numbers) -> Values:
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(x, 0.0) / self.median) / self.sigma

    @cached_property
    def mean(self) -> float:
        return self.median * math.exp(0.5 * self.sigma**2)

    @cached_property
    def sd(self) -> float:
        return self.mean * math.sqrt(math.expm1(self.sigma**2))


@dataclass(frozen=True)
class Gamma(Law):
    shape: float
    average: float

    @property
    def _scale(self) -> float:
        return self.average / self.shape

    def ppf(self, p: Numbers) -> Values:
        return self._scale * gammaincinv(self.shape, p)

    def isf(self, q: Numbers) -> Values:
        return self._scale * gammainccinv(self.shape, q)

    def cdf(self, x: Numbers) -> Values:
        return gammainc(self.shape, np.maximum(x, 0.0) / self._scale)

    def sf(self, x: Numbers) -> Values:
        return gammaincc(self.shape, np.maximum(x, 0.0) / self._scale)

    @cached_property
    def mean(self) -> float:
        return self.average

    @cached_property
    def sd(self) -> float:
        return self.average / math.sqrt(self.shape)


@dataclass(frozen=True)
class Weibull(Law):
    """P(X > x) = exp(-(x / scale)^shape); exponential for shape 1."""

    shape: float
    scale: float

    def ppf(self, p: Numbers) -> Values:
        with np.errstate(divide="ignore"):
            return self.scale * (-np.log1p(-np.asarray(p))) ** (1.0 / self.shape)

    def isf(self, q: Numbers) -> Values:
        with np.errstate(divide="ignore"):
            return self.scale * (-np.log(q)) ** (1.0 / self.shape)

    def cdf(self, x: Numbers) -> Values:
        return -np.expm1(-((np.maximum(x, 0.0) / self.scale) ** self.shape))

    def sf(self, x: Numbers) -> Values:
        return np.exp(-((np.maximum(x, 0.0) / self.scale) ** self.shape))

    @cached_property
    def mean(self) -> float:
        return self.scale * math.gamma(1.0 + 1.0 / self.shape)

    @cached_property
    def sd(self) -> float:
        first, second = gammaln(1.0 + 1.0 / self.shape), gammaln(1.0 + 2.0 / self.shape)
        return self.mean * math.sqrt(math.expm1(second - 2.0 * first))


@dataclass(frozen=True)
class Beta(Law):
    """Beta(a, b) stretched to [low, high]."""

    a: float
    b: float
    low: float
    high: float

    @property
    def _width(self) -> float:
        return self.high - self.low

    def ppf(self, p: Numbers) -> Values:
        return self.low + self._width * betaincinv(self.a, self.b, p)

    def isf(self, q: Numbers) -> Values:
        return self.low + self._width * betainccinv(self.a, self.b, q)

    def cdf(self, x: Numbers) -> Values:
        return betainc(self.a, self.b, self._share(x))

    def sf(self, x: Numbers) -> Values:
        return betaincc(self.a, self.b, self._share(x))

    def _share(self, x: Numbers) -> Values:
        return np.clip((np.asarray(x) - self.low) / self._width, 0.0, 1.0)

    @cached_property
    def mean(self) -> float:
        return self.low + self._width * self.a / (self.a + self.b)

    @cached_property
    def sd(self) -> float:
        total = self.a + self.b
        return self._width * math.sqrt(self.a * self.b / (total + 1.0)) / total


@dataclass(frozen=True)
class Uniform(Law):
    low: float
    high: float

    def ppf(self, p: Numbers) -> Values:
        return self.low + (self.high - self.low) * np.asarray(p)

    def isf(self, q: Numbers) -> Values:
        return self.high - (self.high - self.low) * np.asarray(q)

    def cdf(self, x: Numbers) -> Values:
        return np.clip((np.asarray(x) - self.low) / (self.high - self.low), 0.0, 1.0)

    def sf(self, x: Numbers) -> Values:
        return np.clip((self.high - np.asarray(x)) / (self.high - self.low), 0.0, 1.0)

    @cached_property
    def mean(self) -> float:
        return 0.5 * (self.low + self.high)

    @cached_property
    def sd(self) -> float:
        return (self.high - self.low) / math.sqrt(12.0)


@dataclass(frozen=True)
class Triangular(Law):
    low: float
    mode: float
    high: float

    def ppf(self, p: Numbers) -> Values:
        p = np.asarray(p, dtype=np.float64)
        return np.where(p <= self._split, self._rising(p), self._falling(1.0 - p))

    def isf(self, q: Numbers) -> Values:
        q = np.asarray(q, dtype=np.float64)
        return np.where(q >= 1.0 - self._split, self._rising(1.0 - q), self._falling(q))

    def cdf(self, x: Numbers) -> Values:
        x = np.clip(x, self.low, self.high)
        return np.where(x <= self.mode, self._left(x), 1.0 - self._right(x))

    def sf(self, x: Numbers) -> Values:
        x = np.clip(x, self.low, self.high)
        return np.where(x <= self.mode, 1.0 - self._left(x), self._right(x))

    @property
    def _split(self) -> float:
        """P(X <= mode)."""
        return (self.mode - self.low) / (self.high - self.low)

    def _rising(self, p: Array) -> Array:
        return self.low + np.sqrt(p * (self.high - self.low) * (self.mode - self.low))

    def _falling(self, q: Array) -> Array:
        return self.high - np.sqrt(q * (self.high - self.low) * (self.high - self.mode))

    def _left(self, x: Array) -> Array:
        return self._split * ((x - self.low) / (self.mode - self.low or 1.0)) ** 2

    def _right(self, x: Array) -> Array:
        return (1.0 - self._split) * ((self.high - x) / (self.high - self.mode or 1.0)) ** 2

    @cached_property
    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3.0

    @cached_property
    def sd(self) -> float:
        left, right = self.mode - self.low, self.high - self.mode
        return math.sqrt((left * left + left * right + right * right) / 18.0)


def _normal(mean: float, sd: float) -> Law:
    require(sd >= 0.0, f"sd = {sd:g}", "sd >= 0")
    return Normal(mean, sd) if sd > 0.0 else Constant(mean)


def _lognormal(median: float, sigma: float) -> Law:
    _positive(median=median)
    require(sigma >= 0.0, f"sigma = {sigma:g}", "sigma >= 0")
    return Lognormal(median, sigma) if sigma > 0.0 else Constant(median)


def _gamma(shape: float, mean: float) -> Law:
    _positive(shape=shape, mean=mean)
    return Gamma(shape, mean)


def _weibull(shape: float, scale: float) -> Law:
    _positive(shape=shape, scale=scale)
    return Weibull(shape, scale)


def _exponential(mean: float) -> Law:
    _positive(mean=mean)
    return Weibull(1.0, mean)


def _beta(a: float, b: float, low: float = 0.0, high: float = 1.0) -> Law:
    _positive(a=a, b=b)
    require(low < high, f"low = {low:g}, high = {high:g}", "low < high")
    return Beta(a, b, low, high)


def _uniform(low: float, high: float) -> Law:
    require(low < high, f"low = {low:g}, high = {high:g}", "low < high")
    return Uniform(low, high)


def _triangular(low: float, mode: float, high: float) -> Law:
    _ordered(low, mode, high)
    return Triangular(low, mode, high)


def _pert(low: float, mode: float, high: float) -> Law:
    """Beta with mean (low + 4 mode + high) / 6 (Malcolm et al. 1959, doi 10.1287/opre.7.5.646)."""
    _ordered(low, mode, high)
    share = (mode - low) / (high - low)
    return Beta(1.0 + 4.0 * share, 5.0 - 4.0 * share, low, high)


def _ordered(low: float, mode: float, high: float) -> None:
    description = f"low = {low:g}, mode = {mode:g}, high = {high:g}"
    require(low <= mode <= high and low < high, description, "low <= mode <= high and low < high")


def _positive(**parameters: float) -> None:
    for name, value in parameters.items():
        require(value > 0.0, f"{name} = {value:g}", f"{name} > 0")


_FAMILIES: dict[str, Callable[..., Law]] = {
    "normal": _normal,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "weibull": _weibull,
    "beta": _beta,
    "triangular": _triangular,
    "pert": _pert,
    "uniform": _uniform,
    "exponential": _exponential,
}


def named(law: str, **parameters: float) -> Law:
    """Return the law of a family by name: `named("lognormal", median=36, sigma=.45)`."""
    require(law in _FAMILIES, f"law {law!r}", "one of " + ", ".join(_FAMILIES))
    wanted = signature(_FAMILIES[law]).parameters
    needed = [name for name, parameter in wanted.items() if parameter.default is Parameter.empty]
    matching = set(needed) <= set(parameters) <= set(wanted)
    require(matching, f"{law}({', '.join(parameters)})", f"{law}({', '.join(wanted)})")
    for name, value in parameters.items():
        require(math.isfinite(value), f"{name} = {value}", "a finite number")
    return _FAMILIES[law](**{name: float(value) for name, value in parameters.items()})
