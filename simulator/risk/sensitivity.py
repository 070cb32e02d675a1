r"""Tornado: how far a risk figure moves when one input at a time is held at its low and its high end.

Every scenario runs on the same random numbers as the base, so the paths pair up and the error of a difference is that
of the paired influence values,

    theta_s - theta_0 = mean(psi_s,i - psi_0,i) + o(n^-1/2),    s.e. = sd(psi_s - psi_0) / sqrt(n),

with the influence functions of simulator.risk.measures. VaR and CVaR are those of the loss (-x where low is bad): a
positive difference is a larger figure, for them a worse one.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.columns import Event
from simulator.risk import measures

Floats = NDArray[np.float64]


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


Spread = Callable[[Callable[[Swing], dict[str, Any]], Iterable[Swing]], Iterable[dict[str, Any]]]


class Target(NamedTuple):
    """What is measured: a metric, or an event on it, and the row it has among the figures of a single plan."""

    metric: Metric
    row: int
    event: Event | None = None

    @property
    def name(self) -> str:
        """The metric as rows are called."""
        return self.metric.name if self.event is None else self.event.metric

    def read(self, values: Floats) -> Floats:
        """Values of the metric (n,) as what is measured: 0 or 1 for an event."""
        if self.event is None:
            return values
        below = values < self.event.threshold if self.event.comparison == "<" else values > self.event.threshold
        return np.where(np.isnan(values), np.nan, below.astype(np.float64))


def target(text: str, event: Event | None, world: Sequence[Metric], plan: Sequence[Metric]) -> Target:
    """The metric named `text`, or `event` if the text means one such as `npv < 0`."""
    known = {metric.name: (row, metric) for row, metric in enumerate((*world, *plan))}
    name = text.strip() if event is None else event.metric
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known)}"
        raise ConfigError([f"--metric: given {text}, {hint}"])
    row, metric = known[name]
    if event is None or metric.kind == "event":
        return Target(metric, row)
    title = f"{metric.title} {event.comparison} {event.threshold:g}"
    return Target(Metric(event.label, "event", "", "high", metric.undefined, title), row, event)


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
        influence[defined] = measures.mean_influence(x) / share
        return Estimate(math.fsum(x) / x.size, influence)
    loss = -x if metric.bad == "low" else x
    value, own = _tail(loss, wanted)
    influence[defined] = own / share
    return Estimate(value, influence)


def _tail(loss: Floats, wanted: Measure) -> tuple[float, Floats]:
    """VaR or CVaR of a loss and its influence values."""
    if wanted.kind == "var":
        return measures.var(loss, wanted.level), measures.var_influence(loss, wanted.level)
    return measures.cvar(loss, wanted.level).value, measures.cvar_influence(loss, wanted.level)


def bar(base: Estimate, swing: Swing, low: Estimate, high: Estimate) -> dict[str, Any]:
    """One bar: what the measure moves by at either end, with standard errors of the paired difference."""
    return {
        "input": swing.key,
        "low": swing.low,
        "high": swing.high,
        "delta_low": _known(low.value - base.value),
        "delta_high": _known(high.value - base.value),
        "stderr_low": _known(paired_error(low, base)),
        "stderr_high": _known(paired_error(high, base)),
    }


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


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
    spread: Spread = map,
) -> tuple[float | None, list[dict[str, Any]]]:
    """The base figure and a bar per swing, widest first; `simulate(key, value)` gives the metric on the same paths.

    `spread` maps a function over the swings, as `map` does or with threads: each holds the estimates of one swing. An
    input that does not matter has a bar of zeros.
    """
    start = estimate(base, metric, wanted)

    def one(swing: Swing) -> dict[str, Any]:
        low = estimate(simulate(swing.key, swing.low), metric, wanted)
        high = estimate(simulate(swing.key, swing.high), metric, wanted)
        return bar(start, swing, low, high)

    return _known(start.value), sorted(spread(one, swings), key=lambda b: (-width(b), b["input"]))


def width(one: dict[str, Any]) -> float:
    """How far apart the two ends of a bar are; 0 where one of them is undefined."""
    low, high = one["delta_low"], one["delta_high"]
    return 0.0 if low is None or high is None else abs(high - low)
