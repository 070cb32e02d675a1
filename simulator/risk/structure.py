"""Figures that the structure of a programme fixes before any path is drawn, each with the reason.

A plan that lets nothing has no income from letting; no breach comes before the first test of a covenant; idle capital
is never below 0. Sampling would show such a figure with an interval, as if more paths could tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simulator.finance.metrics import Metric
from simulator.model import Model
from simulator.results.columns import WORLD, Event
from simulator.risk.intervals import ALWAYS, CANNOT, Figure
from simulator.risk.metric_spec import Calendar
from simulator.risk.summary import MetricSummary
from simulator.risk.undefined import undefined_metrics

__all__ = ["describe_structure"]


_NEVER_NEGATIVE = (
    "paradigm_worst", "price_mean", "price_min", "price_m12", "price_m36", "price_m60", "delay_mean", "latest_site",
    "shortfall_depth", "revolver_peak", "refinancing_gap", "debt_at_end", "idle_capital", "idle_cost", "idle_sponsor",
    "stranded_peak", "stranded_retired", "cloud_cost", "equity_sold", "guarantee",
)  # fmt: skip


class Structure(NamedTuple):
    """Figures of a programme that hold on every path, by plan and metric, with their reasons."""

    calendar: Calendar
    sites: int
    first_test: int | None  # month of the first covenant test; None without one
    zeros: Mapping[str, Mapping[str, str]]  # reason by plan and metric of what is 0 on every path
    undefined: Mapping[str, Mapping[str, str]]  # and of what is undefined on every path

    def event_figure(self, scope: str, metric: Metric, event: Event | None) -> Figure | None:
        """The probability (0 or 1) of an event on a metric, or of a metric that is one; None where it is sampled."""
        zero = self.zeros.get(scope, {}).get(metric.name)
        if event is None:
            return _impossible(zero) if zero and metric.kind == "event" else None
        if zero:
            happens = event.threshold > 0.0 if event.comparison == "<" else event.threshold < 0.0
            return _certain(zero) if happens else _impossible(zero)
        early = event.metric == "breach_month" and event.comparison == "<"
        if early and self.first_test is not None and event.threshold <= self.first_test:
            return Figure(0.0, None, None, f"{CANNOT} before {self.calendar.date_of(self.first_test)} (first test)")
        lowest, highest = self._range(metric)
        return _out_of_range(metric.name, event, lowest, highest)

    def _range(self, metric: Metric) -> tuple[float, float]:
        """The least and the largest value that a metric may have."""
        months = float(self.calendar.months)
        highest = {"event": 1.0, "month": months, "shortfall_months": months, "exits": float(self.sites)}
        counted = metric.kind in ("event", "month", "count") or metric.name.startswith("delay_")
        lowest = 0.0 if counted or metric.name in _NEVER_NEGATIVE else -np.inf
        return lowest, highest.get(metric.kind, highest.get(metric.name, np.inf))


def _out_of_range(name: str, event: Event, lowest: float, highest: float) -> Figure | None:
    """The probability of an event whose threshold no value can pass, or that every value passes."""
    below, above = f"{name} is never below {lowest:g}", f"{name} is never above {highest:g}"
    x = event.threshold
    if event.comparison == "<":
        if x <= lowest:
            return _impossible(below)
        return _certain(above) if x > highest else None
    if x >= highest:
        return _impossible(above)
    return _certain(below) if x < lowest else None


def _impossible(reason: str) -> Figure:
    """The probability of what cannot happen, for a reason."""
    return Figure(0.0, None, None, f"{CANNOT}: {reason}")


def _certain(reason: str) -> Figure:
    """The probability of what always happens, for a reason."""
    return Figure(1.0, None, None, f"{ALWAYS}: {reason}")


def describe_structure(model: Model, plans: Sequence[str], calendar: Calendar) -> Structure:
    """The structure of a frozen model; `plans` are ids, in the model's order."""
    tests = model.finance.test_months
    return Structure(
        calendar=calendar,
        sites=int(model.plans.jv.sites.shape[1]),
        first_test=int(tests[0]) if tests.size else None,
        zeros={plan: dict(_zeros(model, k)) for k, plan in enumerate(plans)},
        undefined=undefined_metrics(model, plans),
    )


def _zeros(model: Model, k: int) -> list[tuple[str, str]]:
    """Metrics that are 0 on every path of plan number `k`, since it lacks the lever, with the reason."""
    p = model.plans
    venture, pool = bool(p.jv.on[k]), p.lease_excess
    lets = pool.on[k] or pool.previous_generation[k] or p.internal_or_lease.on[k]
    lacks = (
        ("lease_income", not lets, "the plan lets nothing"),
        ("cloud_cost", not p.cloud.on[k], "the plan rents nothing from a cloud"),
        ("equity_sold", p.equity.limit[k] == 0.0, "the plan sells no shares"),
        ("guarantee", not venture or p.jv.guarantee[k] == 0.0, "the plan guarantees no residual value"),
        ("exits", not venture, "the plan has no JV"),
        ("revolver_peak", p.liquidity.revolver[k] == 0.0, "the plan has no revolver"),
    )
    return [(name, reason) for name, missing, reason in lacks if missing]


def explain_figures(
    entry: MetricSummary, scope: str, metric: Metric, structure: Structure, events: Sequence[Event]
) -> MetricSummary:
    """The summary of a metric with the reason beside each figure that the structure fixes.

    A figure of the sample that contradicts the structure is left as it is.
    """
    by_label: dict[str, Event | None] = {event.label: event for event in events if event.metric == metric.name}
    if metric.kind == "event":
        by_label = {metric.name: None}
    probability = dict(entry.probability)
    for label, sampled in entry.probability.items():
        fixed = structure.event_figure(scope, metric, by_label[label]) if label in by_label else None
        if fixed is not None and fixed.value == sampled.value:
            probability[label] = fixed
    zero = structure.zeros.get(scope, {}).get(metric.name) if scope != WORLD else None
    extremes = [extreme.value for extreme in (entry.lowest, entry.highest) if extreme is not None]
    note = f"{ALWAYS} 0: {zero}" if zero and extremes == [0.0, 0.0] and not entry.note else entry.note
    return replace(entry, note=note, probability=probability)
