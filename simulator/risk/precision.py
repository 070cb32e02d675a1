"""The precision of a measure: the target of `--precision own.npv.cvar95:1%`, and a check of the tallies against it.

The precision of a measure is half its 95 % interval, in units or as a share of its value. A measure in the tail counts
only from 300 tail paths on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.errors import ConfigError
from simulator.results.columns import WORLD, Column, Event
from simulator.results.tallies import Tallies
from simulator.risk import figures, intervals
from simulator.risk.distribution import Distribution, distribution_of_tally
from simulator.risk.intervals import Figure
from simulator.risk.metric_spec import MeasureSpec, parse_event, parse_precision, refuse_measure, same_event
from simulator.risk.structure import Structure
from simulator.risk.summary import RunSummary

__all__ = [
    "AchievedPrecision",
    "PrecisionTarget",
    "assess_precision",
    "headline_targets",
    "precision_target",
    "stored_figure",
]


_FORM = "wanted PLAN.METRIC.MEASURE:HALFWIDTH such as own.npv.cvar95:1% or own.npv.mean:0.05"


class PrecisionTarget(NamedTuple):
    """A measure of a column, and the half-width that its 95 % interval should have."""

    text: str  # as on the command line
    column: str  # of the tallies: own.npv
    measure: MeasureSpec
    event: str  # label of a probability, as in summary.json
    half_width: float
    relative: bool  # half_width is a share of the value
    certain: str = ""  # the reason why the structure of the programme fixes the figure: it is precise at once

    @property
    def first_look(self) -> int:
        """Paths from which the measure is worth a look: those that leave 300 in its tail."""
        if math.isnan(self.measure.level):
            return 0
        share = intervals.fraction(self.measure.level)
        return math.ceil(intervals.ENOUGH / min(share, 1 - share))


class AchievedPrecision(NamedTuple):
    """The precision of a target at some number of paths."""

    target: PrecisionTarget
    figure: Figure
    half_width: float  # half the interval; infinite where there is none
    excess: float  # half-width over that of the target: 1 or less is precise enough

    @property
    def met(self) -> bool:
        """True if the measure is precise enough, without a reservation."""
        return self.excess <= 1.0 and (self.figure.note is None or bool(self.target.certain))

    @property
    def hopeless(self) -> bool:
        """True if the target cannot be met as long as the paths go on as they have: a share of 0, or of nothing."""
        if self.met:
            return False
        return self.figure.note == intervals.NOWHERE or (self.target.relative and self.figure.value == 0.0)

    @property
    def text(self) -> str:
        """The precision in the form of the target: `own.npv.cvar95:0.8%`."""
        name = self.target.text.rpartition(":")[0]
        if not math.isfinite(self.half_width):
            return f"{name}:unknown"
        if self.target.relative and not self.figure.value:
            return f"{name}:0%" if self.half_width == 0.0 else f"{name}:{self.half_width:.3g} about 0"
        if self.target.relative:
            return f"{name}:{100 * self.half_width / abs(self.figure.value or 1.0):.3g}%"
        return f"{name}:{self.half_width:.3g}"


def precision_target(
    text: str, columns: Sequence[Column], events: Sequence[Event], structure: Structure | None = None
) -> PrecisionTarget:
    """The target of a --precision; `columns` are those with a tally. ConfigError says why a text means none.

    A figure that the `structure` of the programme leaves undefined is refused; one that it fixes is precise at once.
    """
    spec = parse_precision(text)
    if spec is None:
        raise ConfigError([f"--precision: given {text}, {_FORM}"])
    wanted = parse_event(spec.metric, structure.calendar if structure else None)
    event = next((event for event in events if wanted is not None and same_event(event, wanted)), None)
    label = event.label if event is not None and event.metric != spec.metric else ""
    name = event.metric if event is not None else spec.metric
    metric = {column.name: column.metric for column in columns}.get(f"{spec.plan}.{name}")
    if metric is None and wanted is not None and event is None:
        counted = ", ".join(event.label.removesuffix(" > 0.5") for event in events) or "none"
        raise ConfigError([f"--precision: given {text}, wanted an event that [metrics] events counts: {counted}"])
    if metric is None:
        known = dict.fromkeys(column.name for column in columns)
        raise ConfigError([f"--precision: given {text}, wanted a figure that is tallied: {', '.join(known)}"])
    subject = metric._replace(kind="event") if label else metric
    if subject.kind == "event" and spec.measure.kind != "probability":
        raise ConfigError([f"--precision: given {text}, but {label or name} is an event: its measure is probability"])
    refuse_measure("--precision", text, spec.measure, subject, label or name)
    target = PrecisionTarget(text, f"{spec.plan}.{name}", spec.measure, label or name, spec.half_width, spec.relative)
    if structure is None:
        return target
    if reason := structure.undefined.get(spec.plan, {}).get(name):
        raise ConfigError([f"--precision: given {text}, but {spec.plan}.{name} is undefined on every path: {reason}"])
    fixed = structure.event_figure(spec.plan, metric, event if label else None) if subject.kind == "event" else None
    zero = structure.zeros.get(spec.plan, {}).get(name) if subject.kind != "event" else None
    reason = fixed.note if fixed is not None else f"{intervals.ALWAYS} 0: {zero}" if zero else None
    return target._replace(certain=reason or "")


def headline_targets(columns: Sequence[Column], levels: Sequence[float]) -> list[PrecisionTarget]:
    """Mean, VaR and CVaR (at the lowest level) of each plan's npv, or else its first amount; any precision will do."""
    measures = [MeasureSpec("mean"), *(MeasureSpec(kind, min(levels)) for kind in ("var", "cvar") if levels)]
    targets: list[PrecisionTarget] = []
    for scope in dict.fromkeys(column.scope for column in columns if column.scope != WORLD):
        amounts = [column for column in columns if column.scope == scope and column.metric.kind == "amount"]
        for column in sorted(amounts, key=lambda column: column.metric.name != "npv")[:1]:
            for measure in measures:
                text = f"{column.name}.{measure.text}"
                targets.append(PrecisionTarget(text, column.name, measure, column.metric.name, math.inf, False))
    return targets


