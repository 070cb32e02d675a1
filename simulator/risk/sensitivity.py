"""Tornado: how far a risk figure moves when one input at a time is held at its low and its high end.

Every scenario runs on the same random numbers as the base, so that changes are paired (simulator.risk.estimates): a
positive one is a larger figure, for VaR and CVaR a worse one.
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
from simulator.risk import estimates
from simulator.risk.estimates import Measure, Measured, change, measured
from simulator.risk.summary import figure_dict
from simulator.risk.undefined import reason

Floats = NDArray[np.float64]


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


def known(values: Floats, asked: Target, plan: str, why: str | None = None) -> Floats:
    """The values (n,) of what a tornado is asked for; refused where none is defined, with the reason."""
    if np.isfinite(values).any():
        return values
    when = why or reason(asked.name)
    where = f"undefined on all {values.size:,} paths of plan {plan}"
    raise ConfigError([f"--metric: given {asked.metric.name}, which is {where}" + (f" ({when})" if when else "")])


def bar(base: Measured, swing: Swing, low: Measured, high: Measured) -> dict[str, Any]:
    """One bar: what the measure moves by at either end, with paired standard errors and 95 % intervals.

    Null where there is no figure to be trusted; a `note` says why, or that one is to be taken with reserve.
    """
    ends = {"low": low, "high": high}
    moved = {end: change(one, base) for end, one in ends.items()}
    errors = {end: estimates.paired_error(one.estimate, base.estimate) for end, one in ends.items()}
    notes = [found.note for found in moved.values() if found.note]
    return {
        "input": swing.key,
        "low": swing.low,
        "high": swing.high,
        **{f"delta_{end}": found.value for end, found in moved.items()},
        **{f"stderr_{end}": None if moved[end].value is None else _known(error) for end, error in errors.items()},
        **{f"interval_{end}": None if of.low is None else [of.low, of.high] for end, of in moved.items()},
        **({"note": notes[0]} if notes else {}),
    }


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def bars(
    metric: Metric,
    wanted: Measure,
    base: Floats,
    swings: Iterable[Swing],
    simulate: Callable[[str, float], Floats],
    spread: Spread = map,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The base figure and a bar per swing, widest first; `simulate(key, value)` gives the metric on the same paths.

    `spread` maps a function over the swings, as `map` does or with threads: each holds the estimates of one swing. An
    input that does not matter has a bar of zeros. Without a base figure to be trusted no bar is simulated.
    """
    start = measured(base, metric, wanted)

    def one(swing: Swing) -> dict[str, Any]:
        if start.shown.value is None:
            return bar(start, swing, start, start)
        low, high = (measured(simulate(swing.key, end), metric, wanted) for end in (swing.low, swing.high))
        return bar(start, swing, low, high)

    found = sorted(spread(one, swings), key=lambda b: (-width(b), b["input"]))
    return figure_dict(start.shown), found


def width(one: dict[str, Any]) -> float:
    """How far apart the two ends of a bar are; 0 where one of them is undefined."""
    low, high = one["delta_low"], one["delta_high"]
    return 0.0 if low is None or high is None else abs(high - low)
