"""Reverse stress test: from an event back to the worlds that bring it about.

Supervisors ask for it by name (EBA/GL/2018/04, 4.6.5; PRA SS31/15): not what a scenario costs, but which scenarios end
in a given failure, how likely they are, what would have told in time, and what would have prevented it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.driver_columns import driver_columns
from simulator.analyses.explain.held_drivers import list_drivers
from simulator.analyses.explain.inputs import InputColumn
from simulator.analyses.explain.subject import Subject, find_tail, read_subject
from simulator.analyses.explain.worst_stories import tell_stories
from simulator.analyses.replay.selection import OpenedRun, describe_run, find_changes, open_for_replay
from simulator.analyses.reverse.lever_changes import find_lever_changes
from simulator.analyses.reverse.likely_point import find_likely_point
from simulator.analyses.reverse.warnings_before import find_triggers
from simulator.config import Frozen
from simulator.engine import warmup
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import only_plan, threaded_figures
from simulator.engine.thread_pool import count_cores
from simulator.errors import ConfigError
from simulator.event_log import StageListener, stage_reporter
from simulator.model import Model
from simulator.results.store import open_run
from simulator.risk import intervals
from simulator.risk.boxes import find_box
from simulator.risk.comparison_inputs import run_calendar
from simulator.risk.estimates import measure_values
from simulator.risk.intervals import Figure
from simulator.risk.tail_profile import Tail, profile_drivers, varies

__all__ = ["reverse"]

PATHS = 4_096  # of every point and of every changed lever
_SCENARIOS = 3
_OTHER_SEED = 0x5DEECE66D  # of the worlds on which a point is checked


def reverse(
    run: str | Path,
    event: str = "breach",
    *,
    plan: str | None = None,
    paths: int = PATHS,
    threads: int | None = None,
    accept_changes: bool = False,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return what leads to an event of a plan (default: the first) of a run, as in reverse.json.

    The most likely point at which it is as likely as not, two or three scenarios with their probabilities, a box in the
    space of drivers, the best observable trigger twelve months earlier, and the smallest change of a number of the plan
    that halves the probability. `paths` are simulated for each point and changed number. ConfigError where `event` is
    none, or happens on fewer than 50 paths of the sample or on all of them.
    """
    opened, report_stage = open_for_replay(run, accept_changes), stage_reporter(say)
    open_run(opened.run.path)
    subject = read_subject(opened, plan, event, None)
    if subject.spec.metric.kind != "event":
        raise ConfigError([f"--event: given {event}, wanted an event, as breach, shortfall or npv < -100"])
    tail = find_tail(subject)
    if warmup.is_cold():
        report_stage("compiling, once")
    changes = find_changes(opened, accept_changes)
    report_stage("reading the worlds of the event")
    columns, drivers = driver_columns(opened, subject.values.size)
    profile = profile_drivers(drivers, tail)
    stories = tell_stories(opened, subject, tail, profile, columns, drivers, _SCENARIOS)
    probability = measure_values(subject.values, subject.spec.metric, subject.measure).figure
    return {
        **describe_run(opened),
        "plan": subject.plan,
        "event": subject.spec.metric.name,
        "probability": probability.to_dict(),
        "of": tail.n,
        "simulated": paths,
        "scenarios": [{**story, "probability": _joint(probability, story, tail.n)} for story in stories],
        "box": _find_box(subject, columns, drivers),
        **_simulate(opened, subject, tail, drivers, paths, threads or count_cores(), report_stage),
        "changes": changes,
    }


def _simulate(
    opened: OpenedRun,
    subject: Subject,
    tail: Tail,
    drivers: dict[str, NDArray[np.float64]],
    paths: int,
    threads: int,
    report_stage: StageListener,
) -> dict[str, Any]:
    """Simulate what the sample cannot tell: the likely point, triggers, and changes of the plan."""
    index, frozen = list(opened.names.plans).index(subject.plan), opened.frozen
    model, seed = only_plan(opened.job.model, index), opened.job.seed
    with Stop() as stop:

        def count_events(changed: Model, offset: int) -> tuple[int, int]:
            other = seed ^ (_OTHER_SEED * offset)
            values = threaded_figures(changed, [subject.spec.row], other, paths, threads, stop)[0]
            happens = subject.spec.read(values)
            return int(np.nansum(happens)), int(np.isfinite(happens).sum())

        def share(changed: Frozen) -> float:
            events, counted = count_events(only_plan(changed.model, index), 0)
            return events / max(counted, 1)

        report_stage("looking for the most likely point")
        point = find_likely_point(model, list_drivers(model, opened.streams), drivers, subject.values, count_events)
        report_stage("looking for triggers")
        month = _event_month(opened, subject, tail.paths)
        triggers = find_triggers(model, seed, subject.values, month, run_calendar(opened.run), stop)
        report_stage("changing one number of the plan at a time")
        base = share(frozen)
        changes = find_lever_changes(frozen, subject.plan, base, share)
    return {
        "point": point,
        "event_month": month,
        "triggers": triggers,
        "levers": {"base": base, "changes": changes},
    }


def _find_box(
    subject: Subject, columns: dict[str, InputColumn], drivers: dict[str, NDArray[np.float64]]
) -> dict[str, Any] | None:
    box = find_box({name: values for name, values in drivers.items() if varies(values)}, subject.values)
    if box is None:
        return None
    return {
        "bounds": [
            {"name": name, "title": columns[name].title, "unit": columns[name].unit, "low": low, "high": high}
            for name, (low, high) in box.bounds.items()
        ],
        "coverage": box.coverage.to_dict(),
        "density": box.density.to_dict(),
        "frequency": box.frequency.to_dict(),
    }


def _event_month(opened: OpenedRun, subject: Subject, paths: Any) -> float:
    """The median month of the event, where the plan has it; the horizon of an event without a month."""
    months = {"breach": "breach_month", "uncured": "breach_month", "breach_month": "breach_month"}
    name = months.get(subject.spec.column)
    if name is None:
        return float(opened.job.model.months)
    values = np.asarray(opened.run.sample([f"{subject.plan}.{name}"])[f"{subject.plan}.{name}"], dtype=np.float64)
    return float(np.nanmedian(values[paths]))


def _joint(event: Figure, story: dict[str, Any], n: int) -> dict[str, Any]:
    """The probability of a scenario: of the event, times the scenario's share of the event's paths."""
    p, s, m = event.value or 0.0, story["share"]["value"], story["of"]
    error = float(np.sqrt(s * s * p * (1.0 - p) / n + p * p * s * (1.0 - s) / m))
    low, high = intervals.mean_interval(p * s, error, m)
    return Figure(p * s, max(low, 0.0), min(high, 1.0)).to_dict()