def stored_figure(summary: RunSummary, target: PrecisionTarget) -> Figure | None:
    """A target's figure in the summary of a run; None if the summary does not have it."""
    for entry in summary.stop.precision:
        if entry.target == target.text:
            return entry.figure
    scope, _, name = target.column.partition(".")
    metric = summary.scope(scope).get(name)
    if metric is None:
        return None
    kind, level = target.measure
    if kind == "mean":
        return None if metric.mean is None or metric.stderr is None else metric.mean_figure()
    if kind == "sd":
        return metric.sd
    if kind == "probability":
        return metric.probability.get(target.event)
    return {"q": metric.quantiles, "var": metric.var, "cvar": metric.cvar}[kind].get(level)


def assess_precision(tallies: Tallies, target: PrecisionTarget, months: int) -> AchievedPrecision:
    """The precision that a target has in the tallies."""
    figure = _figure(distribution_of_tally(tallies.column(target.column)), target, months)
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None:
        return AchievedPrecision(target, figure, math.inf, math.inf)
    half_width = (high - low) / 2.0
    if target.certain and value in (0.0, 1.0):
        half_width, figure = 0.0, Figure(value, None, None, target.certain)
    if half_width == 0.0:
        return AchievedPrecision(target, figure, 0.0, 0.0)
    limit = target.half_width * abs(value) if target.relative else target.half_width
    return AchievedPrecision(target, figure, half_width, half_width / limit if limit > 0.0 else math.inf)


def _figure(distribution: Distribution, target: PrecisionTarget, months: int) -> Figure:
    kind, level = target.measure
    match kind:
        case "probability":
            return figures.probabilities(distribution, months)[target.event]
        case "q":
            return figures.quantile(distribution, level, months)
        case "var":
            return figures.var(distribution, level)
        case "cvar":
            return figures.cvar(distribution, level)
        case "sd":
            return figures.sd(distribution)
        case _:
            return figures.mean(distribution.moments)
