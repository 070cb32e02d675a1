"""The subject of an explanation: a metric, its measure, and the tail that it is about."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.replay.selection import OpenedRun, select_plans
from simulator.errors import ConfigError
from simulator.results.columns import WORLD
from simulator.risk import intervals
from simulator.risk.comparison_inputs import run_calendar
from simulator.risk.metric_spec import MeasureSpec, MetricSpec, parse_measure, parse_metric
from simulator.risk.tail_profile import Tail, tail_of_event, tail_of_losses

__all__: list[str] = []  # used among analyses only


Floats = NDArray[np.float64]


class Subject(NamedTuple):
    """A metric of a plan, or of the world, and the measure of it that is explained."""

    plan: str
    spec: MetricSpec
    measure: MeasureSpec
    values: Floats  # (paths,) of the sample


def read_subject(opened: OpenedRun, plan: str | None, metric: str, measure: str | None) -> Subject:
    """Return what is explained; ConfigError where the metric is undefined on a path, or the same on all of them."""
    plan = select_plans(opened, None if plan is None else [plan])[0]
    metrics = {scope: [c.metric for c in opened.job.columns if c.scope == scope] for scope in (WORLD, plan)}
    spec = parse_metric(metric, metrics[WORLD], metrics[plan], run_calendar(opened.run))
    text = measure or ("probability" if spec.metric.kind == "event" else "cvar95")
    measure_spec = parse_measure(text, spec.metric)
    scope = WORLD if spec.column in {world.name for world in metrics[WORLD]} else plan
    name = f"{scope}.{spec.column}"
    values = spec.read(opened.run.sample([name])[name])
    undefined = int(np.isnan(values).sum())
    if undefined:
        raise ConfigError(
            [
                f"--metric: given {metric}, which is undefined on {undefined:,} of {values.size:,} paths of plan "
                f"{plan}; wanted a metric that is always defined, or an event"
            ]
        )
    if spec.metric.kind != "event" and values.min() == values.max():
        raise ConfigError(
            [f"--metric: given {metric}, which is {values[0]:g} on every path of plan {plan}: nothing to explain"]
        )
    return Subject(plan, spec, measure_spec, values)


def refuse_few(measure: MeasureSpec, paths: int) -> None:
    """ConfigError where so many paths of a coalition leave too few in the tail for a figure."""
    tail = 1.0 if measure.kind in ("mean", "probability") else intervals.beyond(measure.level)
    wanted = math.ceil(intervals.NEEDED / tail - 1e-9)
    if paths < wanted:
        raise ConfigError([f"--paths: given {paths:,}, wanted at least {wanted:,} for {measure.text}"])


def find_tail(subject: Subject) -> Tail:
    """The paths of the tail that the measure is about; ConfigError if they are too few."""
    if subject.spec.metric.kind == "event":
        tail = tail_of_event(subject.values)
    else:
        level = subject.measure.level if subject.measure.kind in ("var", "cvar") else 0.95
        sign = -1.0 if subject.spec.metric.bad == "low" else 1.0
        tail = tail_of_losses(sign * subject.values, level)
    if not intervals.NEEDED <= tail.paths.size < tail.n:
        raise ConfigError(
            [
                f"--metric: the tail of {subject.spec.metric.name} has {tail.paths.size:,} of the {tail.n:,} paths of "
                f"the sample, wanted at least {intervals.NEEDED} and not all: run more paths, or take a nearer level"
            ]
        )
    return tail
