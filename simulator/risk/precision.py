"""How precise a measure has become: what `--precision own.npv.cvar95:1%` asks for, and whether the tallies reach it.

The precision of a measure is half its 95 % interval, in units or as a share of its value. A measure in the tail counts
only from 300 tail paths on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from simulator.errors import ConfigError
from simulator.finance.metrics import Metric
from simulator.results.columns import WORLD, Column, Event
from simulator.results.tallies import Tallies
from simulator.risk import intervals, summary
from simulator.risk.intervals import Figure

_MEASURE = r"mean|sd|probability|(?:c?var|q)\d\d(?:\.\d+)?"
_TARGET = re.compile(rf"(\w+)\.(.+)\.({_MEASURE}):(\d*\.?\d+(?:[eE][+-]?\d+)?)(%?)")
WANTED = "wanted PLAN.METRIC.MEASURE:HALFWIDTH such as own.npv.cvar95:1% or own.npv.mean:0.05"


class Target(NamedTuple):
    """What is to be known how well."""

    text: str  # as it was asked for
    column: str  # of the tallies: own.npv
    measure: str  # mean, sd, probability, var, cvar, q
    level: float  # of var, cvar and q
    event: str  # label of a probability, as in summary.json
    half: float  # the half-width asked for
    relative: bool  # as a share of the value

    @property
    def first_look(self) -> int:
        """Paths from which the measure is worth a look: those that leave 300 in its tail."""
        if math.isnan(self.level):
            return 0
        share = intervals.fraction(self.level)
        return math.ceil(intervals.ENOUGH / min(share, 1 - share))


class Reached(NamedTuple):
    """How well it is known."""

    target: Target
    figure: Figure
    half: float  # half the interval; infinite where there is none
    excess: float  # half-width over what was asked for: 1 or less is precise enough

    @property
    def met(self) -> bool:
        return self.excess <= 1.0 and self.figure.note is None

    def told(self) -> str:
        """`own.npv.cvar95:0.8%`: what was reached, in the form of what was asked."""
        what = self.target.text.rpartition(":")[0]
        if not math.isfinite(self.half):
            return f"{what}:unknown"
        if self.target.relative:
            return f"{what}:{100 * self.half / abs(self.figure.value or math.nan):.3g}%"
        return f"{what}:{self.half:.3g}"


def target(text: str, columns: Sequence[Column], events: Sequence[Event]) -> Target:
    """The target that a text asks for; `columns` are those with a tally. ConfigError says what is wrong with it."""
    match = _TARGET.fullmatch(text.strip())
    if match is None or float(match[4]) <= 0.0:
        raise ConfigError([f"--precision: given {text}, {WANTED}"])
    plan, name, measure, half, share = match.groups()
    label = next((event.label for event in events if _plain(event.label) == _plain(name)), "")
    metric = label.split()[0] if label else name
    found = {column.name: column.metric for column in columns}.get(f"{plan}.{metric}")
    if found is None:
        known = dict.fromkeys(column.name for column in columns)
        raise ConfigError([f"--precision: given {text}, wanted a figure that is tallied: {', '.join(known)}"])
    kind, level = re.fullmatch(r"([a-z]+)(.*)", measure).groups()  # type: ignore[union-attr]
    _fits(text, kind, found, label)
    event = label or metric
    number = float(Decimal(level) / 100) if level else math.nan
    return Target(text, f"{plan}.{metric}", kind, number, event, float(half) / (100 if share else 1), bool(share))


def headline(columns: Sequence[Column], levels: Sequence[float]) -> list[Target]:
    """Mean, VaR and CVaR (at the lowest level) of each plan's npv, or else its first amount; any precision will do."""
    found: list[Target] = []
    for scope in dict.fromkeys(column.scope for column in columns if column.scope != WORLD):
        amounts = [column for column in columns if column.scope == scope and column.metric.kind == "amount"]
        for column in sorted(amounts, key=lambda column: column.metric.name != "npv")[:1]:
            for kind, level in [("mean", math.nan), *((kind, min(levels)) for kind in ("var", "cvar") if levels)]:
                text = f"{column.name}.{kind if kind == 'mean' else f'{kind}{100 * level:g}'}"
                found.append(Target(text, column.name, kind, level, column.metric.name, math.inf, False))
    return found


def stored(written: Mapping[str, Any], wanted: Target) -> Figure | None:
    """A target's figure in a summary.json; None if it was neither summarised nor asked for."""
    scope, _, metric = wanted.column.partition(".")
    entry = (written["world"] if scope == WORLD else written["plans"].get(scope, {})).get(metric, {})
    asked = next((one for one in written["stop"].get("precision", ()) if one["asked"] == wanted.text), None)
    if asked is not None:
        found = asked
    elif wanted.measure == "mean":
        if entry.get("mean") is None or entry.get("stderr") is None:
            return None
        return Figure(entry["mean"], *intervals.about(entry["mean"], entry["stderr"], entry["n"]))
    elif wanted.measure == "sd":
        found = entry.get("sd")
    elif wanted.measure == "probability":
        found = entry.get("probability", {}).get(wanted.event)
    else:
        found = entry.get("quantiles" if wanted.measure == "q" else wanted.measure, {}).get(str(wanted.level))
    return None if found is None else Figure(found["value"], found["low"], found["high"], found.get("note"))


def reached(tallies: Tallies, wanted: Target, months: int) -> Reached:
    """How well the tallies know a target."""
    of = summary.of_tally(tallies, wanted.column)
    if wanted.measure == "probability":
        figure = summary.probabilities(of, months)[wanted.event]
    elif wanted.measure == "q":
        figure = summary.quantile(of, wanted.level, months)
    elif wanted.measure in ("var", "cvar"):
        figure = (summary.var if wanted.measure == "var" else summary.cvar)(of, wanted.level)
    else:
        figure = (summary.mean if wanted.measure == "mean" else summary.sd)(of)
    value, low, high = figure.value, figure.low, figure.high
    if value is None or low is None or high is None:
        return Reached(wanted, figure, math.inf, math.inf)
    half = (high - low) / 2.0
    asked = wanted.half * abs(value) if wanted.relative else wanted.half
    return Reached(wanted, figure, half, half / asked if asked > 0.0 else math.inf)


def _plain(label: str) -> str:
    return label.replace(" ", "")


def _fits(text: str, kind: str, metric: Metric, label: str) -> None:
    """Refuse a measure that makes no sense for a metric."""
    is_event = bool(label) or metric.kind == "event"
    if (kind == "probability") != is_event:
        what = (
            "is no event such as breach or npv<0"
            if kind == "probability"
            else "is an event: its measure is probability"
        )
        raise ConfigError([f"--precision: given {text}, but {label or metric.name} {what}"])
    if kind in ("var", "cvar") and metric.kind != "amount":
        raise ConfigError([f"--precision: given {text}, but {metric.name} is no amount: VaR and CVaR are for amounts"])
    if kind == "mean" and metric.kind == "month":
        raise ConfigError(
            [f"--precision: given {text}, but {metric.name} is a month that may never come: it has no mean"]
        )
