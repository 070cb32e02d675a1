"""The one grammar of metrics and measures, on the command line, in configs and in Python.

    metric      npv | "npv < 0" | breach              a metric, an event on one, or a metric that is an event
    measure     mean | sd | probability | var99 | cvar99.5 | q05
    precision   PLAN.METRIC.MEASURE:HALFWIDTH         own.npv.cvar95:1% | own.npv < 0.probability:0.01

Nothing compiled and no scipy is imported: a config is checked with this module.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric, plan_metrics
from simulator.results.columns import Event, EventSign

__all__ = ["MeasureSpec", "MetricSpec", "parse_event", "parse_measure", "parse_metric"]


Floats = NDArray[np.float64]

_COMPARISON = re.compile(r"([a-z][a-z0-9_]*)\s*([<>])\s*([-+.0-9eE_]+)")
_MEASURE = r"mean|sd|probability|(?:c?var|q)\d\d(?:\.\d+)?"
_PRECISION = re.compile(rf"(\w+)\.(.+)\.({_MEASURE}):(\d*\.?\d+(?:[eE][+-]?\d+)?)(%?)")
_EVENTS = {metric.name for metric in plan_metrics(()) if metric.kind == "event"}
_PAIRED = ("mean", "probability", "var", "cvar")  # kinds of measures that tornado, stress and break-even take


class MetricSpec(NamedTuple):
    """A metric, or an event on it, and its row among the metrics of the world and of a single plan."""

    metric: Metric
    row: int
    event: Event | None = None

    @property
    def column(self) -> str:
        """Name of the metric whose values are read."""
        return self.metric.name if self.event is None else self.event.metric

    def read(self, values: Floats) -> Floats:
        """The values (n,) of the column; of an event 1 where it happens, 0 elsewhere, NaN where undefined."""
        if self.event is None:
            return values
        happens = values < self.event.threshold if self.event.comparison == "<" else values > self.event.threshold
        return np.where(np.isnan(values), np.nan, happens.astype(np.float64))


class MeasureSpec(NamedTuple):
    """A measure of a distribution: mean, sd, probability, or var, cvar, q (a quantile) at a level."""

    kind: str
    level: float = math.nan

    @property
    def text(self) -> str:
        """`mean`, `cvar95`."""
        return self.kind if math.isnan(self.level) else f"{self.kind}{100 * self.level:g}"


class _PrecisionSpec(NamedTuple):
    """The parts of `own.npv.cvar95:1%`."""

    plan: str
    metric: str  # or the label of an event
    measure: MeasureSpec
    half_width: float  # of the 95 % interval
    relative: bool  # as a share of the value


def parse_event(text: str) -> Event | None:
    """The event of `npv < 0`, or of a metric that is an event itself; None of any other text."""
    text = text.strip()
    if text in _EVENTS:
        return Event(text, ">", 0.5)
    match = _COMPARISON.fullmatch(text)
    if not match:
        return None
    try:
        threshold = float(match[3])
    except ValueError:
        return None
    sign: EventSign = "<" if match[2] == "<" else ">"
    return Event(match[1], sign, threshold) if math.isfinite(threshold) else None


def parse_metric(text: str, world: Sequence[Metric], plan: Sequence[Metric]) -> MetricSpec:
    """The metric or event of a --metric, among the metrics of the world and of a plan; ConfigError if there is none."""
    event = parse_event(text)
    known = {metric.name: (row, metric) for row, metric in enumerate((*world, *plan))}
    name = text.strip() if event is None else event.metric
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known)}"
        raise ConfigError([f"--metric: given {text}, {hint}"])
    row, metric = known[name]
    if event is None or metric.kind == "event":
        return MetricSpec(metric, row)
    title = f"{metric.title} {event.comparison} {event.threshold:g}"
    return MetricSpec(Metric(event.label, "event", "", "high", metric.undefined, title), row, event)


def parse_measure(text: str, metric: Metric) -> MeasureSpec:
    """The measure of a --measure, where it makes sense for the metric; the mean of an event is its probability."""
    measure = _measure(text)
    if measure is None or measure.kind not in _PAIRED:
        raise ConfigError([f"--measure: given {text}, wanted mean, probability, var95, cvar95, cvar99 or alike"])
    refuse_measure("--measure", text, measure, metric, metric.name)
    return measure


def parse_precision(text: str) -> _PrecisionSpec | None:
    """The parts of a --precision; None where the text has another form."""
    match = _PRECISION.fullmatch(text.strip())
    if match is None or float(match[4]) <= 0.0:
        return None
    plan, metric, measure_text, half_width, percent = match.groups()
    measure = _measure(measure_text)
    assert measure is not None
    return _PrecisionSpec(plan, metric, measure, float(half_width) / (100 if percent else 1), bool(percent))


def refuse_measure(option: str, text: str, measure: MeasureSpec, metric: Metric, name: str) -> None:
    """Raise ConfigError where a measure makes no sense for a metric; `name` is the metric's, or the event's label."""
    fault = ""
    if measure.kind == "probability" and metric.kind != "event":
        fault = f"{name} is no event such as breach or npv < 0"
    elif measure.kind in ("var", "cvar") and metric.kind != "amount":
        fault = f"{name} is no amount: VaR and CVaR are for amounts"
    elif measure.kind == "mean" and metric.kind == "month":
        fault = f"{name} is a month that may never come: it has no mean"
    if fault:
        raise ConfigError([f"{option}: given {text}, but {fault}"])


def _measure(text: str) -> MeasureSpec | None:
    """The measure of a text; a level is the decimal as it was written: 99.9 % is 0.999."""
    if re.fullmatch(_MEASURE, text) is None:
        return None
    kind = text.rstrip("0123456789.")
    level = text.removeprefix(kind)
    return MeasureSpec(kind, float(Decimal(level) / 100) if level else math.nan)
