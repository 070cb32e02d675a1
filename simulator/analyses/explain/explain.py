"""Explain a stored run: why its tail is what it is, each answer with its interval.

The profile, the cash-flow lines and the stories are read off the run's sample; the attribution to drivers simulates
every coalition of them anew, from the model that the run stored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.analyses.explain.attribution import SampleSize, attribute, attribution_dict
from simulator.analyses.explain.cash_lines import CASH_LINES, cash_lines
from simulator.analyses.explain.driver_columns import driver_columns
from simulator.analyses.explain.error_budget import budget_errors
from simulator.analyses.explain.figures import mean_dict
from simulator.analyses.explain.held_drivers import hold_drivers
from simulator.analyses.explain.importance import measure_importance, value_information
from simulator.analyses.explain.inputs import InputColumn
from simulator.analyses.explain.subject import Subject, find_tail, read_subject, refuse_few
from simulator.analyses.explain.wording import profile_sentence, tail_words
from simulator.analyses.explain.worst_stories import tell_stories
from simulator.analyses.replay.selection import OpenedRun, describe_run, find_changes, open_for_replay
from simulator.engine import warmup
from simulator.engine.interrupt import Stop
from simulator.engine.scenario_samples import only_plan
from simulator.engine.thread_pool import count_cores
from simulator.event_log import StageListener, stage_reporter
from simulator.model import Model
from simulator.results.store import open_run
from simulator.risk.estimates import measure_values
from simulator.risk.tail_profile import DriverProfile, Tail, profile_drivers

__all__ = ["explain"]

PATHS = 8_192  # of every coalition of drivers
_LINE_PATHS = 8_192  # of the tail, and of all worlds beside it, that are valued line by line
_SENTENCES = 5
_DENSITIES = 6
_BINS = 40

Floats = NDArray[np.float64]


def explain(
    run: str | Path,
    *,
    plan: str | None = None,
    metric: str = "npv",
    measure: str | None = None,
    paths: int = PATHS,
    threads: int | None = None,
    accept_changes: bool = False,
    say: StageListener | None = None,
) -> dict[str, Any]:
    """Return why a measure of a metric of a plan (default: the first) is what it is, as in explain.json.

    `measure` defaults to cvar95, of an event to its probability; the tail is what it measures, and the worst 5 % for a
    mean. `paths` are simulated for each coalition of drivers. ConfigError where the metric is undefined on some path or
    the tail has fewer than 50 paths; RunError, as in replay, where program or machine no longer give the run's bits.
    """
    opened, report_stage = open_for_replay(run, accept_changes), stage_reporter(say)
    open_run(opened.run.path)
    subject = read_subject(opened, plan, metric, measure)
    refuse_few(subject.measure, paths)
    tail = find_tail(subject)
    if warmup.is_cold():
        report_stage("compiling, once")
    changes = find_changes(opened, accept_changes)
    workers = threads or count_cores()
    report_stage("reading what the worst worlds have in common")
    return {
        **describe_run(opened),
        **_describe_subject(subject, tail),
        **_read_sample(opened, subject, tail),
        **_simulate_drivers(opened, subject, tail, paths, workers, say),
        "changes": changes,
    }


def _describe_subject(subject: Subject, tail: Tail) -> dict[str, Any]:
    """The metric, its measure and figure on the sample, and its tail."""
    metric = subject.spec.metric
    return {
        "plan": subject.plan,
        "metric": metric.name,
        "measure": subject.measure.text,
        "unit": metric.unit,
        "kind": metric.kind,
        "bad": metric.bad,
        "figure": measure_values(subject.values, metric, subject.measure).figure.to_dict(),
        "tail": {
            "words": tail_words(subject.spec, subject.measure), "paths": int(tail.paths.size), "of": tail.n,
        },
    }  # fmt: skip


def _read_sample(opened: OpenedRun, subject: Subject, tail: Tail) -> dict[str, Any]:
    """Read off the sample: profile, stories, worth of knowing, importance."""
    columns, drivers = driver_columns(opened, subject.values.size)
    profile = profile_drivers(drivers, tail)
    words = tail_words(subject.spec, subject.measure)
    return {
        "sentences": [profile_sentence(entry, columns[entry.name], words) for entry in profile[:_SENTENCES]],
        "profile": [_profile_dict(entry, columns[entry.name]) for entry in profile],
        "densities": [_densities(entry, drivers[entry.name], tail) for entry in profile[:_DENSITIES]],
        "stories": tell_stories(opened, subject, tail, profile, columns, drivers),
        "information": value_information(opened, subject, columns, drivers),
        "importance": measure_importance(subject, profile, columns, drivers),
    }


def _simulate_drivers(
    opened: OpenedRun, subject: Subject, tail: Tail, paths: int, threads: int, say: StageListener | None
) -> dict[str, Any]:
    """Simulate cash-flow lines, coalitions of drivers, and drivers held."""
    report_stage, seed, streams = stage_reporter(say), opened.job.seed, opened.streams
    model = only_plan(opened.job.model, list(opened.names.plans).index(subject.plan))
    lines = _allocate_lines(model, seed, subject, tail, threads)
    report_stage("simulating coalitions of drivers")
    scale = SampleSize(seed, paths, threads, quiet=say is None)
    attribution = attribute(model, streams, subject.spec, subject.measure, scale)
    report_stage("holding drivers")
    held = hold_drivers(model, streams, subject.spec, subject.measure, scale)
    report_stage("drawing sets of parameters")
    budget = budget_errors(opened.frozen, subject, scale)
    return {"attribution": attribution_dict(attribution), "held": held, "lines": lines, "budget": budget}


def _allocate_lines(model: Model, seed: int, subject: Subject, tail: Tail, threads: int) -> dict[str, Any] | None:
    """The Euler allocation of a tail of npv to cash-flow lines; None of another metric, whose lines do not add up."""
    if subject.spec.column != "npv":
        return None
    every = tail.paths.size <= _LINE_PATHS
    inside = tail.paths if every else tail.paths[:: -(-tail.paths.size // _LINE_PATHS)]
    overall = np.arange(min(_LINE_PATHS, tail.n))
    with Stop() as stop:
        tail_lines, tail_npv = cash_lines(model, seed, inside, threads, stop)
        all_lines, all_npv = cash_lines(model, seed, overall, threads, stop)
    return {
        "tail_paths": int(inside.size),
        "paths": int(overall.size),
        "lines": [
            {"name": name, "title": title, "tail": mean_dict(inside_line), "all": mean_dict(line)}
            for (name, title), inside_line, line in zip(CASH_LINES.items(), tail_lines, all_lines, strict=True)
            if inside_line.any() or line.any()
        ],
        "npv": {"tail": mean_dict(tail_npv), "all": mean_dict(all_npv)},
    }


def _profile_dict(entry: DriverProfile, column: InputColumn) -> dict[str, Any]:
    atom = None
    if entry.atom_inside is not None and entry.atom_overall is not None:
        atom = {
            "value": entry.atom, "inside": entry.atom_inside.to_dict(), "overall": entry.atom_overall.to_dict(),
        }  # fmt: skip
    return {
        "name": entry.name,
        "title": column.title,
        "unit": column.unit,
        "group": column.group,
        "shift": entry.shift.to_dict(),
        **{
            where: dict(zip(("q05", "q50", "q95"), quantiles, strict=True)) | {"mean": mean}
            for where, quantiles, mean in (
                ("inside", entry.inside, entry.mean_inside),
                ("overall", entry.overall, entry.mean_overall),
            )
        },
        "atom": atom,
    }


def _densities(entry: DriverProfile, values: Floats, tail: Tail) -> dict[str, Any]:
    """Shares of paths by bin, inside the tail and over all worlds, between the .5 % and the 99.5 % quantile of both."""
    inside = values[tail.paths]
    low = min(np.quantile(values, 0.005), np.quantile(inside, 0.005))
    high = max(np.quantile(values, 0.995), np.quantile(inside, 0.995))
    edges = np.linspace(low, high, _BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    shares = [np.histogram(part, edges)[0] / part.size for part in (inside, values)]
    return {
        "name": entry.name, "edges": edges.tolist(), "inside": shares[0].tolist(), "overall": shares[1].tolist(),
    }  # fmt: skip
