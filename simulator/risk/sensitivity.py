r"""Tornado: how far a risk figure moves when one input at a time is held at its low and its high end.

Every scenario runs on the same random numbers as the base, so the paths pair up and the error of a difference is that
of the paired influence values,

    theta_s - theta_0 = mean(psi_s,i - psi_0,i) + o(n^-1/2),    s.e. = sd(psi_s - psi_0) / sqrt(n),

where psi is the influence function: x - mean for a mean, (1{x > q} - p) / f(q) for a quantile, (L - VaR)+ / (1 - a)
less its mean for CVaR. VaR and CVaR are those of the loss (-x where low is bad): a positive difference is a larger
figure, for them a worse one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric

Floats = NDArray[np.float64]
_NORMAL = NormalDist()


class Measure(NamedTuple):
    """A figure of a distribution: mean, probability, or var / cvar at a level."""

    kind: str
    level: float = math.nan


class Estimate(NamedTuple):
    """A measure of n paths and the influence (n,) of each on it; influences have mean 0."""

    value: float
    influence: Floats


class Swing(NamedTuple):
    """An input and the two values it is held at."""

    key: str
    low: float
    high: float


def measure(text: str, metric: Metric) -> Measure:
    """The measure named `mean`, `probability`, `var95` or `cvar99.5`, if it makes sense for the metric."""
    match = re.fullmatch(r"(mean|probability)|(c?var)(\d\d(?:\.\d+)?)", text)
    if match is None:
        raise ConfigError([f"--measure: given {text}, wanted mean, probability, var95, cvar95, cvar99 or alike"])
    if match[1] == "mean" and metric.kind == "month":
        raise ConfigError([f"--measure: given mean, but {metric.name} is a month that may never come: it has no mean"])
    if match[1] == "probability" and metric.kind != "event":
        raise ConfigError([f"--measure: given probability, but {metric.name} is no event such as breach or npv < 0"])
    if match[2] and metric.kind != "amount":
        raise ConfigError([f"--measure: given {text}, but {metric.name} is no amount: VaR and CVaR are for amounts"])
    return Measure(match[2], float(match[3]) / 100) if match[2] else Measure(match[1])


def estimate(values: Floats, metric: Metric, wanted: Measure) -> Estimate:
    """The measure over the paths (n,) on which the metric is defined, and every path's influence on it."""
    defined = np.isfinite(values)
    share = float(defined.mean())
    influence = np.zeros(values.size)
    if not share:
        return Estimate(math.nan, influence)
    x = values[defined]
    if wanted.kind in ("mean", "probability"):
        value = math.fsum(x) / x.size
        influence[defined] = (x - value) / share
        return Estimate(value, influence)
    loss = -x if metric.bad == "low" else x
    value, own = _tail(loss, wanted)
    influence[defined] = own / share
    return Estimate(value, influence)


def _tail(loss: Floats, wanted: Measure) -> tuple[float, Floats]:
    """VaR or CVaR of a loss and its influence values; VaR is the ceil(a n)-th smallest."""
    a, n = wanted.level, loss.size
    k = min(max(math.ceil(round(a * n, 9)), 1), n)
    if wanted.kind == "cvar":
        var = np.partition(loss, k - 1)[k - 1]
        excess = np.maximum(loss - var, 0.0)
        mean = math.fsum(excess) / n
        return float(var + mean / (1 - a)), (excess - mean) / (1 - a)
    ordered = np.sort(loss)
    var = ordered[k - 1]
    above = (loss > var).astype(float)
    return float(var), (above - above.mean()) / _density(ordered, k)


def _density(ordered: Floats, k: int) -> float:
    """Density at the k-th of n sorted values from the spacing of its neighbours.

    How far they lie on either side is Hall and Sheather's (1988, doi:10.1111/j.2517-6161.1988.tb01735.x) choice for a
    normal population: n h with h = n^(-1/3) z^(2/3) (1.5 phi(q)^2 / (2 q^2 + 1))^(1/3), q the normal quantile.
    """
    n = ordered.size
    q = _NORMAL.inv_cdf(min(max(k / (n + 1), 0.5 / n), 1 - 0.5 / n))
    h = (_NORMAL.inv_cdf(0.975) ** 2 * 1.5 * _NORMAL.pdf(q) ** 2 / (2 * q * q + 1) / n) ** (1 / 3)
    reach = min(max(round(n * h), 1), max(n - k, 1))
    low, high = max(k - 1 - reach, 0), min(k - 1 + reach, n - 1)
    width = ordered[high] - ordered[low]
    return float((high - low) / n / width) if width > 0 else math.inf


def bar(base: Estimate, swing: Swing, low: Estimate, high: Estimate) -> dict[str, Any]:
    """One bar: what the measure moves by at either end, with standard errors of the paired difference."""
    return {
        "input": swing.key,
        "low": swing.low,
        "high": swing.high,
        "delta_low": low.value - base.value,
        "delta_high": high.value - base.value,
        "stderr_low": paired_error(low, base),
        "stderr_high": paired_error(high, base),
    }


def paired_error(one: Estimate, other: Estimate) -> float:
    """Standard error of the difference of two estimates made on the same paths."""
    n = one.influence.size
    return float(np.std(one.influence - other.influence, ddof=1) / math.sqrt(n)) if n > 1 else math.nan


def bars(
    metric: Metric,
    wanted: Measure,
    base: Floats,
    swings: Iterable[Swing],
    simulate: Callable[[str, float], Floats],
) -> tuple[float, list[dict[str, Any]]]:
    """The base figure and a bar per swing, widest first; `simulate(key, value)` gives the metric on the same paths.

    Of each scenario only one estimate is in memory at a time. An input that does not matter has a bar of zeros.
    """
    start = estimate(base, metric, wanted)
    found = []
    for swing in swings:
        low = estimate(simulate(swing.key, swing.low), metric, wanted)
        high = estimate(simulate(swing.key, swing.high), metric, wanted)
        found.append(bar(start, swing, low, high))
    return start.value, sorted(found, key=lambda b: (-width(b), b["input"]))


def width(one: dict[str, Any]) -> float:
    """How far apart the two ends of a bar are; 0 where one of them is undefined."""
    distance = abs(one["delta_high"] - one["delta_low"])
    return distance if math.isfinite(distance) else 0.0
