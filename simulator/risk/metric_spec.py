"""The one grammar of metrics and measures, on the command line, in configs and in Python.

    metric      npv | event                           a metric, or an event
    event       breach                                a metric that is an event itself
                npv < 0 | breach_month < 42           a threshold in the metric's unit, strict
                breach before 2030 | payback before 2030-06 | breach_month < 2030-06    of a month, by date
    measure     mean | sd | probability | var99 | cvar99.5 | q05
    precision   PLAN.METRIC.MEASURE:HALFWIDTH         own.npv.cvar95:1% | own.npv < 0.probability:0.01

`breach before 2030-06` is breach_month < 47 in a programme that starts in 2026-07: a breach in that month is not before
it. A year stands for its January. Month metrics are dated (payback, peak_month), and events that have one (breach).

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

__all__ = ["Calendar", "MeasureSpec", "MetricSpec", "parse_event", "parse_measure", "parse_metric"]


Floats = NDArray[np.float64]

_COMPARISON = re.compile(r"([a-z][a-z0-9_]*)\s*([<>])\s*([-+.0-9eE_]+)")
_MEASURE = r"mean|sd|probability|(?:c?var|q)\d\d(?:\.\d+)?"
_PRECISION = re.compile(rf"(\w+)\.(.+)\.({_MEASURE}):(\d*\.?\d+(?:[eE][+-]?\d+)?)(%?)")
_BEFORE = re.compile(r"([a-z][a-z0-9_]*)\s+before\s+(\d{4}(?:-(?:0[1-9]|1[0-2]))?)")
_DATED = re.compile(r"([a-z][a-z0-9_]*)\s*([<>])\s*(\d{4}-(?:0[1-9]|1[0-2]))")
_EVENTS = {metric.name for metric in plan_metrics(()) if metric.kind == "event"}
_MONTHS = {metric.name for metric in plan_metrics(()) if metric.kind == "month"}
_PAIRED = ("mean", "probability", "var", "cvar")  # kinds of measures that tornado, stress and break-even take


class Calendar(NamedTuple):
    """The dates of a programme: month 0 as `2026-07`, and the number of months of its horizon."""

    start: str = "2026-07"
    months: int = 120

    def month_of(self, date: str) -> int:
        """The month of a date `2030` (its January) or `2030-06`; below 0 before the start."""
        (year, month), (first_year, first) = (map(int, f"{text}-01".split("-")[:2]) for text in (date, self.start))
        return 12 * (year - first_year) + month - first

    def date_of(self, month: int) -> str:
        """The date of a month: `2030-06`."""
        year, first = map(int, self.start.split("-"))
        return f"{year + (first - 1 + month) // 12}-{(first - 1 + month) % 12 + 1:02d}"

    def date_mistake(self, event: Event) -> str:
        """The mistake of an event whose date the horizon does not hold; empty where it does or has no date."""
        if not event.dated or 0.0 <= event.threshold <= self.months:
            return ""
        return (
            f"given {event.dated}, wanted a date within the horizon, {self.date_of(0)} to {self.date_of(self.months)}"
        )


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
        return self.kind if math.isnan(self.level) else f"{self.kind}{level_digits(self.level)}"


class _PrecisionSpec(NamedTuple):
    """The parts of `own.npv.cvar95:1%`."""

    plan: str
    metric: str  # or the label of an event
    measure: MeasureSpec
    half_width: float  # of the 95 % interval
    relative: bool  # as a share of the value


def level_digits(level: float) -> str:
    """A level in percent as the decimal it was written: `95` of 0.95, `97.5`, `99.99`; at least two digits (`05`)."""
    percent = f"{(100 * Decimal(repr(float(level)))).normalize():f}"
    return percent if len(percent.partition(".")[0]) > 1 else f"0{percent}"


def parse_event(text: str, calendar: Calendar | None = None) -> Event | None:
    """The event of `npv < 0`, of `breach before 2030`, or of a metric that is an event itself; None of any other text.

    An event by date needs the `calendar` of the programme; without one the text is no event.
    """
    text = text.strip()
    if text in _EVENTS:
        return Event(text, ">", 0.5)
    if match := _BEFORE.fullmatch(text) or _DATED.fullmatch(text):
        return None if calendar is None else _dated_event(match, calendar)
    match = _COMPARISON.fullmatch(text)
    if not match:
        return None
    try:
        threshold = float(match[3])
    except ValueError:
        return None
    sign: EventSign = "<" if match[2] == "<" else ">"
    return Event(match[1], sign, threshold) if math.isfinite(threshold) else None


def _dated_event(match: re.Match[str], calendar: Calendar) -> Event | None:
    """The event of a date; None where the metric has no month."""
    name, *comparison, date = match.groups()
    metric = name if name in _MONTHS else f"{name}_month"
    if metric not in _MONTHS or (comparison and metric != name):
        return None
    sign: EventSign = ">" if comparison == [">"] else "<"
    dated = f"{name} {comparison[0] if comparison else 'before'} {date}"
    return Event(metric, sign, float(calendar.month_of(date)), dated)


def same_event(a: Event, b: Event) -> bool:
    """True if two events are the same, however they are written."""
    return a[:3] == b[:3]


def parse_metric(
    text: str, world: Sequence[Metric], plan: Sequence[Metric], calendar: Calendar | None = None
) -> MetricSpec:
    """The metric or event of a --metric, among the metrics of the world and of a plan; ConfigError if there is none."""
    event = parse_event(text, calendar)
    if event is not None and calendar is not None and (mistake := calendar.date_mistake(event)):
        raise ConfigError([f"--metric: {mistake}"])
    known = {metric.name: (row, metric) for row, metric in enumerate((*world, *plan))}
    name = text.strip() if event is None else event.metric
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"wanted one of {', '.join(known)}"
        raise ConfigError([f"--metric: given {text}, {hint}"])
    row, metric = known[name]
    if event is None or metric.kind == "event":
        return MetricSpec(metric, row)
    title = event.dated or f"{metric.title} {event.label.removeprefix(event.metric).strip()}"
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
